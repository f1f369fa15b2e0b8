"""The int8 graph's decisions and times beside the float one's -> figures of both, or a refusal that says what failed.

One wafer is no evidence: of what int8 spoilt, the one wafer that costs a figure most is forgiven, or Near-full with its
14 wafers could never lose any.
"""

import argparse
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields

import onnxruntime as ort  # type: ignore[import-untyped]
from pydantic import JsonValue

from fabwafer.errors import BundleError
from training.data.lots import Split
from training.data.maps import Codes
from training.worth.comparison import BothGraphs, Comparison, compare
from training.worth.latency import is_slower, race
from training.worth.metrics import Decisions

SPLITS = (Split.VALIDATION, Split.CALIBRATION)
"""Whose lots `training.export` asks the gate about: no weight was learned from them, and they are not the test's.

int8's ranges are those of calibration lots, so what it loses there is a little less than elsewhere.
"""


class GateError(BundleError):
    """The int8 graph is worse than the float one; the message names every class and figure that failed."""


@dataclass(frozen=True)
class Limits:
    """How much worse int8 may be; `slower` is a share of the float graph's milliseconds."""

    recall: float = 0.01
    macro_f1: float = 0.003
    ece: float = 0.002
    slower: float = 0.05


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Let a command be told other limits: `--limit-recall` and so on."""
    for each in fields(Limits):
        option = f"--limit-{each.name.replace('_', '-')}"
        parser.add_argument(option, dest=each.name, type=float, default=each.default)


def limits_of(given: argparse.Namespace) -> Limits:
    """Return what a command was told."""
    return Limits(**{each.name: getattr(given, each.name) for each in fields(Limits)})


@dataclass(frozen=True)
class Contender:
    """A graph, and what it says of the wafers that both are asked about."""

    session: ort.InferenceSession
    decisions: Decisions


def gate(
    int8: Contender, fp32: Contender, maps: Sequence[Codes], limits: Limits | None = None
) -> dict[str, JsonValue]:
    """Compare the graphs, and time them on `maps`; return the figures of both.

    Raises:
        GateError: If int8 is worse than the limits allow.
    """
    limits = limits or Limits()
    found = compare(int8.decisions, fp32.decisions)
    latency = race(int8.session, fp32.session, maps, limits.slower)
    failed = list(failures(found, latency, limits))
    if failed:
        raise GateError("int8 is worse than fp32: " + "; ".join(failed))
    machine = {"machine": platform.machine(), "onnxruntime": ort.__version__}
    return {**asdict(found), "latency_ms": asdict(latency), **machine, "limits": asdict(limits)}


def failures(found: Comparison, latency: BothGraphs, limits: Limits) -> Iterator[str]:
    """Yield a sentence for every class and figure that fails."""
    for label, pair in found.found.items():
        wafers, lost = found.of_class[label], int(pair.fp32 - pair.int8)
        if lost - 1 > limits.recall * wafers:
            yield (
                f"recall of {label}: expected at most {100 * limits.recall:g} point and one wafer lost, "
                f"got {lost} of {wafers} wafers, {100 * lost / wafers:.1f} points"
            )
    worse = found.macro_f1.fp32 - found.macro_f1_forgiven
    if worse > limits.macro_f1:
        yield _figure("macro-F1", found.macro_f1, limits.macro_f1)
    if found.ece.int8 - found.ece.fp32 - 1 / found.wafers > limits.ece:
        yield _figure("calibration error", found.ece, limits.ece)
    if is_slower(latency, limits.slower):
        yield (
            f"latency: expected at most {100 * limits.slower:g} % over {latency.fp32:.3f} ms, "
            f"got {latency.int8:.3f} ms on {platform.machine()}"
        )


def _figure(name: str, pair: BothGraphs, limit: float) -> str:
    return (
        f"{name}: expected {pair.fp32:.4f}, at most {100 * limit:g} point and one wafer worse, "
        f"got {pair.int8:.4f}"
    )
