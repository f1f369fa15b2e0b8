r"""Teachers and maps of training lots -> soft labels for a student: `planes` and `targets` in one npz.

    python -m training.teach --teachers .cache/runs/a models/wafer-map --data wm811k_labelled.npz \
        --unlabelled wm811k_unlabelled.npz --out .cache/runs/soft.npz

A teacher is a trained run or a released bundle. Nearly all maps are plainly normal and teach nothing more:
the first teacher looks for the others, and only those are shown to all.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from fabwafer.errors import FabWaferError
from training.dataset import Split, WaferSet, splits
from training.maps import Ints, Maps
from training.model import Architecture
from training.planes import planes_of
from training.sources import read_wafers
from training.teachers import Teacher, mean_opinions, read_teachers
from training.unlabelled import for_training, read_unlabelled

PLAINLY_NORMAL = 0.98
_SEED = 7


def teach(
    teachers: Sequence[Teacher],
    sources: Sequence[tuple[Maps, Ints]],
    out: Path,
    side: int,
    plainly_normal: float = PLAINLY_NORMAL,
) -> int:
    """Write soft labels of the maps at the given indices of each source, with planes of that side.

    Returns:
        How many maps are not plainly normal, and so in the file.
    """
    normal = teachers[0].labels.index(teachers[0].normal)
    planes, targets = [], []
    for maps, indices in sources:
        normality = mean_opinions(teachers[:1], maps, indices)[:, normal]
        chosen = indices[normality < plainly_normal]
        planes.append(planes_of(maps, chosen, side))
        targets.append(mean_opinions(teachers, maps, chosen))
    unfinished = out.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.savez(file, planes=np.concatenate(planes), targets=np.concatenate(targets))
    unfinished.rename(out)
    return sum(map(len, targets))


def sources_of(wafers: WaferSet, unlabelled: Path, count: int) -> list[tuple[Maps, Ints]]:
    """Return the labelled maps of the training lots, and `count` unlabelled ones drawn from such lots."""
    maps, map_ids, lots = read_unlabelled(unlabelled)
    free = for_training(maps, map_ids, lots, wafers)
    drawn = np.random.default_rng(_SEED).permutation(free)[:count]
    return [(wafers.maps, splits(wafers)[Split.TRAIN]), (maps, drawn)]


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
        teachers = read_teachers(given.teachers, device)
        sources = sources_of(read_wafers(given.data), given.unlabelled, given.maps)
    except FabWaferError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    count = teach(teachers, sources, given.out, given.side)
    sys.stdout.write(f"soft labels of {count} maps\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
