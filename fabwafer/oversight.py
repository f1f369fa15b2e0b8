"""What a fab's answers tell of its reviewers and of its model: work done, honeypots, the model's live error. Pure."""

import math
from dataclasses import dataclass

from fabwafer.tally import Sum, Tally, about

_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Day:
    """What one person answered on one day (UTC)."""

    day: str
    reviewer: str
    answers: int
    bulk: int
    hasty: int


@dataclass(frozen=True)
class Share:
    """How often something happened, with its 95 % interval."""

    cases: int
    hits: int
    low: float
    high: float


def days(tally: Tally) -> list[Day]:
    """Return what each person answered each day, by day and name; nothing taken back counts."""
    bulk, hasty = about(tally, Sum.BULK), about(tally, Sum.HASTY)
    return [
        Day(day, name, answers, bulk.get((day, name), 0), hasty.get((day, name), 0))
        for (day, name), answers in sorted(about(tally, Sum.ANSWERS).items())
    ]


def settled(tally: Tally) -> int:
    """Return how many items were settled, and still are."""
    return sum(about(tally, Sum.SETTLED).values())


def honeypots(tally: Tally) -> dict[str, tuple[int, int]]:
    """Return by reviewer how many wafers of known answer they were shown, and how many they got right."""
    shown, right = _by_name(tally, Sum.SHOWN), _by_name(tally, Sum.RIGHT)
    return {name: (shown[name], right.get(name, 0)) for name in sorted(shown)}


def model_error(tally: Tally) -> Share | None:
    """Return how often the model is wrong where it is sure, from the random audit sample."""
    judged = sum(about(tally, Sum.JUDGED).values())
    if not judged:
        return None
    errors = sum(about(tally, Sum.WRONG).values())
    low, high = wilson(errors, judged)
    return Share(judged, errors, low, high)


def wilson(hits: int, cases: int) -> tuple[float, float]:
    """Return the 95 % interval of a share.

    Wilson, E. B. (1927): Probable inference, the law of succession, and statistical inference.
    """
    share, square = hits / cases, _Z95**2
    middle = (share + square / (2 * cases)) / (1 + square / cases)
    spread = math.sqrt(share * (1 - share) / cases + square / (4 * cases**2))
    half = _Z95 * spread / (1 + square / cases)
    return max(0.0, middle - half), min(1.0, middle + half)


def _by_name(tally: Tally, counted: Sum) -> dict[str, int]:
    found: dict[str, int] = {}
    for (_, name), count in about(tally, counted).items():
        found[name] = found.get(name, 0) + count
    return found
