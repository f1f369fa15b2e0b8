"""What people are told of drift, in words."""

from datetime import UTC, datetime

from pydantic import JsonValue

from fabwafer.burst_audit import Outcome
from fabwafer.fab_signals import Detector, Signal
from lambdas.loop.drift_audits import Finding
from lambdas.loop.drift_state import Owed, figures_of
from lambdas.loop.notices import NoticeKind

_DETECTOR = "detector"


def ring_notice(fab: str, signal: Signal) -> Owed:
    """Return what is told of a process or a camera that moved."""
    since = _moment(signal.cusum.since_ms)
    if signal.detector is Detector.PROCESS:
        subject = f"[drift] {signal.what} is more frequent in {fab}"
        text = (
            f"{signal.what} is more frequent than the lots of {fab} explain, since about {since}."
            f" Usual: {signal.usual or 0:.2%} of the wafers."
        )
    else:
        subject = f"[drift] {signal.what} has moved in {fab}"
        text = (
            f"The pictures of a camera of {fab} have changed in what no wafer changes, since about"
            f" {since}: {signal.what}, usually {signal.usual or 0:.4g}."
        )
    return Owed(subject, text, _facts(fab, signal.detector, figures_of(signal)))


def finding_notice(fab: str, finding: Finding) -> Owed:
    """Return what is told of an audit that has ended."""
    audit = finding.audit
    subject = f"[drift] {finding.model} in {fab}: {_ENDINGS[audit.outcome]}"
    text = (
        f"{audit.suspicion} doubted otherwise than any mix of labels explains, so {len(audit.items)} wafers went to"
        f" people on {_moment(audit.begun_ms)}. They agreed with the model on {audit.right} and disagreed on"
        f" {audit.wrong}; it expected to be wrong on {audit.usual_error:.1%}."
    )
    figures: dict[str, JsonValue] = {
        "what": finding.model,
        "suspicion": audit.suspicion,
        "outcome": audit.outcome.value,
        "right": audit.right,
        "wrong": audit.wrong,
        "unusable": audit.unusable,
        "usual_error": round(audit.usual_error, 5),
        "begun_ms": audit.begun_ms,
    }
    return Owed(subject, text, _facts(fab, Detector.MODEL, figures))


def alarm(notice: Owed, at_ms: int) -> dict[str, JsonValue]:
    """Return a notice as the fab's paper keeps it."""
    facts = {name: each for name, each in notice.facts.items() if name not in {"kind", "fab"}}
    return {
        "at_ms": at_ms,
        _DETECTOR: facts.pop(_DETECTOR),
        "what": facts.pop("what"),
        "figures": facts,
    }


def can_be_learned(alarm: dict[str, JsonValue]) -> bool:
    """Tell whether a new model may answer a kept alarm: none answers a dirty lens, nor an audit without answers."""
    if alarm.get(_DETECTOR) == Detector.MODEL:
        figures = alarm.get("figures")
        return isinstance(figures, dict) and figures.get("outcome") == Outcome.CONFIRMED
    return alarm.get(_DETECTOR) == Detector.PROCESS


_ENDINGS = {
    Outcome.CONFIRMED: "it got worse, people confirm",
    Outcome.UNANSWERED: "suspected, and nobody answered the audit",
}


def _facts(fab: str, detector: Detector, figures: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {"kind": NoticeKind.DRIFT.value, "fab": fab, _DETECTOR: detector.value, **figures}


def _moment(at_ms: int | None) -> str:
    return datetime.fromtimestamp((at_ms or 0) / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
