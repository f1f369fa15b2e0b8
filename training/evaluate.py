"""A bundle and labelled wafers -> `metrics.json` and one line of `preds.csv` a wafer. Needs no torch.

    python -m training.evaluate --bundle models/wafer-map --data X.npz --json metrics.json --predictions preds.csv

`--split test` keeps to the lots of one split, `--symmetries` also counts the decisions that turning or
mirroring a wafer changes.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import onnxruntime as ort  # type: ignore[import-untyped]
from pydantic import JsonValue

from fabwafer.bundle import MODEL, read_bundle
from fabwafer.errors import ContractError, FabWaferError
from fabwafer.triage import Policy
from training.dataset import Split, WaferSet, read_npz, splits
from training.maps import Codes, Ints, eight_views
from training.metrics import Bools, Decisions, Floats, report


def open_model(model: Path | bytes) -> ort.InferenceSession:
    """Return a session that decides as the edge does: one thread, one wafer at a time."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    source = model if isinstance(model, bytes) else str(model)
    return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def classify(session: ort.InferenceSession, maps: Iterable[Codes]) -> Floats:
    """Return probabilities (maps, labels) of maps, uint8 (height, width) each."""
    rows = [session.run(["probabilities"], {"wafer": wafer})[0] for wafer in maps]
    return np.stack(rows).astype(np.float64)


def decide(probabilities: Floats, policy: Policy) -> tuple[Ints, Bools]:
    """Return the labels' positions, and who would skip review, as triage decides it."""
    predicted = probabilities.argmax(1)
    thresholds = np.array([policy.accept_threshold(label) for label in policy.labels])
    return predicted, probabilities.max(1) >= thresholds[predicted]


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
    """Run the model over the wafers at `indices`."""
    truth = truth_of(wafers, indices, policy)
    maps = (wafers.maps[int(index)] for index in indices)
    probabilities = classify(session, maps)
    predicted, accepted = decide(probabilities, policy)
    return Decisions(
        truth=truth,
        predicted=predicted,
        probabilities=probabilities,
        accepted=accepted,
        lots=wafers.lots[indices],
        labels=policy.labels,
        normal=policy.labels.index(policy.normal),
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


def evaluate(
    bundle: Path, data: Path, split: Split | None = None, symmetries: bool = False
) -> tuple[dict[str, JsonValue], npt.NDArray[np.int64], Decisions]:
    """Return figures, the wafers' rows and the decisions of a bundle on a data file or one split of it.

    Raises:
        BundleError: If the bundle is incomplete or was altered.
        ContractError: If the data is unreadable, or knows labels that the bundle does not.
    """
    manifest = read_bundle(bundle)
    wafers = read_npz(data)
    indices = splits(wafers)[split] if split else np.arange(len(wafers))
    if not len(indices):
        raise ContractError(f"{data}: lot", split, "wafers in this split")
    session = open_model(bundle / MODEL)
    decisions = decisions_of(session, wafers, indices, manifest.policy)
    figures: dict[str, JsonValue] = {"model": manifest.model, "split": split}
    figures |= report(decisions)
    if symmetries:
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
    given = parser.parse_args(arguments)
    try:
        figures, rows, decisions = evaluate(given.bundle, given.data, given.split, given.symmetries)
    except FabWaferError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1) + "\n")
    if given.predictions:
        with given.predictions.open("w", newline="") as file:
            write_predictions(file, rows, decisions)
    sys.stdout.write(f"{json.dumps(figures, indent=1)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
