"""Detectors at work, as their paper tells it: one has rung, one comes near, one is armed and quiet."""

from pydantic import JsonValue

from fabwafer.burst_audit import Audit
from fabwafer.cusum import Cusum
from fabwafer.fab_signals import Detector, Signal
from lambdas.loop.drift_state import Known, with_known
from lambdas.loop.records import DriftPaper

_HOUR_MS = 3_600_000


def drift_paper(fab: str, model: str, now_ms: int) -> DriftPaper:
    """Return what the detectors of a fab know."""
    since_ms, rang_ms = now_ms - 9 * _HOUR_MS, now_ms - 2 * _HOUR_MS
    sharpness = "camera2 sharpness"
    signals = [
        Signal(Detector.PROCESS, "Scratch", Cusum(3.5, since_ms), 5.0, armed=True, usual=0.02),
        Signal(
            Detector.CAMERA, sharpness, Cusum(5.0, since_ms, rang_ms), 5.0, armed=True, usual=0.61
        ),
        Signal(Detector.MODEL, model, Cusum(), 5.0, armed=True, usual=0.04),
    ]
    items = tuple(f"{fab}-{number:04d}~{since_ms}" for number in range(40))
    audit = Audit(f"{sharpness} has changed", rang_ms, items, 0.04, right=11, wrong=1)
    alarm: dict[str, JsonValue] = {
        "at_ms": rang_ms,
        "detector": "camera",
        "what": sharpness,
        "figures": {"usual": 0.61, "now": 0.48},
    }
    known = Known(cursors={"camera1": now_ms}, audits={model: audit})
    return with_known(DriftPaper(name=fab, cursor_ms=0), known, signals, [alarm])
