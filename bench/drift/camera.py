"""Pictures of simulated cameras through the shipped detector of a camera that moved.

There are no pictures of real cameras to learn from: a group's means are drawn around the usual ones, from a normal or a
heavy-tailed distribution (Student's t, 5 degrees of freedom), every figure for itself.
"""

import numpy as np

from bench.drift.process import LOT, MONTH_LOTS
from fabwafer.camera_drift import FIGURES, Rules, Watched, after_group

CAMERAS = 4
SHIFTS = (2.0, 3.0, 5.0)
"""In standard deviations of a group's mean."""
_SPREAD = 20.0
"""Standard deviation of a group's mean, so large that no figure counts as constant."""
_FREEDOM = 5
_PATIENCE = 200


def false_alarms(rng: np.random.Generator, rules: Rules, months: int, *, heavy: bool) -> int:
    """Return how often the figures of a fab's cameras ring in so many months in which nothing moves."""
    rings = 0
    for _ in range(months * CAMERAS):
        watched = _learned(rng, rules, heavy)
        for number in range(MONTH_LOTS // CAMERAS):
            before = _ringing(watched)
            watched = after_group(watched, _means(rng, heavy), number, rules)
            rings += len(_ringing(watched) - before)
    return rings


def delay(rng: np.random.Generator, shift: float, rules: Rules, *, heavy: bool) -> int:
    """Return after how many wafers of its camera a shift of one figure rings."""
    watched = _learned(rng, rules, heavy)
    for number in range(_PATIENCE):
        means = _means(rng, heavy)
        means[FIGURES[0]] += shift * _SPREAD
        watched = after_group(watched, means, number, rules)
        if FIGURES[0] in _ringing(watched):
            return (number + 1) * LOT
    return _PATIENCE * LOT


def _learned(rng: np.random.Generator, rules: Rules, heavy: bool) -> dict[str, Watched]:
    watched: dict[str, Watched] = {}
    for number in range(rules.arm_groups):
        watched = after_group(watched, _means(rng, heavy), number, rules)
    return watched


def _means(rng: np.random.Generator, heavy: bool) -> dict[str, float]:
    if heavy:
        drawn = rng.standard_t(_FREEDOM, len(FIGURES)) / np.sqrt(_FREEDOM / (_FREEDOM - 2))
    else:
        drawn = rng.standard_normal(len(FIGURES))
    return dict(zip(FIGURES, (100 + _SPREAD * drawn).tolist(), strict=True))


def _ringing(watched: dict[str, Watched]) -> set[str]:
    return {name for name, each in watched.items() if each.cusum.rings}
