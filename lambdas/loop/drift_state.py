"""What the detectors know of a fab <-> its paper; what of it people are shown."""

from dataclasses import asdict, dataclass, field

from pydantic import JsonValue, TypeAdapter

from fabwafer.burst_audit import Audit
from fabwafer.fab_signals import Detector, Signal
from fabwafer.fab_watch import Fab
from lambdas.loop.records import DriftPaper

_MOST_ALARMS = 20
_MOST_SHOWN = 60


@dataclass(frozen=True)
class Owed:
    """A notice that is still to be published: kept with the state, so that it is not lost with the function."""

    subject: str
    text: str
    facts: dict[str, JsonValue]


@dataclass(frozen=True)
class Known:
    """All that is kept of a fab between two looks.

    Attributes:
        fab: What the detectors know.
        cursors: Camera -> its predictions up to this timestamp were looked at.
        audits: Model -> its burst audit, until what was suspected is over.
        notices: Still to be published.
        requests: Review requests that are still to be sent.
    """

    fab: Fab = field(default_factory=Fab)
    cursors: dict[str, int] = field(default_factory=dict)
    audits: dict[str, Audit] = field(default_factory=dict)
    notices: tuple[Owed, ...] = ()
    requests: tuple[str, ...] = ()


_ADAPTER = TypeAdapter(Known)


def known_of(paper: DriftPaper) -> Known:
    """Return what a paper's state says; nothing for a new paper."""
    return _ADAPTER.validate_python(paper.state) if paper.state else Known()


def with_known(
    paper: DriftPaper, known: Known, signals: list[Signal], alarms: list[dict[str, JsonValue]]
) -> DriftPaper:
    """Return the paper with a new state, what is shown of it, and new alarms, the newest first."""
    return paper.model_copy(
        update={
            "cursor_ms": min(known.cursors.values(), default=paper.cursor_ms),
            "state": _ADAPTER.dump_python(known, mode="json"),
            "shown": _shown(known, signals),
            "alarms": (*alarms, *paper.alarms)[:_MOST_ALARMS],
        }
    )


def figures_of(signal: Signal) -> dict[str, JsonValue]:
    """Return a sum as it is shown."""
    cusum = signal.cusum
    return {
        "what": signal.what,
        "value": round(cusum.value, 3),
        "threshold": round(signal.threshold, 3),
        "armed": signal.armed,
        "usual": None if signal.usual is None else round(signal.usual, 5),
        "since_ms": cusum.since_ms,
        "rang_ms": cusum.rang_ms,
    }


def _shown(known: Known, signals: list[Signal]) -> dict[str, JsonValue]:
    """Of a detector's sums those that have come furthest; one of ten cameras has seventy."""
    shown: dict[str, JsonValue] = {}
    for detector in Detector:
        own = [each for each in signals if each.detector is detector]
        own.sort(key=lambda each: (not each.cusum.rings, -each.cusum.value / each.threshold))
        shown[detector.value] = [figures_of(each) for each in own[:_MOST_SHOWN]]
    shown["audits"] = [
        {"model": model, **_audit(audit)} for model, audit in sorted(known.audits.items())
    ]
    return shown


def _audit(audit: Audit) -> dict[str, JsonValue]:
    row = asdict(audit)
    return row | {"items": list(audit.items), "outcome": audit.outcome.value}
