r"""Teachers and maps of training lots -> soft labels for a student: `planes`, `targets` and the `labels` they are of, one npz.

    python -m training.teach --teachers .cache/runs/a models/wafer-map --data wm811k_labelled.npz \
        --unlabelled wm811k_unlabelled.npz --out .cache/runs/soft.npz

A teacher is a trained run or a released bundle. Nearly all maps are plainly normal and teach nothing more:
the first teacher looks for the others, and only those are shown to all.
"""

import argparse
import sys
from pathlib import Path

import torch

from fabwafer.errors import FabWaferError
from training.data.sources import read_wafers
from training.data.whole import require_place
from training.network.model import Architecture
from training.network.teachers import read_teachers
from training.network.teaching import sources_of, teach


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments and teach."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teachers", type=Path, nargs="+", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--unlabelled", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--maps", type=int, default=150_000, help="unlabelled maps to look at")
    parser.add_argument("--side", type=int, default=Architecture().side, help="the student's")
    given = parser.parse_args(arguments)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        require_place("--out", given.out)
        teachers = read_teachers(given.teachers, device)
        sources = sources_of(read_wafers(given.data), given.unlabelled, given.maps)
        count = teach(teachers, sources, given.out, given.side)
    except FabWaferError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"soft labels of {count} maps\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
