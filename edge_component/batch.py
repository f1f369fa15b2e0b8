"""Files and folders of pictures -> a CSV with one row for each of them, readable or not."""

import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from edge_component.classifier import Classifier
from edge_component.pictures import SUFFIXES
from fabwafer.errors import BundleError, ContractError


def classify_to_csv(paths: Iterable[Path], csv_path: Path, bundle: Path) -> int:
    """Classify pictures; return the exit status: 0 if at least one could be classified."""
    try:
        classifier = Classifier.load(bundle)
    except BundleError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    labels = classifier.manifest.policy.labels
    columns = [
        "path",
        "prediction",
        "probability",
        "accepted",
        "refused",
        *map("p_{}".format, labels),
        "error",
    ]
    classified = failed = 0
    try:
        # A file's name may be no UTF-8.
        stream = csv_path.open("w", newline="", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        sys.stderr.write(f"{csv_path}: {error.strerror}\n")
        return 2
    with stream:
        table = csv.DictWriter(stream, columns)
        table.writeheader()
        for path in _pictures(paths):
            row = _row(classifier, path)
            table.writerow(row)
            failed += "error" in row
            classified += "error" not in row
    sys.stderr.write(f"{classified} classified, {failed} not readable: {csv_path}\n")
    return 0 if classified else 1


def _pictures(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files named, whatever they are, and the pictures beneath the folders named."""
    for path in paths:
        if path.is_dir():
            yield from sorted(
                each
                for each in path.rglob("*")
                if each.suffix.lower() in SUFFIXES and each.is_file()
            )
        else:
            yield path


def _row(classifier: Classifier, path: Path) -> dict[str, object]:
    try:
        (found,) = classifier.classify([path.read_bytes()])
    except (OSError, ContractError) as error:
        sys.stderr.write(f"{path}: {error}\n")
        return {"path": str(path), "error": str(error)}
    return {
        "path": str(path),
        "prediction": found.label,
        "probability": found.probability,
        "accepted": int(found.accepted),
        "refused": found.refused or "",
        **{f"p_{label}": score for label, score in found.scores.items()},
    }
