"""Rounds of every contender -> one table. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from pydantic import BaseModel, ConfigDict

from bench.model.contenders import SHIPPED, Contender

_HEAD = """| network | weights | engine | wafer to label: p50 ms (rounds) | p99 ms | processor ms | PNG to label: p50 ms (rounds) \
| p99 ms | processor ms | file MB | peak memory MB | labels as shipped |
|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"""


class Times(BaseModel):
    """Percentiles of one way through a contender, in milliseconds; `processor_p50` leaves out when others had the core."""

    model_config = ConfigDict(frozen=True)

    p50: float
    p99: float
    processor_p50: float


class Round(BaseModel):
    """What one process measured.

    Attributes:
        wafer: From a decoded wafer.
        png: From the bytes of a PNG.
        peak_mb: The process' largest resident memory.
        labels: The decisions, one a wafer, if they are to be compared.
    """

    model_config = ConfigDict(frozen=True)

    wafer: Times
    png: Times
    peak_mb: float
    labels: list[int]


@dataclass(frozen=True)
class Result:
    """What came of one contender: its rounds, or why there are none."""

    contender: Contender
    size_bytes: int = 0
    rounds: tuple[Round, ...] = ()
    problem: str = ""


def table(results: Sequence[Result]) -> str:
    """Return the table for people; a time is the median of the rounds, with the least and the largest."""
    shipped = {each.contender: each for each in results}.get(SHIPPED)
    labels = shipped.rounds[0].labels if shipped and shipped.rounds else []
    return "\n".join([_HEAD, *(_line(each, labels) for each in results)])


def _line(result: Result, shipped: list[int]) -> str:
    who = result.contender
    cells = [who.network, who.weights, str(who.engine)]
    if not result.rounds:
        reason = " ".join(result.problem.split()).replace("|", "/")
        return f"| {' | '.join(cells)} | not measured: {reason} | | | | | | | | |"
    for way in ("wafer", "png"):
        cells += _times([getattr(each, way) for each in result.rounds])
    cells.append(f"{result.size_bytes / 1e6:.2f}")
    cells.append(f"{median(each.peak_mb for each in result.rounds):.0f}")
    cells.append(_same(result.rounds[0].labels, shipped))
    return f"| {' | '.join(cells)} |"


def _times(times: Sequence[Times]) -> list[str]:
    p50 = [each.p50 for each in times]
    middle = f"{median(p50):.2f} ({min(p50):.2f} to {max(p50):.2f})"
    others = (median(each.p99 for each in times), median(each.processor_p50 for each in times))
    return [middle, *(f"{each:.2f}" for each in others)]


def _same(labels: list[int], shipped: list[int]) -> str:
    if not labels or len(labels) != len(shipped):
        return ""
    return f"{sum(a == b for a, b in zip(labels, shipped, strict=True))} of {len(shipped)}"
