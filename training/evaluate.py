"""A bundle and labelled wafers -> `metrics.json` and one line of `preds.csv` a wafer. Needs no torch.

    python -m training.evaluate --bundle models/wafer-map --data X.npz --json metrics.json --predictions preds.csv

`--split test` keeps to the lots of one split, `--symmetries` also counts the decisions that turning or
mirroring a wafer changes, `--against fp32.onnx` puts the float graph's figures beside.
"""

import argparse
import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue

from fabwafer.bundle import MODEL, read_bundle
from fabwafer.errors import FabWaferError
from training.data.choosing import known_to
from training.data.learned import Learned
from training.data.lots import Split
from training.data.maps import Ints
from training.data.sources import kind_of, read_wafers
from training.data.wafers import wafers_of
from training.data.whole import require_place, whole
from training.worth.comparison import beside
from training.worth.curves import curves
from training.worth.deciding import changed_by_symmetry, decisions_of
from training.worth.files import write_json
from training.worth.metrics import Decisions
from training.worth.sessions import open_against, open_model
from training.worth.summary import report


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


@dataclass(frozen=True)
class Further:
    """What else is asked of an evaluation.

    Attributes:
        symmetries: How many decisions turning or mirroring a wafer changes.
        against: A float graph, or a bundle, whose figures are put beside.
        known: Wafers of labels that the bundle does not know are left out, and counted.
        learned: What the network learned from: wafers of its lots and forms are left out, and counted.
    """

    symmetries: bool = False
    against: Path | None = None
    known: bool = False
    learned: Path | None = None


def evaluate(
    bundle: Path,
    data: Path,
    split: Split | None = None,
    further: Further = Further(),
) -> tuple[dict[str, JsonValue], npt.NDArray[np.int64], Decisions]:
    """Return figures, the wafers' rows and the decisions of a bundle on a data file or one split of it.

    Raises:
        BundleError: If the bundle is incomplete or was altered.
        ContractError: If the data is unreadable, has labels that the bundle does not know and that count, or hardly a
            wafer that was not learned from.
    """
    manifest = read_bundle(bundle)
    wafers = read_wafers(data, kind_of(manifest))
    digest = wafers.digest()
    if further.known:
        wafers = known_to(wafers, manifest.policy.label_set)
    wanted = wafers_of(wafers, [split] if split else [])
    indices, seen = Learned.read(further.learned, kind_of(manifest)).without(wafers, wanted)
    session = open_model(bundle / MODEL)
    other = open_against(further.against, manifest) if further.against else None
    decisions = decisions_of(session, wafers, indices, manifest.policy)
    figures: dict[str, JsonValue] = {
        "model": manifest.model,
        "sha256": manifest.files[MODEL],
        "manifest": manifest.sha256,
        "data": digest,
        "split": split,
        "left_out": {**wafers.left_out, **seen},
        **report(decisions),
        **curves(decisions, wafers.rows[indices]),
    }
    if other:
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
    parser.add_argument("--learned", type=Path, help="leave out what was learned from: this data")
    given = parser.parse_args(arguments)
    try:
        require_place("--json", given.json)
        require_place("--predictions", given.predictions)
        further = Further(given.symmetries, given.against, given.known, given.learned)
        figures, rows, decisions = evaluate(given.bundle, given.data, given.split, further)
    except FabWaferError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if given.json:
        write_json(given.json, figures)
    if given.predictions:
        with whole(given.predictions) as path, path.open("w", newline="") as file:
            write_predictions(file, rows, decisions)
    sys.stdout.write(f"{json.dumps(figures, indent=1)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
