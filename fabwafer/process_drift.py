"""The process moved: a label has become more frequent than this fab's lots, as clustered as they are, explain. Pure.

Wafers of a lot resemble each other, so a lot's count of a label is beta-binomial: with `clustering` r (the correlation
of two wafers of a lot) n wafers tell as much as n / (1 + (n - 1) r) independent ones. Each lot adds the logarithm of
how much more probable its count is after a threefold rise than at the usual rate, of a label that is rarer after a
fourfold one.
"""

from dataclasses import dataclass, field
from math import lgamma, log

from fabwafer.cusum import Cusum

USUAL_CLUSTERING = 0.04
"""The median of WM-811K's defect classes (bench/drift/clustering.json); a fab's own lots add to it."""
_USUAL_LOTS = 100
"""How many lots of a fab count as much as `USUAL_CLUSTERING`."""
_LOT = 25
_CLUSTERING = (0.01, 0.6)
_RAREST = 0.003
"""Below this rate a rise is judged as if the label were that frequent: two wafers are no excursion."""
_FREQUENT, _RARE, _LUMPY = 0.035, 0.01, 0.15
_MOST_OF_A_LOT = 4.0
"""What one lot may speak for a rise: real lots are now and then full of a defect, more often than beta-binomial ones."""
_HARDER = 2.5
"""A label rarer or more clustered than that needs so much more to ring: most false alarms are for those that are
soon found."""


@dataclass(frozen=True)
class Rules:
    """How a label is watched.

    Attributes:
        threshold: Where its sum rings, in nats, unless the label is rare or comes in whole lots; `bench.drift` found it.
        rise: The rise of a frequent label that its sum is designed for.
        rarer_rise: The same of a label that is not frequent: three times few are still few.
        arm_lots: Lots to learn the usual rate from before anything may ring.
        most_lots: Lots that the usual rate remembers.
    """

    threshold: float
    rise: float = 3.0
    rarer_rise: float = 4.0
    arm_lots: int = 200
    most_lots: int = 2000

    def at(self, usual: "Baseline") -> float:
        """Return where the sum of a label with this usual rate rings."""
        hard = usual.rate < _RARE or usual.clustering > _LUMPY
        return self.threshold + (_HARDER if hard else 0.0)

    def rise_of(self, usual: "Baseline") -> float:
        """Return the rise that the sum of a label with this usual rate is designed for."""
        return self.rise if usual.rate >= _FREQUENT else self.rarer_rise


@dataclass(frozen=True)
class Baseline:
    """Sums over lots, from which rate and clustering follow; `squares` is of hits * hits / wafers."""

    lots: float = 0.0
    wafers: float = 0.0
    hits: float = 0.0
    squares: float = 0.0

    def plus(self, other: "Baseline", most_lots: float = float("inf")) -> "Baseline":
        """Return the sums of both; beyond so many lots all count less."""
        lots = self.lots + other.lots
        share = min(1.0, most_lots / lots) if lots else 1.0
        return Baseline(
            share * lots,
            share * (self.wafers + other.wafers),
            share * (self.hits + other.hits),
            share * (self.squares + other.squares),
        )

    @property
    def rate(self) -> float:
        """Return the usual share of wafers, 0..1."""
        return max(_RAREST, (self.hits + 0.5) / (self.wafers + 1))

    @property
    def clustering(self) -> float:
        """Return the correlation of two wafers of a lot.

        By moments: Pearson's statistic over lots is expected to be lots + clustering * (wafers - lots).
        """
        rate = self.rate
        spread = self.squares - 2 * rate * self.hits + rate * rate * self.wafers
        excess = spread / (rate * (1 - rate)) - self.lots
        usual = _USUAL_LOTS * (_LOT - 1)
        found = (excess + USUAL_CLUSTERING * usual) / (self.wafers - self.lots + usual)
        return min(max(found, _CLUSTERING[0]), _CLUSTERING[1])


@dataclass(frozen=True)
class Watched:
    """What is known of one label.

    Attributes:
        usual: The lots that its usual rate comes from.
        pending: The lots since the sum left zero: they count as usual when it comes back without having rung.
        cusum: The sum.
    """

    usual: Baseline = field(default_factory=Baseline)
    pending: Baseline = field(default_factory=Baseline)
    cusum: Cusum = field(default_factory=Cusum)

    def is_armed(self, rules: Rules) -> bool:
        """Tell whether its usual rate is known well enough to ring."""
        return self.usual.lots >= rules.arm_lots


def evidence(hits: int, wafers: int, usual: Baseline, rise: float) -> float:
    """Return what a lot's count speaks for a rise: the log of the ratio of two beta-binomial probabilities, at most 4."""
    rate, clustering = usual.rate, usual.clustering
    size = (1 - clustering) / clustering
    risen = min(rise * rate, (1 + rate) / 2)
    ratio = _score(hits, wafers, risen * size, (1 - risen) * size) - _score(
        hits, wafers, rate * size, (1 - rate) * size
    )
    return min(ratio, _MOST_OF_A_LOT)


def after_lot(watched: Watched, hits: int, wafers: int, at_ms: int, rules: Rules) -> Watched:
    """Return what is known of a label after a whole lot.

    What has rung for as long as arming takes is the new usual rate.

    Args:
        watched: What was known.
        hits: The lot's wafers with the label.
        wafers: The lot's wafers, at least 1.
        at_ms: When its last wafer was seen.
        rules: How to watch.
    """
    lot = Baseline(1, wafers, hits, hits * hits / wafers)
    if not watched.is_armed(rules):
        return Watched(watched.usual.plus(lot))
    pending = watched.pending.plus(lot)
    gain = evidence(hits, wafers, watched.usual, rules.rise_of(watched.usual))
    cusum = watched.cusum.step(gain, at_ms, rules.at(watched.usual))
    if watched.cusum.rings:
        return _after_ringing(watched, pending, cusum, rules)
    if cusum.value == 0.0:
        return Watched(watched.usual.plus(pending, rules.most_lots))
    return Watched(watched.usual, pending, cusum)


def within_lot(
    watched: Watched, under_way: list[tuple[int, int]], at_ms: int, rules: Rules
) -> Watched:
    """Return what is known of a label while lots, given as (hits, wafers), are still under way."""
    if not watched.is_armed(rules) or watched.cusum.rings:
        return watched
    # A hit speaks for at most log(rise), and a wafer without one against it: most looks end here.
    rise = rules.rise_of(watched.usual)
    most = sum(hits for hits, _ in under_way) * log(rise)
    if watched.cusum.value + most < rules.at(watched.usual):
        return watched
    gain = sum(evidence(hits, wafers, watched.usual, rise) for hits, wafers in under_way)
    cusum = watched.cusum.early(gain, at_ms, rules.at(watched.usual))
    return watched if cusum is watched.cusum else Watched(watched.usual, Baseline(), cusum)


def _after_ringing(watched: Watched, pending: Baseline, cusum: Cusum, rules: Rules) -> Watched:
    if not cusum.rings:
        return Watched(watched.usual)
    if cusum.groups >= rules.arm_lots:
        return Watched(pending)
    return Watched(watched.usual, pending, cusum)


def _score(hits: int, wafers: int, with_it: float, without: float) -> float:
    return (
        lgamma(hits + with_it) - lgamma(with_it) + lgamma(wafers - hits + without) - lgamma(without)
    )
