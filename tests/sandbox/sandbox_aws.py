"""AWS in this process, for services that run beside the emulator: moto for the rest, real clients for them."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import boto3
from moto import mock_aws

from sandbox.emulator import REGION

_KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "MOTO_ACCOUNT_ID": "123456789012",
}


class Moto:
    """What moto stands in for; a client takes half a second to make, so each is made once."""

    def __init__(self) -> None:
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.client(service, region_name=REGION)
        return self._clients[service]


@contextlib.contextmanager
def mocked() -> Iterator[Moto]:
    with mock.patch.dict(os.environ, _KEYS), mock_aws():
        yield Moto()


def client_of(service: str, endpoint: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def eventually(what: str, condition: Callable[[], Any], patience_s: float = 60) -> Any:
    """What the condition returns once it holds."""
    deadline = time.monotonic() + patience_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {patience_s:.0f} s: {what}"
        time.sleep(0.05)
    return found
