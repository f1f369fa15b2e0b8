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
        self.messages += [
            AlertMessage(sent_ms, Alert.model_validate_json(body))
            for sent_ms, body in taken(self.cloud, self.queue_url)
        ]
        return sorted(self.messages, key=lambda message: message.sent_ms)


def subscribe(cloud: Cloud) -> Subscriber:
    """Subscribe a new queue to the alert topic."""
    return Subscriber(cloud, queue_on(cloud, cloud.outputs["AlertTopicArn"], _QUEUE))


def queue_on(cloud: Cloud, topic_arn: str, name: str) -> str:
    """Subscribe a new queue to a topic and return its URL."""
    sqs = cloud.emulator.client("sqs")
    url: str = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    cloud.emulator.client("sns").subscribe(
        TopicArn=topic_arn, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    return url


def taken(cloud: Cloud, queue_url: str) -> list[tuple[int, str]]:
    """Take everything that waits in a queue: when it was sent, epoch ms, and what it says."""
    sqs = cloud.emulator.client("sqs")
    found: list[tuple[int, str]] = []
    while received := sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=_PER_CALL, AttributeNames=["SentTimestamp"]
    ).get("Messages", []):
        found += [(int(each["Attributes"]["SentTimestamp"]), each["Body"]) for each in received]
        sqs.delete_message_batch(
            QueueUrl=queue_url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]}
                for number, each in enumerate(received)
            ],
        )
    return found
