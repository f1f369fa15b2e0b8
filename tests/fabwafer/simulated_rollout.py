"""Wafers as a candidate and the model in use see them: lots of 25, whose defects cluster."""

import random
from collections.abc import Callable, Sequence

from fabwafer.guards import Opinion, Seen

LABELS = ("none", "Center", "Loc", "Scratch")
_LOT = 25
_DEFECTS = 0.15
_CLUSTERING = 0.15
_DISAGREES = 0.04
_ABSTAINS = 0.08


def seeded(seed: int) -> random.Random:
    """Return draws that are the same at every run."""
    return random.Random(seed)  # noqa: S311


def wafers(draw: random.Random, count: int, *, clustering: float = _CLUSTERING) -> list[Seen]:
    """Return wafers under a good candidate: it contradicts the model in use about one in 25."""
    spread = (1 - clustering) / clustering
    seen: list[Seen] = []
    while len(seen) < count:
        rate = draw.betavariate(_DEFECTS * spread, (1 - _DEFECTS) * spread)
        kind = draw.choice(LABELS[1:])
        seen += [_wafer(draw, kind if draw.random() < rate else "none") for _ in range(_LOT)]
    return seen[:count]


def spoilt(seen: Sequence[Seen], opinion: Callable[[Opinion], Opinion]) -> list[Seen]:
    """Return the same wafers under a candidate that says something else."""
    return [
        Seen(opinion(each.candidate), each.current, each.truth, each.asked, each.edge_ms)
        for each in seen
    ]


def _wafer(draw: random.Random, current: str) -> Seen:
    label = current
    if draw.random() < _DISAGREES:
        label = draw.choice([name for name in LABELS if name != current])
    accepted = draw.random() > _ABSTAINS
    again = accepted if draw.random() < 0.5 else draw.random() > _ABSTAINS
    return Seen(
        candidate=Opinion(label, again, label != "none"),
        current=Opinion(current, accepted, current != "none"),
        edge_ms=10.0,
    )
