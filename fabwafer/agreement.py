"""How far people agree about the same wafers: percent, Cohen's and Fleiss' kappa. Pure.

A pair is two answers about one wafer. One that was given in bulk was looked at less: it counts half.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fabwafer.history import Answer, Verdict
from fabwafer.tally import Sum, Tally, about, answer_read

BULK_WEIGHT = 0.5


@dataclass(frozen=True)
class Pair:
    """Two answers about one wafer; `at_ms` is on the day of the second, `times` how often just this happened then."""

    first_by: str
    first: Answer
    second_by: str
    second: Answer
    at_ms: int
    bulk: bool = False
    times: int = 1

    @property
    def weight(self) -> float:
        """Return how much the pair counts, at most 1 each time."""
        return self.times * (BULK_WEIGHT if self.bulk else 1.0)


@dataclass(frozen=True)
class Figure:
    """Agreement as a share (0..1), and kappa: what of it is beyond chance (1 all, 0 nothing).

    Either is None where it means nothing: without pairs, or where chance alone would always agree.
    """

    pairs: int
    bulk_pairs: int
    percent: float | None
    kappa: float | None


@dataclass(frozen=True)
class Report:
    """Agreement overall, and by label, reviewer and ISO week."""

    overall: Figure
    labels: dict[str, Figure]
    reviewers: dict[str, Figure]
    weeks: dict[str, Figure]


def pairs(tally: Tally) -> list[Pair]:
    """Return the pairs that were counted: each blind second reading with the first; nothing taken back counts."""
    return [
        Pair(
            first_by,
            answer_read(first),
            second_by,
            answer_read(second),
            round(datetime.fromisoformat(f"{day}T00:00Z").timestamp() * 1000),
            bulk=bool(bulk),
            times=times,
        )
        for (day, first_by, first, second_by, second, bulk), times in about(
            tally, Sum.PAIRS
        ).items()
    ]


def report(all_pairs: Sequence[Pair]) -> Report:
    """Return every figure about some pairs."""
    labels = sorted({name for pair in all_pairs for name in _names(pair)})
    reviewers = sorted({name for pair in all_pairs for name in (pair.first_by, pair.second_by)})
    weeks: dict[str, list[Pair]] = defaultdict(list)
    for pair in all_pairs:
        weeks[_week(pair.at_ms)].append(pair)
    return Report(
        overall=fleiss(all_pairs),
        labels={label: _of_label(all_pairs, label) for label in labels},
        reviewers={name: cohen(all_pairs, name) for name in reviewers},
        weeks={week: fleiss(some) for week, some in sorted(weeks.items())},
    )


def fleiss(
    some: Sequence[Pair], category: Callable[[Answer], str] = lambda answer: answer.category
) -> Figure:
    """Return agreement of pairs whose people vary.

    Fleiss, J. L. (1971): Measuring nominal scale agreement among many raters, with two answers a wafer.
    """
    total = sum(pair.weight for pair in some)
    if not total:
        return Figure(0, 0, None, None)
    shares: dict[str, float] = defaultdict(float)
    agreed = 0.0
    for pair in some:
        first, second = category(pair.first), category(pair.second)
        agreed += pair.weight * (first == second)
        for name in (first, second):
            shares[name] += pair.weight / (2 * total)
    return _figure(some, agreed / total, sum(share**2 for share in shares.values()))


def cohen(all_pairs: Iterable[Pair], reviewer: str) -> Figure:
    """Return how far a reviewer agrees with whoever read the same wafers.

    Cohen, J. (1960): A coefficient of agreement for nominal scales; the others count as one second rater.
    """
    own: dict[str, float] = defaultdict(float)
    others: dict[str, float] = defaultdict(float)
    some: list[Pair] = []
    agreed = 0.0
    for pair in all_pairs:
        if reviewer not in (pair.first_by, pair.second_by):
            continue
        mine, theirs = pair.first.category, pair.second.category
        if pair.first_by != reviewer:
            mine, theirs = theirs, mine
        some.append(pair)
        own[mine] += pair.weight
        others[theirs] += pair.weight
        agreed += pair.weight * (mine == theirs)
    total = sum(own.values())
    if not total:
        return Figure(0, 0, None, None)
    chance = sum(own[name] * others[name] for name in own) / total**2
    return _figure(some, agreed / total, chance)


def _of_label(all_pairs: Sequence[Pair], label: str) -> Figure:
    """Kappa by label asks of every pair whether each answer names it; percent, of those where one does."""
    figure = fleiss(all_pairs, lambda answer: str(label in _named(answer)))
    naming = [pair for pair in all_pairs if label in _names(pair)]
    total = sum(pair.weight for pair in naming)
    both = sum(
        pair.weight
        for pair in naming
        if label in _named(pair.first) and label in _named(pair.second)
    )
    return Figure(
        _times(naming), _bulk_times(naming), both / total if total else None, figure.kappa
    )


def _figure(some: Sequence[Pair], observed: float, chance: float) -> Figure:
    certain = chance > 1 - 1e-12
    return Figure(
        pairs=_times(some),
        bulk_pairs=_bulk_times(some),
        percent=min(observed, 1.0),
        kappa=None if certain else (observed - chance) / (1 - chance),
    )


def _times(some: Sequence[Pair]) -> int:
    return sum(pair.times for pair in some)


def _bulk_times(some: Sequence[Pair]) -> int:
    return sum(pair.times for pair in some if pair.bulk)


def _names(pair: Pair) -> set[str]:
    return _named(pair.first) | _named(pair.second)


def _named(answer: Answer) -> set[str]:
    return set(answer.labels) if answer.verdict is Verdict.LABELS else {answer.verdict.value}


def _week(at_ms: int) -> str:
    year, week, _ = datetime.fromtimestamp(at_ms / 1000, UTC).isocalendar()
    return f"{year}-W{week:02}"
