"""alerts queue -> alert topic: each wafer in exactly one message, few messages, slowly."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from fabwafer.messages import Prediction
from fabwafer.notices import Alert, WaferRef
from fabwafer.triage import fold
from lambdas.alerts import AlertDue, sns_attributes, sns_message, subject
from lambdas.batch import Batch, MessageIds, OutOfTimeError, PartialResponse, SqsEvent
from lambdas.settings import SendAlertsSettings
from lambdas.stores.channels import AlertTopic
from lambdas.stores.tables import PredictionTable
from lambdas.telemetry import Telemetry, observed

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# The longest possible call (three tries of 6 s) and what the answer takes.
_CALL_MS = 20_000
# A publish is begun only if its mark will find time as well.
_RESERVE_MS = 2 * _CALL_MS

T = TypeVar("T")
R = TypeVar("R")
WaferKey: TypeAlias = tuple[str, int]
"""Image id and timestamp: the key of a prediction."""


@dataclass
class Pace:
    """Keeps an interval between publishes, also across invocations and after a cold start."""

    interval_s: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _last: float = field(init=False)

    def __post_init__(self) -> None:
        # Whoever ran before this instance may have published just now.
        self._last = self.clock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until the next publish may start; the interval counts from its end, however long it takes."""
        self.sleep(max(0.0, self._last + self.interval_s - self.clock()))
        try:
            yield
        finally:
            self._last = self.clock()


@dataclass(frozen=True)
class Alerter:
    """Claims wafers and publishes about them."""

    predictions: PredictionTable
    topic: AlertTopic
    pace: Pace
    portal_url: str
    critical: tuple[str, ...]
    clock: Callable[[], float] = time.time

    def claim(self, body: str) -> tuple[Prediction, bool]:
        """Return the wafer of a queued alert, and whether it is this message's to tell about."""
        due = AlertDue.model_validate_json(body)
        wafer = due.prediction
        return wafer, self.predictions.claim_alert(wafer.imgid, wafer.timestamp, due.claim)

    def publish(self, alert: Alert) -> Alert:
        """Tell the subscribers, in the pace that their mailboxes bear."""
        with self.pace.turn():
            self.topic.publish(
                subject(alert), sns_message(alert, self.portal_url), sns_attributes(alert)
            )
        return alert

    def mark(self, wafer: WaferRef) -> None:
        """Remember that a wafer's alert is out."""
        self.predictions.mark_alerted(wafer.imgid, wafer.timestamp, round(self.clock() * 1000))


def handler(event: SqsEvent, context: "LambdaContext") -> PartialResponse:
    """Send the alerts of a batch."""
    with observed("send_alerts", context) as telemetry:
        return send_batch(event, _alerter(), telemetry, context.get_remaining_time_in_millis)


def send_batch(
    event: SqsEvent, alerter: Alerter, telemetry: Telemetry, remaining_ms: Callable[[], int]
) -> PartialResponse:
    """Claim every wafer, fold the claimed, publish; what fails or finds no time comes again."""
    batch = Batch(event, telemetry)
    claims = batch.each(_in_time(alerter.claim, remaining_ms), batch.bodies)
    _report_repeats((wafer for _, (wafer, mine) in claims if not mine), telemetry)
    claimed = _by_wafer((messages, wafer) for messages, (wafer, mine) in claims if mine)
    alerts = [
        (_messages_of(alert, claimed), alert)
        for alert in fold((wafer for wafer, _ in claimed.values()), alerter.critical)
    ]
    published = batch.each(_in_time(alerter.publish, remaining_ms), alerts, threads=1)
    for _, alert in published:
        _report(alert, telemetry)
    _mark([wafer for _, alert in published for wafer in alert.wafers], alerter, remaining_ms)
    return batch.response()


def _mark(wafers: Iterable[WaferRef], alerter: Alerter, remaining_ms: Callable[[], int]) -> None:
    """Mark while there is time: an answer that comes too late would bring every wafer again."""
    for wafer in wafers:
        if remaining_ms() < _CALL_MS:
            return
        alerter.mark(wafer)


def _in_time(act: Callable[[T], R], remaining_ms: Callable[[], int]) -> Callable[[T], R]:
    def act_in_time(value: T) -> R:
        if remaining_ms() < _RESERVE_MS:
            raise OutOfTimeError
        return act(value)

    return act_in_time


def _by_wafer(
    claims: Iterable[tuple[MessageIds, Prediction]],
) -> dict[WaferKey, tuple[Prediction, MessageIds]]:
    """Return each claimed wafer once: a queue may deliver one message twice in a batch."""
    claimed: dict[WaferKey, tuple[Prediction, MessageIds]] = {}
    for messages, wafer in claims:
        key = (wafer.imgid, wafer.timestamp)
        _, others = claimed.get(key, (wafer, ()))
        claimed[key] = (wafer, others + messages)
    return claimed


def _messages_of(
    alert: Alert, claimed: Mapping[WaferKey, tuple[Prediction, MessageIds]]
) -> MessageIds:
    return tuple(
        message for each in alert.wafers for message in claimed[each.imgid, each.timestamp][1]
    )


def _report_repeats(repeats: Iterable[Prediction], telemetry: Telemetry) -> None:
    for wafer in repeats:
        telemetry.count("Duplicates")
        telemetry.line("repeated", fab=wafer.fab, camera=wafer.camera, imgid=wafer.imgid)


def _report(alert: Alert, telemetry: Telemetry) -> None:
    telemetry.count("AlertMessages")
    telemetry.count("Alerted", len(alert.wafers))
    for wafer in alert.wafers:
        telemetry.line("alerted", fab=alert.fab, camera=alert.camera, imgid=wafer.imgid)


@cache
def _alerter() -> Alerter:
    settings = SendAlertsSettings()
    return Alerter(
        predictions=PredictionTable(settings.predictions_table),
        topic=AlertTopic(settings.alert_topic_arn),
        pace=Pace(settings.alert_interval_s),
        portal_url=settings.portal_url,
        critical=tuple(settings.critical_labels.split(",")),
    )
