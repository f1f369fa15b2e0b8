"""Lots of a simulated fab through the shipped detector of a process that moved."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.drift.clustering import Clustering
from fabwafer.fab_watch import REFERENCE_LOTS_PER_DAY
from fabwafer.process_drift import Calls, Rules, Watched, after_lot, within_lot

LOT = 25
LOOK = 5
"""Wafers between two looks: at 500 a day a look every quarter of an hour finds five."""
MONTH_LOTS = 30 * REFERENCE_LOTS_PER_DAY
_SETTLING = 20
"""Lots between arming and a rise, so that the sum has no fresh start."""
_PATIENCE = 400
_MODEL = "m@1"

Draw = Callable[[np.random.Generator, Clustering, int], np.ndarray]
"""Draws lots of a label in a fab in which nothing changes."""


@dataclass(frozen=True)
class Rise:
    """A label that becomes more frequent: its rates before and after."""

    rate: float
    times: float


def lots(
    rng: np.random.Generator, label: Clustering, count: int, rise: Rise | None = None, at: int = 0
) -> np.ndarray:
    """Draw a label's wafers in lots, of shape (count, 25), summed up along a lot."""
    rates = np.full(count, label.rate)
    if rise is not None:
        rates[at:] *= rise.times
    size = (1 - label.clustering) / label.clustering
    shares = rng.beta(rates * size, (1 - rates) * size)
    drawn: np.ndarray = (rng.random((count, LOT)) < shares[:, None]).cumsum(1)
    return drawn


def real_lots(rng: np.random.Generator, label: Clustering, count: int) -> np.ndarray:
    """Draw lots as WM-811K had them, of shape (count, 25), their wafers in random order, summed up along a lot."""
    shares = np.array(label.lots_by_hits) / sum(label.lots_by_hits)
    hits = rng.choice(len(shares), count, p=shares)
    order = rng.random((count, LOT)).argsort(1).argsort(1)
    drawn: np.ndarray = (order < hits[:, None]).cumsum(1)
    return drawn


def false_alarms(
    rng: np.random.Generator,
    label: Clustering,
    rules: Rules,
    months: int,
    draw: Draw = real_lots,
) -> int:
    """Return how often a label rings in so many months in which nothing happens; every month a fab that has just armed."""
    rings = 0
    for _ in range(months):
        drawn = draw(rng, label, rules.arm_lots + MONTH_LOTS)
        watched = _learned(drawn[: rules.arm_lots], rules)
        for number, hits in enumerate(drawn[rules.arm_lots :]):
            before = watched.cusum.rings
            watched, _ = _through(watched, hits, number, rules)
            rings += watched.cusum.rings and not before
    return rings


def delay(rng: np.random.Generator, clustering: float, rise: Rise, rules: Rules) -> int | None:
    """Return after how many wafers a rise rings; None if the label rang before it."""
    at = rules.arm_lots + _SETTLING
    drawn = lots(rng, Clustering(rise.rate, clustering), at + _PATIENCE, rise, at)
    watched = _learned(drawn[: rules.arm_lots], rules)
    for number in range(rules.arm_lots, at):
        watched, _ = _through(watched, drawn[number], number, rules)
    if watched.cusum.rings:
        return None
    for number in range(at, at + _PATIENCE):
        watched, after = _through(watched, drawn[number], number, rules)
        if watched.cusum.rings:
            return (number - at) * LOT + after
    return _PATIENCE * LOT


def _learned(drawn: np.ndarray, rules: Rules) -> Watched:
    watched = Watched()
    for number, hits in enumerate(drawn[:, -1]):
        watched = after_lot(watched, Calls(_MODEL, int(hits), LOT), number, rules)
    return watched


def _through(watched: Watched, hits: np.ndarray, number: int, rules: Rules) -> tuple[Watched, int]:
    """Take one lot; return also after how many of its wafers the label rang, or all."""
    after = LOT
    if hits[-1] and not watched.cusum.rings:
        for wafers in range(LOOK, LOT, LOOK):
            watched = within_lot(
                watched, [Calls(_MODEL, int(hits[wafers - 1]), wafers)], number, rules
            )
            if watched.cusum.rings:
                after = wafers
                break
    return after_lot(watched, Calls(_MODEL, int(hits[-1]), LOT), number, rules), after
