"""status message -> cameras table and metrics per camera."""

from functools import cache
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

from fabwafer.errors import ContractError
from fabwafer.messages import Heartbeat
from fabwafer.topics import Kind, Topic
from lambdas.envelope import Envelope
from lambdas.records import camera_item
from lambdas.settings import RecordHeartbeatSettings
from lambdas.stores.buckets import QuarantineBucket
from lambdas.stores.tables import CameraTable
from lambdas.telemetry import Telemetry, observed

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, object], context: "LambdaContext") -> None:
    """Record one heartbeat."""
    with observed("record_heartbeat", context) as telemetry:
        record(Envelope.model_validate(event), _cameras(), _quarantine(), telemetry)


def record(
    envelope: Envelope, cameras: CameraTable, quarantine: QuarantineBucket, telemetry: Telemetry
) -> None:
    """Keep a camera's last heartbeat, or quarantine what is none.

    The last is the one that arrived last: a clock put back would otherwise hide its camera.
    """
    try:
        topic = Topic.parse(envelope.topic)
        heartbeat = Heartbeat.parse(envelope.payload, topic, envelope.received_ms)
        newest = cameras.put_newer(camera_item(heartbeat, envelope.received_ms))
    except ContractError as error:
        quarantine.put(Kind.STATUS, envelope, error)
        telemetry.quarantined(error, topic=envelope.topic)
        return
    _measure(heartbeat, envelope.received_ms, telemetry)
    outcome = "recorded" if newest else "outdated"
    telemetry.line(outcome, fab=heartbeat.fab, camera=heartbeat.camera, imgid=None)


def _measure(heartbeat: Heartbeat, received_ms: int, telemetry: Telemetry) -> None:
    with telemetry.camera(heartbeat.fab, heartbeat.camera) as metrics:
        metrics.add_metric("Heartbeat", MetricUnit.Count, 1)
        metrics.add_metric("OutboxMessages", MetricUnit.Count, heartbeat.outbox_messages)
        metrics.add_metric("OutboxOldestSeconds", MetricUnit.Seconds, heartbeat.outbox_oldest_s)
        metrics.add_metric(
            "ClockSkewMs", MetricUnit.Milliseconds, received_ms - heartbeat.timestamp
        )
        metrics.add_metric("Degraded", MetricUnit.Count, len(heartbeat.degraded))


@cache
def _cameras() -> CameraTable:
    return CameraTable(RecordHeartbeatSettings().cameras_table)


@cache
def _quarantine() -> QuarantineBucket:
    return QuarantineBucket(RecordHeartbeatSettings().quarantine_bucket)
