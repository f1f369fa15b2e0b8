"""What a candidate said of wafers -> which of its figures have left what was expected. Pure.

Where another model saw the same wafers, each is compared with what that one said of it, so that an excursion of the
process moves neither. Where the candidate was alone, its shares are held against those of the model before, with more slack.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fabwafer.betting import above, below
from fabwafer.expectation import Expectation, Share

ALPHA = 0.005
"""A figure that is as bad as its limit stops a stage with this probability: seven of them 0.035 in all."""
BETA = 0.05
"""With this probability a figure that is as bad as its limit ends a stage early as good."""
_SLOWER, _SLOWER_MS = 2.0, 20.0


@dataclass(frozen=True)
class Opinion:
    """What a model says of a wafer, and what triage does about it."""

    label: str
    accepted: bool
    alert: bool


@dataclass(frozen=True)
class Seen:
    """A wafer that a candidate has seen.

    Attributes:
        candidate: What it says.
        current: What the model before says, which is in use or runs beside; None where it did not see the wafer.
        truth: What people settled on, None as long as they have not.
        asked: Whether people were asked.
        edge_ms: How long the candidate took, None if unknown.
        at_ms: When it arrived.
        fab: Where.
    """

    candidate: Opinion
    current: Opinion | None = None
    truth: str | None = None
    asked: bool = False
    edge_ms: float | None = None
    at_ms: int = 0
    fab: str = ""


@dataclass(frozen=True)
class Guard:
    """One figure and its limit.

    Attributes:
        name: Which figure.
        wafers: How many it is of.
        rate: The figure: a share, or a difference of shares.
        expected: What it was expected to be.
        limit: What is too much.
        wealth: The evidence against it, and
        needed: how much of that tells.
        reached: After how many of these wafers there was enough, None if never.
        cleared: Whether there is enough evidence that it is within its limit.
    """

    name: str
    wafers: int
    rate: float
    expected: float
    limit: float
    wealth: float
    needed: float
    reached: int | None
    cleared: bool

    @property
    def words(self) -> str:
        """Return figure and limit as a reason."""
        return (
            f"{self.name}: {self.rate:.3f} of {self.wafers} wafers, expected {self.expected:.3f}, "
            f"limit {self.limit:.3f}, passed after {self.reached} of them"
        )


def judged(seen: Sequence[Seen], expected: Expectation) -> list[Guard]:
    """Judge a candidate by the wafers that it shared with the model before, and by those that it saw alone."""
    pairs = [(each, each.current) for each in seen if each.current is not None]
    rest = [each for each in seen if each.current is None]
    return [
        *(_beside(pairs, expected) if pairs else []),
        *(_alone(rest, expected) if rest else []),
        *_slowness(seen, expected),
    ]


def graver(guards: Sequence[Guard], others: Sequence[Guard]) -> list[Guard]:
    """Return of each figure, judged by two sets of wafers, the guard that has more against the candidate."""
    found = {guard.name: guard for guard in guards}
    for other in others:
        one = found.setdefault(other.name, other)
        if (other.reached is not None, other.wealth) > (one.reached is not None, one.wealth):
            found[other.name] = other
    return list(found.values())


def _beside(pairs: Sequence[tuple[Seen, Opinion]], expected: Expectation) -> list[Guard]:
    differ = [float(each.candidate.label != other.label) for each, other in pairs]
    odd = [
        float(each.candidate.label not in {other.label, *expected.learned}) for each, other in pairs
    ]
    sure = [
        float(not _keeps(each.candidate, other))
        for each, other in pairs
        if other.alert and other.accepted
    ]
    asks = [float(other.accepted) - float(each.candidate.accepted) for each, other in pairs]
    alerts = [
        float(each.candidate.alert) - float(other.alert)
        for each, other in pairs
        if each.candidate.label not in expected.learned
    ]
    # One model's doubts alone would choose wafers that speak against it.
    worse = [
        float(other.label == each.truth) - float(each.candidate.label == each.truth)
        for each, other in pairs
        if each.truth is not None and each.candidate.accepted == other.accepted
    ]
    return [
        _share("unexplained disagreement", odd, expected.unexplained, 0.05),
        _share("disagreement", differ, expected.contradicted, 0.30),
        _share("lost defects", sure, Share(0.0), 0.20),
        _difference("more reviews", asks, expected.more_abstained, 0.10),
        _difference("more alerts", alerts, 0.0, 0.10),
        _difference("more errors by reviewers", worse, 0.0, 0.10),
    ]


def _alone(seen: Sequence[Seen], expected: Expectation) -> list[Guard]:
    abstained = [float(not each.candidate.accepted) for each in seen]
    alerts = [float(each.candidate.alert) for each in seen]
    overridden = [
        float(each.truth != each.candidate.label) for each in seen if each.truth is not None
    ]
    return [
        _share("reviews", abstained, expected.abstained, 0.15),
        _share("alerts", alerts, expected.alerts, 0.30),
        _share("overridden by reviewers", overridden, expected.overridden, 0.20),
        *_mix(seen, expected),
    ]


def _keeps(candidate: Opinion, other: Opinion) -> bool:
    """Tell whether a defect that the model in use is sure of is alerted about still, or asked about, or named alike."""
    return candidate.alert or not candidate.accepted or candidate.label == other.label


def _mix(seen: Sequence[Seen], expected: Expectation) -> list[Guard]:
    if not expected.labels:
        return []
    counts = Counter(each.candidate.label for each in seen)
    names = sorted({*counts, *expected.labels})
    return [
        _share(
            f"label {name}",
            [float(each.candidate.label == name) for each in seen],
            expected.labels.get(name, Share(0.0)),
            0.30,
            parts=len(names),
        )
        for name in names
    ]


def _slowness(seen: Iterable[Seen], expected: Expectation) -> list[Guard]:
    if expected.edge_ms is None:
        return []
    bound = _SLOWER * expected.edge_ms + _SLOWER_MS
    slow = [float(each.edge_ms > bound) for each in seen if each.edge_ms is not None]
    return [_guard(f"slower than {bound:.0f} ms", slow, _Bound(0.0, 0.5))]


@dataclass(frozen=True)
class _Bound:
    """What a figure is held against; `parts` is among how many figures its share of errors is divided."""

    expected: float
    limit: float
    lowest: float = 0.0
    parts: int = 1


def _share(
    name: str, values: Sequence[float], expected: Share, slack: float, parts: int = 1
) -> Guard:
    return _guard(name, values, _Bound(expected.value, expected.limit(slack), parts=parts))


def _difference(name: str, values: Sequence[float], expected: float, slack: float) -> Guard:
    return _guard(name, values, _Bound(expected, expected + slack, lowest=-1.0))


def _guard(name: str, values: Sequence[float], bound: _Bound) -> Guard:
    needed = bound.parts / ALPHA
    found = above(values, bound.limit, needed, bound.lowest)
    cleared = bound.limit >= 1 or below(values, bound.limit, 1 / BETA).reached is not None
    return Guard(
        name=name,
        wafers=found.count,
        rate=found.mean,
        expected=bound.expected,
        limit=bound.limit,
        wealth=found.wealth,
        needed=needed,
        reached=found.reached,
        cleared=cleared,
    )
