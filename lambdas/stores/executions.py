"""Executions of the rollout's state machine: each has a name, and a name is used once."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lambdas.stores.clients import stepfunctions

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


@dataclass(frozen=True)
class Executions:
    """The executions of one state machine."""

    state_machine_arn: str
    client: "SFNClient" = field(default_factory=stepfunctions)

    def start(self, name: str, body: str) -> None:
        """Start an execution on a JSON text, unless there is or was one of this name."""
        try:
            self.client.start_execution(
                stateMachineArn=self.state_machine_arn, name=name, input=body
            )
        except self.client.exceptions.ExecutionAlreadyExists:
            return
