r"""Trained runs and maps of training lots -> soft labels for a student: `planes` and `targets` in one npz.

    python -m training.teach --teachers .cache/runs/a --data wm811k_labelled.npz \
        --unlabelled wm811k_unlabelled.npz --out .cache/runs/soft.npz

Nearly all maps are plainly normal and teach nothing more: a quick look at one view finds the others, and
only those are shown to the teachers in eight views.
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
from training.planes import planes_of
from training.run import Run, load
from training.train import logits_of
from training.unlabelled import for_training, read_unlabelled

PLAINLY_NORMAL = 0.98
_SEED = 7
StoredPlanes = npt.NDArray[np.uint8]
Targets = npt.NDArray[np.float32]


def interesting(
    teachers: Sequence[Run], planes: StoredPlanes, plainly_normal: float
) -> StoredPlanes:
    """Return the planes that the teachers find less normal than that at first sight."""
    normal = teachers[0].recipe.labels.index(teachers[0].recipe.normal)
    return planes[_opinion(teachers, planes)[:, normal] < plainly_normal]


def targets_of(teachers: Sequence[Run], planes: StoredPlanes) -> Targets:
    """Return probabilities (maps, labels), the mean of all teachers over the eight views."""
    views = (
        np.ascontiguousarray(np.rot90(view, turns, (2, 3)))
        for view in (planes, planes.swapaxes(2, 3))
        for turns in range(4)
    )
    mean: Targets = np.stack([_opinion(teachers, view) for view in views]).mean(0)
    return mean


def _opinion(teachers: Sequence[Run], planes: StoredPlanes) -> Targets:
    every = np.arange(len(planes))
    opinions = [torch.from_numpy(logits_of(each.averaged, planes, every)) for each in teachers]
    mean: Targets = torch.stack([softmax(logits, 1) for logits in opinions]).mean(0).numpy()
    return mean


def teach(
    teachers: Sequence[Run],
    sources: Sequence[tuple[Maps, Ints]],
    out: Path,
    plainly_normal: float = PLAINLY_NORMAL,
) -> int:
    """Write soft labels of the maps at the given indices of each source; returns how many."""
    side = teachers[0].recipe.shape.side
    chosen = [
        interesting(teachers, planes_of(maps, indices, side), plainly_normal)
        for maps, indices in sources
    ]
    planes = np.concatenate(chosen)
    targets = targets_of(teachers, planes)
    unfinished = out.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.savez(file, planes=planes, targets=targets)
    unfinished.rename(out)
    return len(planes)


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
    given = parser.parse_args(arguments)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        teachers = [load(folder, device) for folder in given.teachers]
        sources = sources_of(read_npz(given.data), given.unlabelled, given.maps)
    except FabWaferError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"soft labels of {teach(teachers, sources, given.out)} maps\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
