"""Prediction -> STORE always, ALERT for a sure defect, REVIEW for a doubtful, novel, refused or sampled one. Pure."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fabwafer.errors import ContractError
from fabwafer.fields import Finite, Fraction, ModelName
from fabwafer.labels import WM811K, LabelSet
from fabwafer.messages import Prediction
from fabwafer.notices import Alert, ReviewRequest, WaferRef

MAX_WAFERS_PER_ALERT = 500
"""Keeps an alert well under SNS' 256 kB."""
NEVER = 1.0
"""The threshold of what nothing is promised for: a person sees it even where float32 rounds a probability up to 1."""
_EXCURSION_WAFERS = 3


class ReviewReason(StrEnum):
    """Why a person should look at a wafer."""

    DOUBTFUL = "doubtful"
    NOVEL = "novel"
    REFUSED = "refused"
    AUDIT = "audit"
    DIVERSE = "diverse"
    SUSPECTED = "suspected"


class Refusal(StrEnum):
    """What shows that a picture is no wafer map: each is measured, 0 for a perfect one."""

    COLOUR = "colour"
    LEVELS = "grey levels"
    SHAPE = "shape"
    NOVELTY = "unlike any wafer"


class Severity(StrEnum):
    """How much an alert asks for: a single wafer, several of one lot, or wafers that are lost whole."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class Policy(BaseModel):
    """What a released bundle brings: its labels and the thresholds that its calibration promises."""

    model_config = ConfigDict(frozen=True, extra="forbid", regex_engine="python-re")

    model: ModelName | None = None
    labels: tuple[str, ...] = WM811K.names
    normal: str = WM811K.normal
    alert: Fraction = 0.5
    accept: dict[str, Fraction] = Field(default_factory=dict)
    accept_default: Fraction = 0.8
    novelty: Finite | None = None
    refusal: dict[Refusal, Finite] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_labels(self) -> Self:
        try:
            known = self.label_set.names
        except ContractError as error:
            raise ValueError(str(error)) from error
        unknown = [label for label in self.accept if label not in known]
        if unknown:
            raise ValueError(f"accept: expected labels of {known}, got {unknown}")
        return self

    @property
    def label_set(self) -> LabelSet:
        """Return the labels as a set that knows its aliases."""
        return LabelSet(self.labels, self.normal)

    def accept_threshold(self, label: str) -> float:
        """Return the probability from which a label needs no person."""
        return self.accept.get(label, self.accept_default)

    def is_doubtful(self, label: str, probability: float) -> bool:
        """Tell whether a label is less probable than its calibration asks for; `NEVER` asks for more than there is."""
        threshold = self.accept_threshold(label)
        return probability < threshold or threshold >= NEVER

    def is_novel(self, novelty: float | None) -> bool:
        """Tell whether a wafer is too unlike the training data for its probability to mean anything."""
        return self.novelty is not None and novelty is not None and novelty > self.novelty

    def refuses(self, measured: Mapping[Refusal, float]) -> Refusal | None:
        """Return what shows that a picture is no wafer map; None if nothing does.

        Args:
            measured: What is known of it; what the policy has no threshold for is not judged.
        """
        for reason, threshold in self.refusal.items():
            if measured.get(reason, threshold) > threshold:
                return reason
        return None

    def accepts(
        self, label: str, probability: float, novelty: float | None, refused: str | None = None
    ) -> bool:
        """Tell whether a decision needs no person."""
        sure = not self.is_doubtful(label, probability) and not self.is_novel(novelty)
        return sure and refused is None


@dataclass(frozen=True)
class Decision:
    """Where a stored prediction goes beside the table."""

    alert: bool
    review: ReviewReason | None


def decide(prediction: Prediction, policy: Policy, audit_rate: float = 0.0) -> Decision:
    """Decide what happens to a prediction whose label is canonical.

    A refused picture alerts nobody: its label says nothing.

    Args:
        prediction: The parsed message.
        policy: Labels and thresholds of the model that made it.
        audit_rate: Share (0..1) of the wafers that needed nobody that a person sees all the same.
    """
    defect = policy.label_set.is_defect(prediction.prediction)
    sure = prediction.probability >= policy.alert
    return Decision(
        alert=defect and sure and prediction.refused is None,
        review=_review(prediction, policy, audit_rate),
    )


def _review(prediction: Prediction, policy: Policy, audit_rate: float) -> ReviewReason | None:
    if prediction.refused is not None:
        return ReviewReason.REFUSED
    if policy.is_doubtful(prediction.prediction, prediction.probability):
        return ReviewReason.DOUBTFUL
    if policy.is_novel(prediction.novelty):
        return ReviewReason.NOVEL
    if is_audited(prediction, audit_rate):
        return ReviewReason.AUDIT
    return None


def is_audited(prediction: Prediction, rate: float) -> bool:
    """Tell whether a wafer belongs to the random audit sample: by hash, so a repeat decides alike."""
    identity = f"{prediction.fab}/{prediction.camera}/{prediction.imgid}/{prediction.timestamp}"
    draw = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:8]) / 2**64
    return draw < rate


def review_request(prediction: Prediction, reason: ReviewReason) -> ReviewRequest:
    """Return what the review queue gets to know of a prediction."""
    return ReviewRequest(reason=reason.value, **prediction.model_dump(include=_REVIEW_FIELDS))


_REVIEW_FIELDS = set(ReviewRequest.model_fields) - {"reason"}


def fold(predictions: Iterable[Prediction], critical: Iterable[str] = ()) -> list[Alert]:
    """Fold predictions into alerts: one per fab, camera, lot and class, every wafer in exactly one."""
    groups: dict[tuple[str, str, str | None, str], list[Prediction]] = defaultdict(list)
    for each in predictions:
        groups[each.fab, each.camera, each.lot, each.prediction].append(each)
    lost = set(critical)
    return [
        _alert(group[start : start + MAX_WAFERS_PER_ALERT], lost)
        for group in groups.values()
        for start in range(0, len(group), MAX_WAFERS_PER_ALERT)
    ]


def _alert(group: list[Prediction], critical: set[str]) -> Alert:
    first = group[0]
    return Alert(
        fab=first.fab,
        camera=first.camera,
        lot=first.lot,
        prediction=first.prediction,
        severity=_severity(first.prediction, len(group), critical).value,
        wafers=tuple(
            WaferRef(**each.model_dump(include=set(WaferRef.model_fields))) for each in group
        ),
    )


def _severity(label: str, wafers: int, critical: set[str]) -> Severity:
    if label in critical:
        return Severity.CRITICAL
    return Severity.MAJOR if wafers >= _EXCURSION_WAFERS else Severity.MINOR
