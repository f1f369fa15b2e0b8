"""Does a mean lie above its limit? A test that may be read after every wafer and still keeps its error rate. Pure.

A gambler bets against "the mean is at most the limit". While that holds, their wealth grows on no strategy, so it
ever reaches 1/alpha with a probability of at most alpha, however often one looks (Ville 1939). Here the wealth is
spread over seven fixed stakes (Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by
betting"; for yes or no it is Wald's sequential test with a mixture over the alternatives).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

_STAKES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 0.95)
"""Shares of the wealth: the small ones find small excesses, the large ones find large ones soon."""


@dataclass(frozen=True)
class Evidence:
    """What a sequence says against "the mean is at most the limit".

    Attributes:
        count: Values seen.
        mean: Theirs; 0 without any.
        wealth: The most that the gambler ever had, who began with 1.
        reached: After how many values they first had what was needed, None if never.
    """

    count: int
    mean: float
    wealth: float
    reached: int | None


def above(values: Iterable[float], limit: float, needed: float, lowest: float = 0.0) -> Evidence:
    """Test whether a mean lies above a limit.

    Args:
        values: In the order in which they came; each must be expected at most at the limit, given those before.
        limit: Above `lowest`.
        needed: 1/alpha: the wealth that tells.
        lowest: What no value is below.
    """
    unit = limit - lowest
    logs = [-math.log(len(_STAKES))] * len(_STAKES)
    count, total, best, reached = 0, 0.0, 0.0, None
    for value in values:
        count, total = count + 1, total + value
        gain = (value - limit) / unit
        logs = [log + math.log1p(stake * gain) for log, stake in zip(logs, _STAKES, strict=True)]
        best = max(best, _log_sum(logs))
        if reached is None and best >= math.log(needed):
            reached = count
    return Evidence(count, total / count if count else 0.0, math.exp(min(best, 700.0)), reached)


def below(values: Iterable[float], limit: float, needed: float, highest: float = 1.0) -> Evidence:
    """Test whether a mean lies below a limit; `highest` is what no value is above."""
    turned = above((-value for value in values), -limit, needed, -highest)
    return Evidence(turned.count, -turned.mean, turned.wealth, turned.reached)


def _log_sum(logs: list[float]) -> float:
    top = max(logs)
    return top + math.log(sum(math.exp(log - top) for log in logs))
