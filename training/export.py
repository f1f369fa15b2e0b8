"""A run folder -> a bundle: int8 graph, manifest with thresholds and figures. The float graph stays with the run.

    python -m training.export --run runs/a --data wafers.npz --bundle models/wafer-map

Temperature and the thresholds of novelty and refusal from the validation lots, int8 ranges and acceptance thresholds
from the calibration lots; the test lots are read once, at the end, for the figures, and only if the gate lets int8
pass (`training.gate`). A run with epochs left to do is refused, but for `--unfinished`.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from pydantic import JsonValue, ValidationError

from fabwafer.bundle import Manifest
from fabwafer.errors import ContractError, FabWaferError
from fabwafer.triage import Policy
from training.bundle.candidate import Candidate, contenders, make_candidate, promises
from training.bundle.gate import SPLITS, Limits, add_limits, gate, limits_of
from training.bundle.writing import recover, write_bundle
from training.data.collect import sources_of
from training.data.lots import SPLIT_SEED, Split
from training.data.maps import Ints
from training.data.sources import form_of, read_wafers, source_of
from training.data.wafers import WaferSet, require_wafers, splits
from training.data.whole import whole
from training.network.model import multiply_adds
from training.network.run import Recipe, Run, load
from training.worth.comparison import beside
from training.worth.latency import to_time
from training.worth.summary import report

NAME = "wafer-map@1.0.0"
FP32 = "fp32.onnx"


@dataclass(frozen=True)
class Terms:
    """On what terms a run becomes a bundle.

    Attributes:
        model: The name@version that it is to be known by.
        limits: Of the gate, where others than its own.
        unfinished: Whether a run may have epochs left to do.
    """

    model: str = NAME
    limits: Limits | None = None
    unfinished: bool = False


def export(run_folder: Path, data: Path, bundle: Path, terms: Terms = Terms()) -> Manifest:
    """Make, measure and write the bundle of a run; returns its manifest.

    Raises:
        ContractError: If the run or the data cannot be read, the run has epochs left, a split has no wafers, or the name
            is none.
        GateError: If int8 loses more than the limits allow; the bundle before stays.
    """
    recover(bundle)
    wafers = read_wafers(data)
    run = _ready(run_folder, wafers, terms)
    parts = splits(wafers)
    require_wafers(wafers, parts)
    candidate = make_candidate(run.averaged, wafers, parts, _policy(terms.model, run.recipe))
    passed = _passed(candidate, wafers, parts, terms.limits)
    content = candidate.int8.SerializeToString()
    figures: dict[str, JsonValue] = {
        **_figures(candidate, wafers, parts[Split.TEST]),
        "gate": passed,
        "size_bytes": len(content),
        "multiply_adds": multiply_adds(run.averaged),
        "epochs": run.epoch,
    }
    described = _described(wafers, parts, data)
    manifest = _manifest(terms.model, candidate.policy, figures, described)
    _keep(candidate.fp32, run_folder / FP32)
    write_bundle(bundle, content, manifest)
    return manifest


def _ready(folder: Path, wafers: WaferSet, terms: Terms) -> Run:
    run = load(folder, torch.device("cpu"))
    if run.recipe.data != wafers.digest():
        raise ContractError("--data", wafers.digest(), f"the run's data {run.recipe.data}")
    if run.epoch < run.recipe.epochs and not terms.unfinished:
        expected = f"all {run.recipe.epochs} epochs done, or --unfinished"
        raise ContractError("--run", f"{run.epoch} epochs", expected)
    return run


def _passed(
    candidate: Candidate, wafers: WaferSet, parts: dict[Split, Ints], limits: Limits | None
) -> dict[str, JsonValue]:
    held_out = np.sort(np.concatenate([parts[split] for split in SPLITS]))
    pair = contenders(candidate, wafers, held_out)
    return {"splits": list(SPLITS), **gate(*pair, to_time(wafers, held_out), limits)}


def _figures(candidate: Candidate, wafers: WaferSet, test: Ints) -> dict[str, JsonValue]:
    int8, fp32 = (each.decisions for each in contenders(candidate, wafers, test))
    return {**report(int8), **beside(int8, fp32), "promise": promises(candidate)}


def _described(wafers: WaferSet, parts: dict[Split, Ints], data: Path) -> dict[str, JsonValue]:
    sources = sources_of(data)
    return {
        "sha256": wafers.digest(),
        "wafers": len(wafers),
        "kind": wafers.maps.kind.value,
        "form": form_of(source_of(data)),
        "split_seed": SPLIT_SEED,
        "parts": {split.value: len(indices) for split, indices in parts.items()},
        **({"sources": sources} if sources else {}),
    }


def _manifest(
    model: str, policy: Policy, figures: dict[str, JsonValue], data: dict[str, JsonValue]
) -> Manifest:
    name, _, version = model.partition("@")
    return Manifest(name=name, version=version, policy=policy, files={}, metrics=figures, data=data)


def _policy(model: str, recipe: Recipe) -> Policy:
    try:
        return Policy(model=model, labels=recipe.labels, normal=recipe.normal)
    except ValidationError as error:
        raise ContractError("--model", model, "<name>@<version>") from error


def _keep(model: onnx.ModelProto, path: Path) -> None:
    with whole(path) as unfinished:
        onnx.save(model, unfinished)


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments and export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--model", default=NAME, help="its name@version (default: %(default)s)")
    parser.add_argument("--unfinished", action="store_true", help="though epochs are left to do")
    add_limits(parser)
    given = parser.parse_args(arguments)
    try:
        terms = Terms(given.model, limits_of(given), given.unfinished)
        manifest = export(given.run, given.data, given.bundle, terms)
    except FabWaferError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    figures = manifest.metrics
    told = f"{figures['epochs']} epochs, macro-F1 {figures['macro_f1']}"
    sys.stdout.write(f"{manifest.model}: {told}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
