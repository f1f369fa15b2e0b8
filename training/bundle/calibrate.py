"""Probabilities on lots the network never saw -> a temperature, and thresholds above which nobody need look.

The promise: with 95 % confidence in both at once, at most 2 % of defective wafers pass as normal unseen,
and at most 5 % of the accepted defect calls are wrong.

Method: fixed-sequence testing (Learn then Test, Angelopoulos et al. 2021) over a grid of thresholds fixed before a bundle is
calibrated, from strict to lenient, up to the first that cannot be certified; so no threshold needs a correction, and the
two promises share the error budget by halves. That the grid has 600 steps was chosen on validation and calibration lots of
WM-811K, once, among two sizes; the promise takes no account of it. The bound is Clopper-Pearson's with lots as the unit:
the number of wafers is divided by the design effect of their lots (Korn and Graubard 1998). The design effect is
estimated from the same few errors, so the confidence is that of a large sample. Errors gathered in rare whole lots break
it: where 420 lots have 2 defects and 80 have 14, and 2 % of the large ones escape whole, the bound is below the true
share in a fifth of draws, for draws without such a lot show nothing of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]
from scipy.stats import beta  # type: ignore[import-untyped]

from fabwafer.triage import NEVER
from training.data.maps import Ints
from training.worth.metrics import Bools, Decisions, Floats

ASSUMPTIONS = (
    "lots to come are drawn as the calibration lots were, with the same products, tools and share of defects; "
    "confidence is that of a large sample, and errors are not gathered in rare whole lots; "
    "labels are right; the graph is the one that was calibrated, its int8 ranges set by wafers of the same lots"
)
MAX_ESCAPES = 0.02
MAX_WRONG_CALLS = 0.05
CONFIDENCE = 0.95
_GRID = 1 - np.geomspace(1e-4, 0.6, 600)
_STRICTEST_FOR_DEFECTS = 0.97


@dataclass(frozen=True)
class Threshold:
    """A threshold and what it is certified for."""

    value: float
    observed: float
    bound: float
    wafers: int


def fit_temperature(probabilities: Floats, truth: Ints) -> float:
    """Return the temperature that fits the truth best (Guo et al. 2017), given probabilities at temperature 1."""
    logits = np.log(np.maximum(probabilities, 1e-12))

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        total = np.logaddexp.reduce(scaled, axis=1)
        return float((total - scaled[np.arange(len(truth)), truth]).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))


def upper_bound(bad: Bools, lots: Ints, alpha: float) -> float:
    """Return the upper confidence bound of a share, its members drawn lot by lot.

    With none bad there is no variance to measure, and with a few hardly one: the bound is never below that of none bad
    where every lot counts as one wafer.
    """
    if not len(bad):
        return 1.0
    _, lot = np.unique(lots, return_inverse=True)
    share = float(bad.mean())
    count = int(lot.max()) + 1
    least = _clopper_pearson(0.0, count, alpha)
    if not 0 < share < 1:
        return max(least, _clopper_pearson(share, count, alpha))
    residual = np.bincount(lot, weights=bad - share)
    variance = count / max(count - 1, 1) * float((residual**2).sum()) / len(bad) ** 2
    effective = min(share * (1 - share) / max(variance, 1e-12), len(bad))
    return max(least, _clopper_pearson(share, effective, alpha))


def _clopper_pearson(share: float, size: float, alpha: float) -> float:
    hits = share * size
    return float(beta.ppf(1 - alpha, hits + 1, max(size - hits, 1e-9)))


def accept_thresholds(decisions: Decisions) -> dict[str, Threshold]:
    """Return one threshold for the normal label and one for all defect labels together.

    A threshold of its own for every defect label would need some sixty wafers of each even if the model
    never erred; Near-full has a dozen in the calibration lots.
    """
    normal = decisions.labels[decisions.normal]
    return {normal: _for_normal(decisions), "defects": _for_defects(decisions)}


def accept_policy(thresholds: dict[str, Threshold], labels: tuple[str, ...]) -> dict[str, float]:
    """Return the threshold of each label, as a policy carries it."""
    return {label: thresholds.get(label, thresholds["defects"]).value for label in labels}


def _for_normal(decisions: Decisions) -> Threshold:
    """Of the defective wafers, how many pass as normal unseen?"""
    defect = decisions.truth != decisions.normal
    called_normal = (decisions.predicted == decisions.normal) & ~decisions.blocked
    passing = np.where(called_normal, decisions.published, -1.0)[defect]
    lots = decisions.lots[defect]
    return _walk(_GRID, MAX_ESCAPES, lambda limit: (passing >= limit, lots))


def _for_defects(decisions: Decisions) -> Threshold:
    """Of the defect calls that nobody looks at, how many are wrong?

    The walk starts where enough calls are accepted to certify anything.
    """
    called = (decisions.predicted != decisions.normal) & ~decisions.blocked
    confidence, lots = decisions.published[called], decisions.lots[called]
    wrong = (decisions.predicted != decisions.truth)[called]

    def seen(limit: float) -> tuple[Bools, Ints]:
        return wrong[confidence >= limit], lots[confidence >= limit]

    return _walk(_GRID[_GRID <= _STRICTEST_FOR_DEFECTS], MAX_WRONG_CALLS, seen)


def _walk(grid: Floats, allowed: float, seen: Callable[[float], tuple[Bools, Ints]]) -> Threshold:
    """Return the most lenient threshold before the first whose bound is above what is allowed."""
    best = Threshold(NEVER, 0.0, 1.0, 0)
    for limit in grid:
        bad, lots = seen(limit)
        bound = upper_bound(bad, lots, (1 - CONFIDENCE) / 2)
        if bound > allowed:
            break
        best = Threshold(float(limit), float(bad.mean()), bound, len(bad))
    return best
