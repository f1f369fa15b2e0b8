"""What a fab's answers tell of its reviewers and of its model: work done, honeypots, each model's live error. Pure."""

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


def model_errors(tally: Tally) -> dict[str, Share]:
    """Return how often each model (name@version, "" where unknown) is wrong in what it decides alone.

    From the random audit sample of that; the model that was judged last comes first.
    """
    last_days = {model: day for day, model in sorted(about(tally, Sum.JUDGED))}
    judged, wrong = _by_name(tally, Sum.JUDGED), _by_name(tally, Sum.WRONG)
    newest_first = sorted(last_days, key=lambda model: (last_days[model], model), reverse=True)
    return {model: _share(wrong.get(model, 0), judged[model]) for model in newest_first}


def _share(hits: int, cases: int) -> Share:
    low, high = wilson(hits, cases)
    return Share(cases, hits, low, high)


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
