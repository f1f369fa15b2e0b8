"""The process moved: a label has become more frequent than this fab's lots, as clustered as they are, explain. Pure.

Each lot adds the logarithm of how much more probable its beta-binomial count is after a threefold rise than at the
usual rate, of a label that is rarer after a fourfold one. The sum is the fab's, the usual rate that of the model that
decided: a model that tells a label better calls it more often, and the process has not moved.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import lgamma, log

from fabwafer.cusum import Cusum
from fabwafer.usual_rate import Baseline

_FREQUENT, _RARE, _LUMPY = 0.035, 0.01, 0.15
_MOST_OF_A_LOT = 4.0
"""What one lot may speak for a rise: real lots are now and then full of a defect, more often than beta-binomial ones."""
_HARDER = 2.5
"""A label rarer or more clustered than that needs so much more to ring: most false alarms are for those that are
soon found."""
_MOST_MODELS = 4


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

    def at(self, usual: Baseline) -> float:
        """Return where the sum of a label with this usual rate rings."""
        hard = usual.rate < _RARE or usual.clustering > _LUMPY
        return self.threshold + (_HARDER if hard else 0.0)

    def rise_of(self, usual: Baseline) -> float:
        """Return the rise that the sum of a label with this usual rate is designed for."""
        return self.rise if usual.rate >= _FREQUENT else self.rarer_rise

    def know(self, usual: Baseline) -> bool:
        """Tell whether a usual rate is known well enough to ring."""
        return usual.lots >= self.arm_lots


@dataclass(frozen=True)
class Calls:
    """A lot's wafers that one model decided, and how many of them it gave the label."""

    model: str
    hits: int
    wafers: int


@dataclass(frozen=True)
class Known:
    """What is known of a label under one model.

    Attributes:
        usual: The lots that its usual rate comes from.
        pending: The lots since the sum left zero: they count as usual when it comes back without having rung.
        last_ms: When the model decided its last lot.
    """

    usual: Baseline = field(default_factory=Baseline)
    pending: Baseline = field(default_factory=Baseline)
    last_ms: int = 0


@dataclass(frozen=True)
class Watched:
    """What is known of one label: by model, and the sum, which is of all."""

    models: dict[str, Known] = field(default_factory=dict)
    cusum: Cusum = field(default_factory=Cusum)

    @property
    def usual(self) -> Baseline:
        """Return the lots that the usual rate of the model at work comes from."""
        return max(self.models.values(), key=lambda each: each.last_ms, default=Known()).usual

    def of(self, model: str) -> Known:
        """Return what is known of the label under a model."""
        return self.models.get(model, Known())


def evidence(hits: int, wafers: int, usual: Baseline, rise: float) -> float:
    """Return what a lot's count speaks for a rise: the log of the ratio of two beta-binomial probabilities, at most 4."""
    rate, clustering = usual.rate, usual.clustering
    size = (1 - clustering) / clustering
    risen = min(rise * rate, (1 + rate) / 2)
    ratio = _score(hits, wafers, risen * size, (1 - risen) * size) - _score(
        hits, wafers, rate * size, (1 - rate) * size
    )
    return min(ratio, _MOST_OF_A_LOT)


def after_lot(watched: Watched, calls: Calls, at_ms: int, rules: Rules) -> Watched:
    """Return what is known of a label after a whole lot.

    What has rung for as long as arming takes is the new usual rate.

    Args:
        watched: What was known.
        calls: The lot, of at least 1 wafer.
        at_ms: When its last wafer was seen.
        rules: How to watch.
    """
    known, lot = watched.of(calls.model), Baseline.of_lot(calls.hits, calls.wafers)
    if not rules.know(known.usual):
        return replace(
            watched, models=_with(watched, calls.model, Known(known.usual.plus(lot), last_ms=at_ms))
        )
    models = _with(watched, calls.model, Known(known.usual, known.pending.plus(lot), at_ms))
    gain = evidence(calls.hits, calls.wafers, known.usual, rules.rise_of(known.usual))
    cusum = watched.cusum.step(gain, at_ms, rules.at(known.usual))
    if watched.cusum.rings:
        return _after_ringing(models, cusum, rules)
    if cusum.value == 0.0:
        return Watched(
            _settled(models, lambda each: each.usual.plus(each.pending, rules.most_lots))
        )
    return Watched(models, cusum)


def within_lot(watched: Watched, under_way: list[Calls], at_ms: int, rules: Rules) -> Watched:
    """Return what is known of a label while lots are still under way."""
    judged = [
        (calls, usual) for calls in under_way if rules.know(usual := watched.of(calls.model).usual)
    ]
    if not judged or watched.cusum.rings:
        return watched
    # A hit speaks for at most log(rise), and a wafer without one against it: most looks end here.
    threshold = max(rules.at(usual) for _, usual in judged)
    most = sum(calls.hits * log(rules.rise_of(usual)) for calls, usual in judged)
    if watched.cusum.value + most < threshold:
        return watched
    gain = sum(
        evidence(calls.hits, calls.wafers, usual, rules.rise_of(usual)) for calls, usual in judged
    )
    cusum = watched.cusum.early(gain, at_ms, threshold)
    if cusum is watched.cusum:
        return watched
    return Watched(_settled(watched.models, lambda each: each.usual), cusum)


def _after_ringing(models: Mapping[str, Known], cusum: Cusum, rules: Rules) -> Watched:
    if not cusum.rings:
        return Watched(_settled(models, lambda each: each.usual))
    if cusum.groups >= rules.arm_lots:
        return Watched(_settled(models, lambda each: each.pending))
    return Watched(dict(models), cusum)


def _settled(models: Mapping[str, Known], usual: Callable[[Known], Baseline]) -> dict[str, Known]:
    """Nothing is pending any more."""
    return {name: Known(usual(each), last_ms=each.last_ms) for name, each in models.items()}


def _with(watched: Watched, model: str, known: Known) -> dict[str, Known]:
    every = watched.models | {model: known}
    latest = sorted(every, key=lambda name: every[name].last_ms)[-_MOST_MODELS:]
    return {name: every[name] for name in latest}


def _score(hits: int, wafers: int, with_it: float, without: float) -> float:
    return (
        lgamma(hits + with_it) - lgamma(with_it) + lgamma(wafers - hits + without) - lgamma(without)
    )
