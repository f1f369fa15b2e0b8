"""Start and stop the AWS emulator: ports -> a running process, its endpoints and its credentials."""

import contextlib
import os
import secrets
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3

from sandbox.errors import SandboxError
from sandbox.processes import ROOT, failure, start, stop

HOST = "127.0.0.1"
REGION = "eu-central-1"
ACCOUNT = "123456789012"
_PYTHON = ROOT / ".venv-emulator" / "bin" / "python"
_READY_S = 60.0


@dataclass(frozen=True)
class Wishes:
    """How an emulator is to run: ports, or None for free ones, and how many processes run one function at once.

    Attributes:
        beside: The URL of each service that runs beside it, for it has none: by name, in capitals as the variable
            `AWS_ENDPOINT_URL_<NAME>` that leads the functions there.
    """

    port: int | None = None
    mqtt_port: int | None = None
    environments: int = 2
    beside: Mapping[str, str] = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        """Return the environment that leads AWS clients to the services beside."""
        return {f"AWS_ENDPOINT_URL_{name}": url for name, url in self.beside.items()}


@dataclass(frozen=True)
class Emulator:
    """A running emulator; the credentials are made up anew for every run."""

    port: int
    mqtt_port: int
    access_key: str
    secret_key: str
    log: Path
    ca: Path
    process: subprocess.Popen[bytes]
    wishes: Wishes = field(default_factory=Wishes)

    @property
    def endpoint(self) -> str:
        """Return the URL that every AWS client is pointed at."""
        return f"http://{HOST}:{self.port}"

    def client(self, service: str) -> Any:
        """Return the boto3 client of one of this AWS' services."""
        endpoint = self.wishes.beside.get(service.upper(), self.endpoint)
        return _client(service, endpoint, self.access_key, self.secret_key)

    def environment(self) -> dict[str, str]:
        """Return the environment for a program that talks to this AWS and to no other."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        return kept | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            **self.wishes.variables(),
        }


@cache
def _client(service: str, endpoint: str, access_key: str, secret_key: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
    )


@contextlib.contextmanager
def emulator(state_dir: Path, wishes: Wishes) -> Iterator[Emulator]:
    """Run an emulator that keeps everything in `state_dir` and is gone afterwards.

    Raises:
        SandboxError: If its environment is missing, a port is taken or it does not come up.
    """
    if not _PYTHON.exists():
        raise SandboxError(f"{_PYTHON} is missing: `make demo` installs it")
    started = _start(state_dir, wishes)
    try:
        _wait_until_ready(started)
        yield started
    finally:
        stop(started.process)


def free_port(wanted: int | None = None) -> int:
    """Return `wanted` if nobody listens there, or any free port.

    Raises:
        SandboxError: If the wanted port is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted or 0))
        except OSError as error:
            raise SandboxError(
                f"port {wanted} on {HOST} is taken: {error.strerror}; stop its owner or ask for another"
            ) from error
        return int(probe.getsockname()[1])


def _start(state_dir: Path, wishes: Wishes) -> Emulator:
    port, mqtt_port = free_port(wishes.port), free_port(wishes.mqtt_port)
    temporary = state_dir / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    log = state_dir / "emulator.log"
    access_key, secret_key = f"AKIA{secrets.token_hex(16).upper()}", secrets.token_urlsafe(30)
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "1",
        "IOT_MTLS_PORT": str(mqtt_port),
        "LAMBDA_ACCOUNT_CONCURRENCY": "0",
        "LAMBDA_ENVIRONMENTS": str(wishes.environments),
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "WARNING",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": REGION,
        "SFTP_ENABLED": "0",
        "TMPDIR": str(temporary),
        **wishes.variables(),
    }
    process = start([_PYTHON, "-m", "sandbox.launcher"], environment, log)
    ca = state_dir / "ca.pem"
    return Emulator(port, mqtt_port, access_key, secret_key, log, ca, process, wishes)


def _wait_until_ready(emulator: Emulator) -> None:
    deadline = time.monotonic() + _READY_S
    while emulator.process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            _get(f"{emulator.endpoint}/_ministack/ready")
            emulator.ca.write_bytes(_get(f"{emulator.endpoint}/_ministack/iot/ca.pem"))
            return
        time.sleep(0.1)
    raise failure("the emulator did not come up", emulator.log)


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - our own loopback address
        body: bytes = response.read()
        return body
