"""What the review API tells about drift; times are epoch milliseconds, rates 0..1."""

from typing import Annotated

from pydantic import Field, JsonValue

from fabwafer.burst_audit import Outcome
from fabwafer.fab_signals import Detector
from lambdas.review.views import View


class SignalView(View):
    """One sum of a detector: what it watches, and how far it is from the threshold where it alarms."""

    detector: Detector
    what: str
    statistic: float
    threshold: float
    armed: Annotated[bool, Field(description="it knows enough to alarm")]
    usual: Annotated[float | None, Field(description="the usual rate or mean")] = None
    since_ms: Annotated[int | None, Field(description="since when it grows")] = None
    rang_ms: Annotated[int | None, Field(description="when it reached its threshold")] = None


class AuditView(View):
    """Forty wafers that people read because a model is suspected."""

    model: str
    suspicion: str
    begun_ms: int
    outcome: Outcome
    wafers: int
    right: int
    wrong: int
    unusable: int
    usual_error: Annotated[float, Field(description="the share that the model expects")]


class DriftAlarm(View):
    """A detector that has alarmed."""

    at_ms: int
    detector: Detector
    what: str
    figures: dict[str, JsonValue]


class Drift(View):
    """A fab's detectors, of each the sums that have come furthest, and their latest alarms, newest first."""

    fab: str
    looked_ms: Annotated[int | None, Field(description="wafers up to here were looked at")] = None
    signals: tuple[SignalView, ...] = ()
    audits: tuple[AuditView, ...] = ()
    alarms: tuple[DriftAlarm, ...] = ()
