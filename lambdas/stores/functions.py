"""Other functions, asked to do something without waiting for it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import JsonValue

from lambdas.stores.clients import lambda_

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


@dataclass(frozen=True)
class AsyncFunction:
    """A function by its name; what it cannot do even when tried again ends in its failure queue."""

    name: str
    client: "LambdaClient" = field(default_factory=lambda_)

    def send(self, event: Mapping[str, JsonValue]) -> None:
        """Have it run on an event."""
        self.client.invoke(
            FunctionName=self.name, InvocationType="Event", Payload=json.dumps(event).encode()
        )
