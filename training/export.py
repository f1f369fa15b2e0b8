"""A run folder -> a bundle: int8 graph, manifest with thresholds and figures, model card.

    python -m training.export --run runs/a --data ../shared/data/wm811k_labelled.npz --bundle models/wafer-map

Temperature from the validation lots, int8 ranges and acceptance thresholds from the calibration lots; the
test lots are read once, at the end, for the figures.
"""

import argparse
import hashlib
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import onnx
import torch
from pydantic import JsonValue

from fabwafer.bundle import MANIFEST, MODEL, Manifest
from fabwafer.errors import ContractError, FabWaferError
from fabwafer.triage import Policy
from training import graph
from training.calibrate import (
    CONFIDENCE,
    MAX_ESCAPES,
    MAX_WRONG_CALLS,
    Threshold,
    accept_policy,
    accept_thresholds,
    fit_temperature,
)
from training.dataset import SPLIT_SEED, Split, WaferSet, read_npz, splits
from training.evaluate import decisions_of, open_model
from training.maps import Ints
from training.metrics import report
from training.model import Network, multiply_adds
from training.model_card import CARD, model_card
from training.quantize import calibration_sample, quantize, set_constant
from training.run import load

NAME = "wafer-map"
VERSION = "1.0.0"


@dataclass(frozen=True)
class Candidate:
    """Both graphs of a network with one policy, and what its thresholds are certified for."""

    int8: onnx.ModelProto
    fp32: onnx.ModelProto
    policy: Policy
    temperature: float
    thresholds: dict[str, Threshold]


def make_candidate(
    network: Network, wafers: WaferSet, parts: dict[Split, Ints], policy: Policy
) -> Candidate:
    """Quantize and calibrate; never touches the test lots."""
    fp32 = graph.build(network)
    int8 = quantize(fp32, calibration_sample(wafers, parts[Split.CALIBRATION]))
    validation = decisions_of(
        open_model(int8.SerializeToString()), wafers, parts[Split.VALIDATION], policy
    )
    temperature = fit_temperature(validation.probabilities, validation.truth)
    for model in (fp32, int8):
        set_constant(model, graph.TEMPERATURE, temperature)
    calibration = decisions_of(
        open_model(int8.SerializeToString()), wafers, parts[Split.CALIBRATION], policy
    )
    thresholds = accept_thresholds(calibration)
    accept = accept_policy(thresholds, policy.labels)
    policy = policy.model_copy(update={"accept": accept})
    return Candidate(int8, fp32, policy, temperature, thresholds)


def measure(candidate: Candidate, wafers: WaferSet, indices: Ints) -> dict[str, JsonValue]:
    """Return the figures of int8, beside those of fp32 on the same wafers."""
    int8, fp32 = (
        decisions_of(open_model(model.SerializeToString()), wafers, indices, candidate.policy)
        for model in (candidate.int8, candidate.fp32)
    )
    figures = report(int8)
    float_figures = report(fp32)
    figures["fp32"] = {
        name: float_figures[name] for name in ("macro_f1", "accuracy", "ece", "classes")
    }
    figures["same_decision_as_fp32"] = float((int8.predicted == fp32.predicted).mean())
    return figures


def export(run_folder: Path, data: Path, bundle: Path) -> Manifest:
    """Make, measure and write the bundle of a run; returns its manifest.

    Raises:
        ContractError: If the run or the data cannot be read.
    """
    wafers = read_npz(data)
    parts = splits(wafers)
    run = load(run_folder, torch.device("cpu"))
    if run.recipe.data != wafers.digest():
        raise ContractError("--data", wafers.digest(), f"the run's data {run.recipe.data}")
    network = run.averaged
    labels = run.recipe.labels
    policy = Policy(
        model=f"{NAME}@{VERSION}",
        labels=labels,
        normal=run.recipe.normal,
    )
    candidate = make_candidate(network, wafers, parts, policy)
    content = candidate.int8.SerializeToString()
    figures = measure(candidate, wafers, parts[Split.TEST]) | {
        "promise": promises(candidate),
        "size_bytes": len(content),
        "multiply_adds": multiply_adds(network),
        "epochs": run.epoch,
    }
    described: dict[str, JsonValue] = {
        "sha256": wafers.digest(),
        "wafers": len(wafers),
        "split_seed": SPLIT_SEED,
        "parts": {split.value: len(indices) for split, indices in parts.items()},
    }
    manifest = Manifest(
        name=NAME,
        version=VERSION,
        policy=candidate.policy,
        files={},
        metrics=figures,
        data=described,
    )
    write_bundle(bundle, content, manifest)
    return manifest


def promises(candidate: Candidate) -> dict[str, JsonValue]:
    """Return what the acceptance thresholds promise, and how that was found."""
    return {
        "method": "fixed-sequence testing; Clopper-Pearson, lots as units (Korn-Graubard)",
        "confidence": CONFIDENCE,
        "max_escapes": MAX_ESCAPES,
        "max_wrong_defect_calls": MAX_WRONG_CALLS,
        "temperature": candidate.temperature,
        "thresholds": {name: asdict(each) for name, each in candidate.thresholds.items()},
    }


def write_bundle(bundle: Path, model: bytes, manifest: Manifest) -> None:
    """Write the bundle beside its place, then swap: nobody ever sees half of one."""
    fresh = bundle.with_name(f"{bundle.name}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    (fresh / MODEL).write_bytes(model)
    (fresh / CARD).write_text(model_card(manifest))
    digests = {
        name: hashlib.sha256((fresh / name).read_bytes()).hexdigest() for name in (MODEL, CARD)
    }
    manifest = manifest.model_copy(update={"files": digests})
    (fresh / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n")
    previous = bundle.with_name(f"{bundle.name}.old")
    shutil.rmtree(previous, ignore_errors=True)
    if bundle.exists():
        bundle.rename(previous)
    fresh.rename(bundle)
    shutil.rmtree(previous, ignore_errors=True)


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments and export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        manifest = export(given.run, given.data, given.bundle)
    except FabWaferError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{manifest.model}: macro-F1 {manifest.metrics['macro_f1']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
