"""A run folder -> a bundle: int8 graph, manifest with thresholds and figures. The float graph stays with the run.

    python -m training.export --run runs/a --data ../shared/data/wm811k_labelled.npz --bundle models/wafer-map

Temperature and the thresholds of novelty and refusal from the validation lots, int8 ranges and acceptance thresholds
from the calibration lots; the test lots are read once, at the end, for the figures, and only if the gate lets int8
pass (`training.gate`).
"""

import argparse
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import onnx
import torch
from pydantic import JsonValue, ValidationError

from fabwafer.bundle import Manifest
from fabwafer.errors import ContractError, FabWaferError
from fabwafer.triage import Policy
from training.bundle.candidate import contenders, make_candidate, promises
from training.bundle.gate import SPLITS, Limits, gate
from training.bundle.writing import write_bundle
from training.data.collect import sources_of
from training.data.lots import SPLIT_SEED, Split
from training.data.sources import read_wafers
from training.data.wafers import require_wafers, splits
from training.network.model import multiply_adds
from training.network.run import Recipe, load
from training.worth.comparison import beside
from training.worth.latency import to_time
from training.worth.metrics import report

NAME = "wafer-map@1.0.0"
FP32 = "fp32.onnx"


def export(
    run_folder: Path, data: Path, bundle: Path, limits: Limits | None = None, model: str = NAME
) -> Manifest:
    """Make, measure and write the bundle of a run, to be known as name@version; returns its manifest.

    Raises:
        ContractError: If the run or the data cannot be read, a split has no wafers, or the name is none.
        GateError: If int8 loses more than the limits allow; the bundle before stays.
    """
    wafers = read_wafers(data)
    parts = splits(wafers)
    run = load(run_folder, torch.device("cpu"))
    if run.recipe.data != wafers.digest():
        raise ContractError("--data", wafers.digest(), f"the run's data {run.recipe.data}")
    require_wafers(wafers, parts)
    network = run.averaged
    policy = _policy(model, run.recipe)
    candidate = make_candidate(network, wafers, parts, policy)
    held_out = np.sort(np.concatenate([parts[split] for split in SPLITS]))
    _keep(candidate.fp32, run_folder / FP32)
    passed = gate(*contenders(candidate, wafers, held_out), to_time(wafers, held_out), limits)
    int8, fp32 = (each.decisions for each in contenders(candidate, wafers, parts[Split.TEST]))
    content = candidate.int8.SerializeToString()
    figures = {
        **report(int8),
        **beside(int8, fp32),
        "gate": {"splits": list(SPLITS), **passed},
        "promise": promises(candidate),
        "size_bytes": len(content),
        "multiply_adds": multiply_adds(network),
        "epochs": run.epoch,
    }
    described: dict[str, JsonValue] = {
        "sha256": wafers.digest(),
        "wafers": len(wafers),
        "kind": wafers.maps.kind.value,
        "split_seed": SPLIT_SEED,
        "parts": {split.value: len(indices) for split, indices in parts.items()},
    }
    if sources := sources_of(data):
        described["sources"] = sources
    name, _, version = model.partition("@")
    manifest = Manifest(
        name=name,
        version=version,
        policy=candidate.policy,
        files={},
        metrics=figures,
        data=described,
    )
    write_bundle(bundle, content, manifest)
    return manifest


def _policy(model: str, recipe: Recipe) -> Policy:
    try:
        return Policy(model=model, labels=recipe.labels, normal=recipe.normal)
    except ValidationError as error:
        raise ContractError("--model", model, "<name>@<version>") from error


def _keep(model: onnx.ModelProto, path: Path) -> None:
    unfinished = path.with_suffix(".part")
    onnx.save(model, unfinished)
    unfinished.rename(path)


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments and export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--model", default=NAME, help="its name@version (default: %(default)s)")
    for each in fields(Limits):
        option = f"--limit-{each.name.replace('_', '-')}"
        parser.add_argument(option, dest=each.name, type=float, default=each.default)
    given = parser.parse_args(arguments)
    try:
        limits = Limits(**{each.name: getattr(given, each.name) for each in fields(Limits)})
        manifest = export(given.run, given.data, given.bundle, limits, given.model)
    except FabWaferError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{manifest.model}: macro-F1 {manifest.metrics['macro_f1']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
