"""A bundle with its report's files -> MODEL_CARD.md and figures beside them; nothing in either is typed by hand.

    python -m training.report --bundle models/wafer-map --data wafers.npz

With the data at hand, the errors that the model was surest of are drawn too, into `--pictures` (build/model-report):
wafers of the data set stay out of the repository.
"""

import argparse
import shutil
import sys
from pathlib import Path

import numpy as np

from fabwafer.errors import ContractError, FabWaferError
from training.card.figures import FIGURES, drawn_errors, figures, save
from training.card.model_card import CARD, model_card
from training.card.reading import Report
from training.data.sources import read_wafers

PICTURES = Path("build/model-report")
WORST_ERRORS = "worst_errors.png"


def write_report(bundle: Path) -> list[Path]:
    """Write card and figures of a bundle; returns their paths.

    Raises:
        BundleError: If the bundle is incomplete or was altered.
        ContractError: If a file of the report is missing, broken, or of another model.
    """
    report = Report.read(bundle)
    fresh = bundle / f"{FIGURES}.part"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    names = []
    for name, draw in figures(report).items():
        save(draw, fresh / name)
        names.append(f"{FIGURES}/{name}")
    unfinished = bundle / f"{CARD}.part"
    unfinished.write_text(model_card(report, names))
    shutil.rmtree(bundle / FIGURES, ignore_errors=True)
    fresh.rename(bundle / FIGURES)
    unfinished.rename(bundle / CARD)
    return [bundle / CARD, *(bundle / name for name in names)]


def draw_errors(bundle: Path, data: Path, pictures: Path) -> Path:
    """Draw the errors that the model was surest of; returns the picture's path.

    Raises:
        ContractError: If the data lacks one of the wafers.
    """
    errors = Report.read(bundle).test.worst_errors
    wafers = read_wafers(data)
    index = {int(row): number for number, row in enumerate(wafers.rows)}
    missing = [each.row for each in errors if each.row not in index]
    if missing:
        raise ContractError(f"{data}: row", missing, "the wafers that the report was made of")
    pictures.mkdir(parents=True, exist_ok=True)
    maps = [np.asarray(wafers.maps[index[each.row]]) for each in errors]
    path = pictures / WORST_ERRORS
    save(lambda: drawn_errors(errors, maps), path)
    return path


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments, write, say what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, default=Path("models/wafer-map"))
    parser.add_argument("--data", type=Path, help="draw the worst errors of it, if it is there")
    parser.add_argument("--pictures", type=Path, default=PICTURES)
    given = parser.parse_args(arguments)
    try:
        written = write_report(given.bundle)
        if given.data and given.data.exists():
            written.append(draw_errors(given.bundle, given.data, given.pictures))
    except FabWaferError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("".join(f"{path}\n" for path in written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
