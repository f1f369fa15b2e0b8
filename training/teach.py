r"""Trained runs and maps of training lots -> soft labels for a student: `planes` and `targets` in one npz.

    python -m training.teach --teachers .cache/runs/a .cache/runs/b --data wm811k_labelled.npz \
        --unlabelled wm811k_unlabelled.npz --out .cache/runs/soft.npz

Nearly all maps are plainly normal and teach nothing more: the first teacher looks for the others, and only
those are shown to all. Teachers may have sides of their own; the planes kept are the student's.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import softmax

from fabwafer.errors import FabWaferError
from training.dataset import Split, WaferSet, read_npz, splits
from training.maps import Ints, Maps
from training.model import Architecture
from training.planes import planes_of
from training.run import Run, load
from training.train import logits_of
from training.unlabelled import for_training, read_unlabelled

PLAINLY_NORMAL = 0.98
_SEED = 7
Targets = npt.NDArray[np.float32]


def opinion(teachers: Sequence[Run], maps: Maps, indices: Ints) -> Targets:
    """Return probabilities (maps, labels) of the maps at `indices`, the mean of all teachers."""
    every = np.arange(len(indices))
    sides = {each.recipe.shape.side for each in teachers}
    planes = {side: planes_of(maps, indices, side) for side in sides}
    opinions = [
        torch.from_numpy(logits_of(each.averaged, planes[each.recipe.shape.side], every))
        for each in teachers
    ]
    mean: Targets = torch.stack([softmax(logits, 1) for logits in opinions]).mean(0).numpy()
    return mean


def teach(
    teachers: Sequence[Run],
    sources: Sequence[tuple[Maps, Ints]],
    out: Path,
    side: int,
    plainly_normal: float = PLAINLY_NORMAL,
) -> int:
    """Write soft labels of the maps at the given indices of each source, with planes of that side.

    Returns:
        How many maps are not plainly normal, and so in the file.
    """
    normal = teachers[0].recipe.labels.index(teachers[0].recipe.normal)
    planes, targets = [], []
    for maps, indices in sources:
        normality = opinion(teachers[:1], maps, indices)[:, normal]
        chosen = indices[normality < plainly_normal]
        planes.append(planes_of(maps, chosen, side))
        targets.append(opinion(teachers, maps, chosen))
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
        teachers = [load(folder, device) for folder in given.teachers]
        sources = sources_of(read_npz(given.data), given.unlabelled, given.maps)
    except FabWaferError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    count = teach(teachers, sources, given.out, given.side)
    sys.stdout.write(f"soft labels of {count} maps\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
