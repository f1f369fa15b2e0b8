import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws
from review_parts import Portal, make_portal

from lambdas import archive_image, open_review, record_heartbeat, route_prediction, send_alerts
from lambdas.stores import clients
from lambdas.telemetry import Telemetry

TABLES = {
    "predictions": (("imgid", "S"), ("timestamp", "N")),
    "reviews": (("item", "S"),),
    "cameras": (("fab", "S"), ("camera", "S")),
}
SETTINGS = {
    "PREDICTIONS_TABLE": "predictions",
    "REVIEWS_TABLE": "reviews",
    "CAMERAS_TABLE": "cameras",
    "IMAGES_BUCKET": "images",
    "QUARANTINE_BUCKET": "quarantine",
    "AUDIT_RATE": "0",
}


@pytest.fixture
def context() -> SimpleNamespace:
    return SimpleNamespace(aws_request_id="request-1", get_remaining_time_in_millis=lambda: 60_000)


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry("test")


@dataclass
class Cloud:
    """What moto keeps, read past the stores under test."""

    urls: dict[str, str] = field(default_factory=dict)
    topic_arn: str = ""

    def items(self, table: str) -> list[dict[str, Any]]:
        return clients.dynamodb().scan(TableName=table)["Items"]

    def keys(self, bucket: str) -> list[str]:
        found = clients.s3().list_objects_v2(Bucket=bucket).get("Contents", [])
        return [each["Key"] for each in found]

    def json_object(self, bucket: str, key: str) -> dict[str, Any]:
        return json.loads(clients.s3().get_object(Bucket=bucket, Key=key)["Body"].read())

    def quarantined(self) -> list[dict[str, Any]]:
        return [self.json_object("quarantine", key) for key in self.keys("quarantine")]

    def drain(self, queue: str) -> list[str]:
        bodies: list[str] = []
        while True:
            found = (
                clients.sqs()
                .receive_message(
                    QueueUrl=self.urls[queue], MaxNumberOfMessages=10, WaitTimeSeconds=0
                )
                .get("Messages", [])
            )
            if not found:
                return bodies
            for each in found:
                clients.sqs().delete_message(
                    QueueUrl=self.urls[queue], ReceiptHandle=each["ReceiptHandle"]
                )
                bodies.append(each["Body"])

    def alerts(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.drain("subscriber")]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        _forget_wiring()
        cloud = Cloud()
        _create(cloud)
        monkeypatch.setenv("ALERTS_QUEUE_URL", cloud.urls["alerts"])
        monkeypatch.setenv("REVIEW_QUEUE_URL", cloud.urls["review"])
        monkeypatch.setenv("ALERT_TOPIC_ARN", cloud.topic_arn)
        yield cloud
    _forget_wiring()


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Portal]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield make_portal()


def _forget_wiring() -> None:
    for built in (
        route_prediction._router,
        send_alerts._alerter,
        open_review._reviews,
        archive_image._images,
        archive_image._quarantine,
        record_heartbeat._cameras,
        record_heartbeat._quarantine,
    ):
        built.cache_clear()


def _create(cloud: Cloud) -> None:
    for table, key in TABLES.items():
        clients.dynamodb().create_table(
            TableName=table,
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": t} for n, t in key],
            KeySchema=[
                {"AttributeName": name, "KeyType": kind}
                for (name, _), kind in zip(key, ("HASH", "RANGE"), strict=False)
            ],
            BillingMode="PAY_PER_REQUEST",
        )
    for bucket in ("images", "quarantine"):
        clients.s3().create_bucket(
            Bucket=bucket,
            CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
        )
    for queue in ("alerts", "review", "subscriber"):
        cloud.urls[queue] = clients.sqs().create_queue(QueueName=queue)["QueueUrl"]
    cloud.topic_arn = clients.sns().create_topic(Name="alerts")["TopicArn"]
    clients.sns().subscribe(
        TopicArn=cloud.topic_arn,
        Protocol="sqs",
        Endpoint="arn:aws:sqs:eu-central-1:123456789012:subscriber",
    )
