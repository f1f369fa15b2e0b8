"""The model got worse: it doubts otherwise than any mix of labels explains. Pure.

More doubt is a model out of its depth; less is one that a pattern it never learned leads astray: on WM-811K wafers with
stripes it says Scratch, and is surer of it than of real ones (docs/drift.md). So both directions count.

Another mix alone changes how often a model doubts: a frequent scratch is a frequent doubt. So the mix is estimated from
the labels that the model gives, through its own confusion (Lipton, Wang and Smola 2018: Detecting and correcting for
label shift with black box predictors), and what remains of the doubt counts. The confusion is what the model's
calibrated scores say of its first lots: nobody has to know their truth. A ring is only a suspicion: a burst audit confirms.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from fabwafer.cusum import Cusum

_ROUNDS = 12
_MOST = 4.0
_ALLOWANCE = 0.5
_FADE = 0.95
"""How much the labels of a lot count when the next lot has come: the mix is that of about the last 20."""

Table = dict[str, dict[str, float]]
"""Label that the model gave -> label that it may have been -> a sum over wafers."""


@dataclass(frozen=True)
class Rules:
    """How a model is watched.

    Attributes:
        threshold: Where a sum rings, in standard deviations of a lot's residual.
        arm_lots: Lots to learn its confusion and its usual residuals from; with half of them it rings for nothing twice as
            often and misses more (docs/drift.md).
        learn_lots: The first of them, whose residuals mean nothing yet.
    """

    threshold: float
    arm_lots: int = 200
    learn_lots: int = 50


@dataclass(frozen=True)
class Doubtful:
    """One wafer as its model saw it: the label it gave, and every label's calibrated probability."""

    label: str
    scores: Mapping[str, float]

    @property
    def doubt(self) -> float:
        """Return the model's own probability of being wrong."""
        return max(0.0, 1 - self.scores.get(self.label, 0.0))


@dataclass(frozen=True)
class Watched:
    """What is known of a model in a fab.

    Attributes:
        lots: Lots that were learned from.
        wafers: Their wafers, by label given and label it may have been.
        doubts: Their doubt, in the same way.
        mix: The labels given lately, fading.
        measured: Lots whose residual counted.
        squares: The sum of their squared residuals.
        more: The sum of more doubt.
        less: The sum of less.
    """

    lots: int = 0
    wafers: Table = field(default_factory=dict)
    doubts: Table = field(default_factory=dict)
    mix: dict[str, float] = field(default_factory=dict)
    measured: int = 0
    squares: float = 0.0
    more: Cusum = field(default_factory=Cusum)
    less: Cusum = field(default_factory=Cusum)

    @property
    def cusum(self) -> Cusum:
        """Return the sum that rings, or else the larger one."""
        return max((self.more, self.less), key=lambda each: (each.rings, each.value))

    def is_armed(self, rules: Rules) -> bool:
        """Tell whether it is known well enough to ring."""
        return self.lots >= rules.arm_lots


def after_lot(watched: Watched, lot: list[Doubtful], at_ms: int, rules: Rules) -> Watched:
    """Return what is known of a model after a whole lot of at least one wafer."""
    mix = _faded(watched.mix, lot)
    if watched.lots < rules.learn_lots:
        return _learned(watched, lot, mix, watched.measured, watched.squares)
    rest = residual(watched, mix, lot)
    if not watched.is_armed(rules):
        return _learned(watched, lot, mix, watched.measured + 1, watched.squares + rest**2)
    usual = math.sqrt(watched.squares / max(1, watched.measured))
    off = min(max(rest / usual, -_MOST), _MOST) if usual else 0.0
    return replace(
        watched,
        mix=mix,
        more=watched.more.step(off - _ALLOWANCE, at_ms, rules.threshold),
        less=watched.less.step(-off - _ALLOWANCE, at_ms, rules.threshold),
    )


def residual(watched: Watched, mix: Mapping[str, float], lot: list[Doubtful]) -> float:
    """Return a lot's doubt beyond what its labels and the mix explain, over the root of its wafers."""
    weights = label_weights(watched.wafers, mix)
    expected = {label: _expected(watched, label, weights) for label in {w.label for w in lot}}
    return sum(each.doubt - expected[each.label] for each in lot) / math.sqrt(len(lot))


def label_weights(wafers: Table, mix: Mapping[str, float]) -> dict[str, float]:
    """Return how many times as frequent each true label has become.

    Solves confusion * weights = mix for the most likely weights; they are never negative, unlike those of an inverted
    confusion.

    Args:
        wafers: Reference wafers, by label given and true label.
        mix: Wafers by label given, in the time in question; labels unknown to the reference do not count.
    """
    total = sum(sum(row.values()) for row in wafers.values())
    seen = sum(count for label, count in mix.items() if label in wafers)
    truths = _column_sums(wafers)
    weights = dict.fromkeys(truths, 1.0)
    if not seen or not total:
        return weights
    for _ in range(_ROUNDS):
        pull = {
            label: mix.get(label, 0.0) / seen * total / given
            for label, row in wafers.items()
            if (
                given := sum(
                    count * weights[truth] for truth, count in row.items() if truth in weights
                )
            )
            > 0
        }
        weights = {
            truth: weights[truth]
            * sum(pull.get(label, 0.0) * row.get(truth, 0.0) for label, row in wafers.items())
            / truths[truth]
            for truth in truths
        }
    return weights


def usual_error(watched: Watched) -> float:
    """Return the share of wafers that a model itself expects to get wrong."""
    wafers = sum(sum(row.values()) for row in watched.wafers.values())
    return sum(sum(row.values()) for row in watched.doubts.values()) / wafers if wafers else 0.0


def _expected(watched: Watched, label: str, weights: Mapping[str, float]) -> float:
    """The mean doubt about a label; one that the reference hardly knows has the mean of all."""
    row, doubts = watched.wafers.get(label, {}), watched.doubts.get(label, {})
    wafers = 1.0 + sum(count * weights.get(truth, 0.0) for truth, count in row.items())
    doubt = usual_error(watched) + sum(
        each * weights.get(truth, 0.0) for truth, each in doubts.items()
    )
    return doubt / wafers


def _learned(
    watched: Watched, lot: list[Doubtful], mix: dict[str, float], measured: int, squares: float
) -> Watched:
    wafers = {label: dict(row) for label, row in watched.wafers.items()}
    doubts = {label: dict(row) for label, row in watched.doubts.items()}
    for each in lot:
        of_wafers, of_doubts = wafers.setdefault(each.label, {}), doubts.setdefault(each.label, {})
        for truth, score in each.scores.items():
            of_wafers[truth] = of_wafers.get(truth, 0.0) + score
            of_doubts[truth] = of_doubts.get(truth, 0.0) + score * each.doubt
    return Watched(watched.lots + 1, wafers, doubts, mix, measured, squares)


def _faded(mix: Mapping[str, float], lot: Iterable[Doubtful]) -> dict[str, float]:
    faded = {label: _FADE * count for label, count in mix.items()}
    for each in lot:
        faded[each.label] = faded.get(each.label, 0.0) + 1
    return faded


def _column_sums(wafers: Table) -> dict[str, float]:
    sums: dict[str, float] = {}
    for row in wafers.values():
        for truth, count in row.items():
            sums[truth] = sums.get(truth, 0.0) + count
    return {truth: count for truth, count in sums.items() if count > 0}
