"""The int8 graph beside the float one, on this machine -> figures of both, or a refusal that says what failed.

    python -m training.gate --bundle models/wafer-map --against .cache/runs/b/fp32.onnx --data X.npz \
        --split validation calibration

Refused is what loses over 1 point of recall in any class, over 0.3 point of macro-F1 or over 0.2 point of calibration
error, or is slower than the float graph by over 5 %. One wafer is no evidence: of what int8 spoilt, the one wafer that
costs a figure most is forgiven, or Near-full with its 14 wafers could never lose any. `training.export` asks the gate
before it puts a bundle in its place. Needs NumPy and ONNX Runtime only, so that a Pi can ask it too.
"""

import argparse
import json
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort  # type: ignore[import-untyped]
from pydantic import JsonValue

from fabwafer.bundle import MODEL, read_bundle
from fabwafer.errors import BundleError, ContractError, FabWaferError
from training.comparison import Comparison, Pair, compare
from training.dataset import Split, WaferSet, splits
from training.evaluate import decisions_of, float_graph, open_model
from training.latency import is_slower, race
from training.maps import Codes, Ints
from training.metrics import Decisions
from training.sources import kind_of, read_wafers

SPLITS = (Split.VALIDATION, Split.CALIBRATION)
"""Whose lots `training.export` asks the gate about: no graph learned from them, and they are not the test's."""
_TIMED = 300
_SEED = 300


class GateError(BundleError):
    """The int8 graph is worse than the float one; the message names every class and figure that failed."""


@dataclass(frozen=True)
class Limits:
    """How much worse int8 may be; `slower` is a share of the float graph's milliseconds."""

    recall: float = 0.01
    macro_f1: float = 0.003
    ece: float = 0.002
    slower: float = 0.05


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


def to_time(wafers: WaferSet, indices: Ints) -> list[Codes]:
    """Return 300 maps, or all, drawn from those at `indices`."""
    drawn = np.random.default_rng(_SEED).permutation(indices)[:_TIMED]
    return [wafers.maps[int(index)] for index in drawn]


def failures(found: Comparison, latency: Pair, limits: Limits) -> Iterator[str]:
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


def _figure(name: str, pair: Pair, limit: float) -> str:
    return (
        f"{name}: expected {pair.fp32:.4f}, at most {100 * limit:g} point and one wafer worse, "
        f"got {pair.int8:.4f}"
    )


def wafers_of(wafers: WaferSet, wanted: Sequence[Split]) -> Ints:
    """Return indices of the wafers of some splits, of all without any.

    Raises:
        ContractError: If there are none.
    """
    if not wanted:
        return np.arange(len(wafers))
    parts = splits(wafers)
    indices = np.sort(np.concatenate([parts[split] for split in wanted]))
    if not len(indices):
        raise ContractError("--split", " ".join(wanted), "splits that have wafers")
    return indices


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments, compare, print the figures or why the bundle is refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--against", type=Path, required=True, help="fp32 graph, or a bundle")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", type=Split, choices=list(Split), nargs="+", default=[])
    given = parser.parse_args(arguments)
    try:
        manifest = read_bundle(given.bundle)
        policy = manifest.policy
        sessions = open_model(given.bundle / MODEL), open_model(float_graph(given.against))
        wafers = read_wafers(given.data, kind_of(manifest))
        indices = wafers_of(wafers, given.split)
        int8, fp32 = (
            Contender(each, decisions_of(each, wafers, indices, policy)) for each in sessions
        )
        figures = gate(int8, fp32, to_time(wafers, indices))
    except FabWaferError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{json.dumps(figures, indent=1)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
