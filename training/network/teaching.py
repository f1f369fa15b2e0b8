"""Teachers and maps of training lots -> soft labels for a student: `planes`, `targets` and the `labels` they are of, one npz.

Nearly all maps are plainly normal and teach nothing more: the first teacher looks for the others, and only those are
shown to all.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.data.lots import Split
from training.data.maps import Ints, Maps
from training.data.unlabelled import for_training, read_unlabelled
from training.data.wafers import WaferSet, splits
from training.data.whole import whole
from training.network.planes import planes_of
from training.network.teachers import Teacher, mean_opinions

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
    labels = np.array(teachers[0].labels)
    with whole(out) as unfinished, unfinished.open("wb") as file:
        np.savez(
            file, planes=np.concatenate(planes), targets=np.concatenate(targets), labels=labels
        )
    return sum(map(len, targets))


def sources_of(wafers: WaferSet, unlabelled: Path, count: int) -> list[tuple[Maps, Ints]]:
    """Return the labelled maps of the training lots, and `count` unlabelled ones drawn from such lots."""
    maps, map_ids, lots = read_unlabelled(unlabelled)
    free = for_training(maps, map_ids, lots, wafers)
    drawn = np.random.default_rng(_SEED).permutation(free)[:count]
    return [(wafers.maps, splits(wafers)[Split.TRAIN]), (maps, drawn)]
