"""A bundle and labelled wafers -> `metrics.json` and one line of `preds.csv` a wafer. Needs no torch.

    python -m training.evaluate --bundle models/wafer-map --data X.npz --json metrics.json --predictions preds.csv

`--split test` keeps to the lots of one split, `--symmetries` also counts the decisions that turning or
mirroring a wafer changes, `--against fp32.onnx` puts the float graph's figures beside.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import onnxruntime as ort  # type: ignore[import-untyped]
from pydantic import JsonValue

from fabwafer.bundle import MEASURES, MODEL, read_bundle
from fabwafer.errors import BundleError, ContractError, FabWaferError
from fabwafer.triage import NEVER, Policy
from training.choosing import known_to
from training.comparison import beside
from training.curves import curves
from training.dataset import Split, WaferSet, splits
from training.doubts import Measures, doubts_of
from training.maps import Codes, Ints, eight_views
from training.metrics import Bools, Decisions, Floats, report
from training.report_files import write_json
from training.sources import kind_of, read_wafers


def open_model(model: Path | bytes) -> ort.InferenceSession:
    """Return a session that decides as the edge does: one thread, one wafer at a time.

    Raises:
        BundleError: If it is no graph that ONNX Runtime can run.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    source = model if isinstance(model, bytes) else str(model)
    try:
        return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has no common base for what a bad graph raises
        shown = "the graph" if isinstance(model, bytes) else str(model)
        raise BundleError(f"{shown}: {type(error).__name__}: {error}") from error


def classify(session: ort.InferenceSession, maps: Iterable[Codes]) -> Floats:
    """Return probabilities (maps, labels) of maps, uint8 (height, width) each."""
    rows = [session.run(["probabilities"], {"wafer": wafer})[0] for wafer in maps]
    return np.stack(rows).astype(np.float64)


def measure(session: ort.InferenceSession, maps: Iterable[Codes]) -> tuple[Floats, Measures]:
    """Return probabilities (maps, labels), and what else the graph measures, one value a map."""
    known = [each.name for each in session.get_outputs() if each.name in MEASURES]
    names = ["probabilities", *known]
    rows = [session.run(names, {"wafer": wafer}) for wafer in maps]
    probabilities = np.stack([row[0] for row in rows]).astype(np.float64)
    measured = {
        MEASURES[name]: np.array([float(np.ravel(row[n])[0]) for row in rows])
        for n, name in enumerate(known, 1)
    }
    return probabilities, measured


def decide(probabilities: Floats, policy: Policy) -> tuple[Ints, Bools]:
    """Return the labels' positions, and which of them are probable enough, as triage decides it."""
    predicted = probabilities.argmax(1)
    thresholds = np.array([policy.accept_threshold(label) for label in policy.labels])
    asked = thresholds[predicted]
    return predicted, (probabilities.max(1) >= asked) & (asked < NEVER)


def truth_of(wafers: WaferSet, indices: Ints, policy: Policy) -> Ints:
    """Return true labels as positions in the policy's labels.

    Raises:
        ContractError: If the data knows a class that the bundle does not.
    """
    names = [policy.label_set.canonical(name) for name in wafers.classes]
    position = np.array([policy.labels.index(name) for name in names])
    return position[wafers.labels[indices]]


def decisions_of(
    session: ort.InferenceSession, wafers: WaferSet, indices: Ints, policy: Policy
) -> Decisions:
    """Run the model over the wafers at `indices`.

    Raises:
        BundleError: If the graph has not as many labels as the policy.
        ContractError: If the data knows a class that the policy does not.
    """
    truth = truth_of(wafers, indices, policy)
    maps = (wafers.maps[int(index)] for index in indices)
    probabilities, measured = measure(session, maps)
    if probabilities.shape[1] != len(policy.labels):
        raise BundleError(
            f"probabilities: expected {len(policy.labels)}, the labels of {policy.model}, "
            f"got {probabilities.shape[1]}"
        )
    predicted, sure = decide(probabilities, policy)
    doubts = doubts_of(measured, policy, len(indices))
    return Decisions(
        truth=truth,
        predicted=predicted,
        probabilities=probabilities,
        accepted=sure & ~doubts.any,
        lots=wafers.lots[indices],
        labels=policy.labels,
        normal=policy.labels.index(policy.normal),
        sure=sure,
        doubts=doubts,
    )


def changed_by_symmetry(
    session: ort.InferenceSession, wafers: WaferSet, indices: Ints
) -> dict[str, JsonValue]:
    """Return the share of turned and mirrored wafers decided otherwise, and of wafers with any such view."""
    views = (view for index in indices for view in eight_views(wafers.maps[int(index)]))
    every = classify(session, map(np.ascontiguousarray, views)).argmax(1)
    differs = every.reshape(-1, 8)[:, 1:] != every.reshape(-1, 8)[:, :1]
    return {"views": float(differs.mean()), "wafers": float(differs.any(1).mean())}


def write_predictions(file: IO[str], rows: Ints, decisions: Decisions) -> None:
    """Write the CSV: row, prediction, probability, accepted, p_<label>..."""
    writer = csv.writer(file)
    labels = decisions.labels
    writer.writerow(
        ["row", "prediction", "probability", "accepted", *(f"p_{label}" for label in labels)]
    )
    for row, position, accepted, scores in zip(
        rows, decisions.predicted, decisions.accepted, decisions.probabilities, strict=True
    ):
        shown = [f"{score:.6f}" for score in scores]
        writer.writerow([row, labels[position], shown[position], int(accepted), *shown])


def float_graph(path: Path) -> Path:
    """Return the graph that a path names: a file, or that of a bundle, which is checked.

    Raises:
        BundleError: If there is none.
    """
    if path.is_dir():
        read_bundle(path)
        return path / MODEL
    if not path.is_file():
        raise BundleError(f"{path}: expected an ONNX graph or a bundle")
    return path


@dataclass(frozen=True)
class Further:
    """What else is asked of an evaluation.

    Attributes:
        symmetries: How many decisions turning or mirroring a wafer changes.
        against: A float graph, or a bundle, whose figures are put beside.
        known: Wafers of labels that the bundle does not know are left out, and counted.
    """

    symmetries: bool = False
    against: Path | None = None
    known: bool = False


def evaluate(
    bundle: Path,
    data: Path,
    split: Split | None = None,
    further: Further = Further(),
) -> tuple[dict[str, JsonValue], npt.NDArray[np.int64], Decisions]:
    """Return figures, the wafers' rows and the decisions of a bundle on a data file or one split of it.

    Raises:
        BundleError: If the bundle is incomplete or was altered.
        ContractError: If the data is unreadable, or has labels that the bundle does not know and that count.
    """
    manifest = read_bundle(bundle)
    wafers = read_wafers(data, kind_of(manifest))
    if further.known:
        wafers = known_to(wafers, manifest.policy.label_set)
    indices = splits(wafers)[split] if split else np.arange(len(wafers))
    if not len(indices):
        raise ContractError(f"{data}: lot", split, "wafers in this split")
    session = open_model(bundle / MODEL)
    decisions = decisions_of(session, wafers, indices, manifest.policy)
    figures: dict[str, JsonValue] = {
        "model": manifest.model,
        "sha256": manifest.files[MODEL],
        "split": split,
        "left_out": dict(wafers.left_out),
        **report(decisions),
        **curves(decisions, wafers.rows[indices]),
    }
    if further.against:
        other = open_model(float_graph(further.against))
        figures |= beside(decisions, decisions_of(other, wafers, indices, manifest.policy))
    if further.symmetries:
        figures["changed_by_symmetry"] = changed_by_symmetry(session, wafers, indices)
    return figures, wafers.rows[indices], decisions


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments, evaluate, write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--predictions", type=Path)
    parser.add_argument("--split", type=Split, choices=list(Split))
    parser.add_argument("--symmetries", action="store_true")
    parser.add_argument("--against", type=Path, help="fp32 graph, or a bundle")
    parser.add_argument("--known", action="store_true", help="leave out labels it does not know")
    given = parser.parse_args(arguments)
    try:
        further = Further(given.symmetries, given.against, given.known)
        figures, rows, decisions = evaluate(given.bundle, given.data, given.split, further)
    except FabWaferError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if given.json:
        write_json(given.json, figures)
    if given.predictions:
        with given.predictions.open("w", newline="") as file:
            write_predictions(file, rows, decisions)
    sys.stdout.write(f"{json.dumps(figures, indent=1)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
