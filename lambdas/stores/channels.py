"""What the functions send to and are told by: queues, the alert topic, parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lambdas.stores.clients import sns, sqs, ssm

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient


@dataclass(frozen=True)
class Queue:
    """A queue that another function reads."""

    url: str
    client: "SQSClient" = field(default_factory=sqs)

    def send(self, bodies: Sequence[str]) -> set[int]:
        """Send up to ten messages in one call; return the positions of those that were refused."""
        answer = self.client.send_message_batch(
            QueueUrl=self.url,
            Entries=[{"Id": str(i), "MessageBody": body} for i, body in enumerate(bodies)],
        )
        return {int(refused["Id"]) for refused in answer.get("Failed", [])}


@dataclass(frozen=True)
class AlertTopic:
    """The topic whose subscribers are told about defects."""

    arn: str
    client: "SNSClient" = field(default_factory=sns)

    def publish(self, subject: str, message: str, attributes: Mapping[str, str]) -> None:
        """Publish one alert; `message` is the JSON with a text for each protocol."""
        self.client.publish(
            TopicArn=self.arn,
            Subject=subject,
            Message=message,
            MessageStructure="json",
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        )


@dataclass(frozen=True)
class Parameters:
    """The parameters below one prefix."""

    prefix: str
    client: "SSMClient" = field(default_factory=ssm)

    def read(self, name: str) -> str | None:
        """Return a parameter's text, None if it does not exist."""
        try:
            found = self.client.get_parameter(Name=f"{self.prefix}/{name}")
        except self.client.exceptions.ParameterNotFound:
            return None
        return found["Parameter"]["Value"]

    def write(self, name: str, text: str, description: str) -> None:
        """Keep a parameter's text, in the place of what there was."""
        self.client.put_parameter(
            Name=f"{self.prefix}/{name}",
            Value=text,
            Description=description,
            Type="String",
            Overwrite=True,
        )
