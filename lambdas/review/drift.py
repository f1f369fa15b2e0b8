"""What the drift detectors of a fab see: their statistics beside the thresholds, and what they alarmed about."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, ConfigDict

from fabwafer.burst_audit import Outcome
from fabwafer.fab_signals import Detector
from lambdas.loop.records import DriftPaper
from lambdas.review.drift_reports import AuditView, Drift, DriftAlarm, SignalView
from lambdas.review.queries import FabQuery
from lambdas.review.visit import Role, Visiting

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]


@router.get("/drift", summary="A fab's drift detectors and their alarms")
def drift(visit: Visiting, query: Annotated[FabQuery, Query()]) -> Drift:
    """Return the detectors as last looked at; none before they have seen a wafer."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    visit.need_fab(query.fab)
    paper = visit.desk.ledger.read(DriftPaper, query.fab)
    if paper is None:
        return Drift(fab=query.fab)
    shown = _Shown.model_validate(paper.shown)
    return Drift(
        fab=query.fab,
        looked_ms=paper.cursor_ms or None,
        signals=tuple(_signal(name, each) for name in Detector for each in shown.of(name)),
        audits=tuple(map(_audit, shown.audits)),
        alarms=tuple(DriftAlarm.model_validate(each) for each in paper.alarms),
    )


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Sum(_Kept):
    """A sum as `lambdas.loop.drift_state` keeps it."""

    what: str
    value: float
    threshold: float
    armed: bool
    usual: float | None = None
    since_ms: int | None = None
    rang_ms: int | None = None


class _Audit(_Kept):
    """An audit as it is kept there."""

    model: str
    suspicion: str
    begun_ms: int
    items: tuple[str, ...]
    usual_error: float
    right: int
    wrong: int
    unusable: int
    outcome: Outcome


class _Shown(_Kept):
    process: tuple[_Sum, ...] = ()
    camera: tuple[_Sum, ...] = ()
    model: tuple[_Sum, ...] = ()
    audits: tuple[_Audit, ...] = ()

    def of(self, detector: Detector) -> tuple[_Sum, ...]:
        """Return the sums of one detector."""
        sums: dict[Detector, tuple[_Sum, ...]] = {
            Detector.PROCESS: self.process,
            Detector.CAMERA: self.camera,
            Detector.MODEL: self.model,
        }
        return sums[detector]


def _signal(detector: Detector, kept: _Sum) -> SignalView:
    said: dict[str, Any] = kept.model_dump(exclude={"value"})
    return SignalView(detector=detector, statistic=kept.value, **said)


def _audit(kept: _Audit) -> AuditView:
    said: dict[str, Any] = kept.model_dump(exclude={"items"})
    return AuditView(wafers=len(kept.items), **said)
