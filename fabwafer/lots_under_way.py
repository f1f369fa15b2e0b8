"""Wafers as they come, from several cameras -> lots, each handed on whole: 25 wafers, or fewer and then silence. Pure.

A wafer without a lot counts with the 25 that its camera took in turn: those resemble each other too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fabwafer.model_drift import Doubtful
from fabwafer.process_drift import Calls

_WHOLE = 25
_MOST = 64
_TOLD = 0.001
_UNNAMED = "unnamed"
"""The model of a message that names none."""


@dataclass(frozen=True)
class Seen:
    """What the detectors want to know of one prediction.

    Attributes:
        camera: Who took the picture.
        lot: Its lot, None if the message named none.
        at_ms: When it was taken.
        label: The canonical label, None for a refused picture.
        model: The model that gave it, None if the message named none.
        scores: Every label's probability, None if the message had none.
        figures: Of the picture, as `camera_drift.figures` returns them.
    """

    camera: str
    lot: str | None
    at_ms: int
    label: str | None
    model: str | None = None
    scores: Mapping[str, float] | None = None
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Lot:
    """What came of a lot, so far.

    Attributes:
        camera: Who sees it.
        last_ms: When its latest wafer was seen.
        wafers: Those with a label.
        calls: Model -> label that it gave -> wafers.
        doubts: Model -> its wafers; scores below a thousandth are left out.
        figures: Figure -> pictures that showed it, and its sum over them.
    """

    camera: str
    last_ms: int = 0
    wafers: int = 0
    calls: dict[str, dict[str, int]] = field(default_factory=dict)
    doubts: dict[str, list[Doubtful]] = field(default_factory=dict)
    figures: dict[str, tuple[int, float]] = field(default_factory=dict)

    @property
    def pictures(self) -> int:
        """Return how many pictures told something of the camera."""
        return max((count for count, _ in self.figures.values()), default=0)

    def of(self, label: str) -> list[Calls]:
        """Return how often each model gave its wafers a label."""
        return [
            Calls(model, labels.get(label, 0), sum(labels.values()))
            for model, labels in self.calls.items()
        ]

    def means(self) -> dict[str, float]:
        """Return the mean of each figure."""
        return {name: total / count for name, (count, total) in self.figures.items()}


Lots = Mapping[str, Lot]
"""Lots under way, by camera and lot."""


def with_wafer(lots: Lots, seen: Seen) -> tuple[dict[str, Lot], list[Lot]]:
    """Return the lots under way after one more wafer, and those that ended with it."""
    key = f"{seen.camera}/{seen.lot or ''}"
    lot = _plus(lots.get(key, Lot(seen.camera)), seen)
    rest = {name: each for name, each in lots.items() if name != key}
    if max(lot.wafers, lot.pictures) >= _WHOLE:
        return rest, [lot]
    return rest | {key: lot}, []


def ended(lots: Lots, quiet_since_ms: int) -> tuple[dict[str, Lot], list[Lot]]:
    """Return the lots still under way, and those without a wafer since then, or too many to remember."""
    in_order = sorted(lots.items(), key=lambda each: each[1].last_ms)
    surplus = {name for name, _ in in_order[: max(0, len(in_order) - _MOST)]}
    over = [
        (name, lot) for name, lot in in_order if name in surplus or lot.last_ms < quiet_since_ms
    ]
    names = {name for name, _ in over}
    return {name: lot for name, lot in lots.items() if name not in names}, [lot for _, lot in over]


def _plus(lot: Lot, seen: Seen) -> Lot:
    figures = dict(lot.figures)
    for name, value in seen.figures.items():
        count, total = figures.get(name, (0, 0.0))
        figures[name] = (count + 1, total + value)
    lot = replace(lot, last_ms=max(lot.last_ms, seen.at_ms), figures=figures)
    if seen.label is None:
        return lot
    return replace(
        lot,
        wafers=lot.wafers + 1,
        calls=_with_call(lot.calls, seen.model or _UNNAMED, seen.label),
        doubts=_with_doubt(lot.doubts, seen.model, seen.label, seen.scores),
    )


def _with_call(
    calls: dict[str, dict[str, int]], model: str, label: str
) -> dict[str, dict[str, int]]:
    labels = calls.get(model, {})
    return calls | {model: labels | {label: labels.get(label, 0) + 1}}


def _with_doubt(
    doubts: dict[str, list[Doubtful]],
    model: str | None,
    label: str,
    scores: Mapping[str, float] | None,
) -> dict[str, list[Doubtful]]:
    if model is None or not scores:
        return doubts
    told = {name: score for name, score in scores.items() if score >= _TOLD}
    return doubts | {model: [*doubts.get(model, []), Doubtful(label, told)]}
