"""predictions queue -> predictions table, then alerts queue and review queue."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from fabwafer.device_message import Message
from fabwafer.errors import ContractError
from fabwafer.labels import LabelSet
from fabwafer.messages import Prediction
from fabwafer.topics import Kind, Topic
from fabwafer.triage import Decision, ReviewReason, decide, review_request
from lambdas.alerts import alert_due
from lambdas.batch import Batch, PartialResponse, SqsEvent
from lambdas.envelope import Envelope
from lambdas.policies import Policies
from lambdas.records import Item, expires_at, prediction_item
from lambdas.settings import RoutePredictionSettings
from lambdas.stores.buckets import QuarantineBucket
from lambdas.stores.channels import Parameters, Queue
from lambdas.stores.tables import PredictionTable
from lambdas.telemetry import Telemetry, observed

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class Outcome(StrEnum):
    """How a prediction ended; the values are also the names of the metrics."""

    STORED = "Stored"
    REPEATED = "Duplicates"
    QUARANTINED = "Quarantined"


@dataclass(frozen=True)
class Routed:
    """What became of one message, and what is to be sent on."""

    outcome: Outcome
    topic: str
    imgid: str | None = None
    error: ContractError | None = None
    alert: str | None = None
    review: str | None = None


@dataclass(frozen=True)
class Router:
    """Decides and stores one prediction at a time; safe to share between threads."""

    predictions: PredictionTable
    quarantine: QuarantineBucket
    alerts: Queue
    reviews: Queue
    policies: Policies
    audit_rate: float
    keep_days: int
    clock: Callable[[], float] = time.time

    def route(self, body: str) -> Routed:
        """Store the prediction of one envelope, or quarantine it."""
        envelope = Envelope.model_validate_json(body)
        try:
            return self._stored(envelope)
        except ContractError as error:
            self.quarantine.put(Kind.PREDICTION, envelope, error)
            return Routed(Outcome.QUARANTINED, envelope.topic, error=error)

    def _stored(self, envelope: Envelope) -> Routed:
        topic = Topic.parse(envelope.topic)
        published = Prediction.parse(envelope.payload, topic, envelope.received_ms)
        policy = self.policies.of(published.model)
        prediction = canonical(published, policy.label_set)
        decision = decide(prediction, policy, self.audit_rate)
        item = prediction_item(
            prediction, decision, published.digest(), envelope.received_ms, self._now_ms()
        )
        if self.keep_days:
            item["expires_at"] = expires_at(envelope.received_ms, self.keep_days)
        earlier = self.predictions.put_new(item)
        if earlier is None:
            return self._routed(Outcome.STORED, envelope, prediction, decision)
        return self._routed(Outcome.REPEATED, envelope, prediction, still_due(item, earlier))

    def _routed(
        self, outcome: Outcome, envelope: Envelope, prediction: Prediction, due: Decision
    ) -> Routed:
        alert = alert_due(prediction, str(uuid.uuid4())) if due.alert else None
        review = review_request(prediction, due.review) if due.review else None
        return Routed(
            outcome,
            envelope.topic,
            prediction.imgid,
            alert=_queued(alert),
            review=_queued(review),
        )

    def _now_ms(self) -> int:
        return round(self.clock() * 1000)


def _queued(message: Message | None) -> str | None:
    # ASCII, because SQS refuses some characters that a lot's name may have.
    if message is None:
        return None
    return message.model_dump_json(exclude_none=True, ensure_ascii=True)


def canonical(prediction: Prediction, labels: LabelSet) -> Prediction:
    """Return the prediction with its labels as the model's bundle spells them.

    Raises:
        ContractError: If a label is none of the model's, or two scores are one label's.
    """
    update: dict[str, object] = {"prediction": labels.canonical(prediction.prediction)}
    if prediction.scores is not None:
        scores = {labels.canonical(name): score for name, score in prediction.scores.items()}
        if len(scores) != len(prediction.scores):
            raise ContractError("scores", list(prediction.scores), "each label once")
        update["scores"] = scores
    return prediction.model_copy(update=update)


def still_due(item: Item, earlier: Item) -> Decision:
    """Return what a repeated prediction's record does not show as done.

    A review request is simply sent again: its work item has a deterministic key.

    Raises:
        ContractError: If the record is of another wafer, or says something else about this one.
    """
    if earlier["fab_camera"] != item["fab_camera"]:
        expected = f"an id that {earlier['fab_camera']} has not used at {item['timestamp']}"
        raise ContractError("imgid", item["imgid"], expected)
    if earlier["digest"] != item["digest"]:
        expected = f"the content stored before, with digest {earlier['digest']}"
        raise ContractError("message", item["digest"], expected)
    review = earlier.get("review")
    return Decision(
        alert=bool(earlier["alert"]) and "alert_claim" not in earlier,
        review=ReviewReason(str(review)) if review else None,
    )


def handler(event: SqsEvent, context: "LambdaContext") -> PartialResponse:
    """Route a batch of predictions."""
    with observed("route_prediction", context) as telemetry:
        return route_batch(event, _router(), telemetry)


def route_batch(event: SqsEvent, router: Router, telemetry: Telemetry) -> PartialResponse:
    """Store all predictions, then send on what they ask for; one that fails comes again alone."""
    batch = Batch(event, telemetry)
    routed = batch.each(router.route, batch.bodies)
    batch.send(router.alerts, [(messages, each.alert) for messages, each in routed if each.alert])
    batch.send(
        router.reviews, [(messages, each.review) for messages, each in routed if each.review]
    )
    for messages, each in routed:
        _report(each, batch.has_failed(messages), telemetry)
    return batch.response()


def _report(routed: Routed, comes_again: bool, telemetry: Telemetry) -> None:
    if routed.error is not None:
        telemetry.quarantined(routed.error, topic=routed.topic)
        return
    telemetry.count(routed.outcome.value)
    if not comes_again:
        topic = Topic.parse(routed.topic)
        outcome = routed.outcome.name.lower()
        telemetry.line(outcome, fab=topic.fab, camera=topic.camera, imgid=routed.imgid)


@cache
def _router() -> Router:
    settings = RoutePredictionSettings()
    return Router(
        predictions=PredictionTable(settings.predictions_table),
        quarantine=QuarantineBucket(settings.quarantine_bucket),
        alerts=Queue(settings.alerts_queue_url),
        reviews=Queue(settings.review_queue_url),
        policies=Policies(Parameters(settings.models_parameter_prefix).read),
        audit_rate=settings.audit_rate,
        keep_days=settings.keep_days,
    )
