"""A machine that subscribes to the alert topic: a queue that keeps every alert message with the time it was sent."""

import json
from dataclasses import dataclass, field

from fabwafer.notices import Alert
from sandbox.cloud import Cloud

_QUEUE = "sandbox-alert-subscriber"
_PER_CALL = 10


@dataclass(frozen=True)
class AlertMessage:
    """One message of the alert topic."""

    sent_ms: int
    alert: Alert


@dataclass
class Subscriber:
    """Collects the messages; `collect` may be called at any time and as often as wanted."""

    cloud: Cloud
    queue_url: str
    messages: list[AlertMessage] = field(default_factory=list)

    def collect(self) -> list[AlertMessage]:
        """Take what came since the last call, and return all messages in the order they were sent."""
        sqs = self.cloud.emulator.client("sqs")
        while received := sqs.receive_message(
            QueueUrl=self.queue_url,
            MaxNumberOfMessages=_PER_CALL,
            AttributeNames=["SentTimestamp"],
        ).get("Messages", []):
            self.messages += [
                AlertMessage(
                    int(each["Attributes"]["SentTimestamp"]),
                    Alert.model_validate_json(each["Body"]),
                )
                for each in received
            ]
            sqs.delete_message_batch(
                QueueUrl=self.queue_url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]}
                    for number, each in enumerate(received)
                ],
            )
        return sorted(self.messages, key=lambda message: message.sent_ms)


def subscribe(cloud: Cloud) -> Subscriber:
    """Subscribe a new queue to the alert topic."""
    sqs, topic = cloud.emulator.client("sqs"), cloud.outputs["AlertTopicArn"]
    url = sqs.create_queue(QueueName=_QUEUE)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    cloud.emulator.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    return Subscriber(cloud, url)
