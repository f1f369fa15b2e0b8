"""The training lots' wafers -> a share that keeps its labels, and a pool of maps without any.

A share is drawn wafer by wafer within each class, whatever the lots: it is what a reviewer who labels wafers as
they come would have, not one who labels whole lots. Each class keeps at least `FEWEST` wafers; at 1 % that raises
Near-full, Donut and the like above their natural number. A wafer of a small share is in all larger ones of
the same seed.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fabwafer.errors import ContractError
from fabwafer.labels import LabelSet
from training.data.lots import Split
from training.data.maps import Ints
from training.data.unlabelled import for_training, read_unlabelled
from training.data.wafers import WaferSet, require_wafers, splits
from training.network.lessons import Lessons
from training.network.planes import cached_planes, kept, planes_of
from training.network.run import Recipe

FEWEST = 5
_SEED = 53
Planes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class World:
    """Everything that points of a curve are made from and measured on.

    Attributes:
        planes: Of all labelled wafers, (wafers, 2, side, side).
        labels: Of all of them; `lessons` is where those of hidden wafers are left behind.
        parts: Positions of the wafers of each split.
        forms: Planes of maps that were never labelled.
    """

    planes: Planes
    labels: Ints
    lots: Ints
    parts: dict[Split, Ints]
    forms: Planes
    classes: tuple[str, ...]
    normal: int
    digest: str

    def lessons(self, share: float, seed: int) -> Lessons:
        """Return the wafers that keep their labels, and the validation lots."""
        train, held_out = self.parts[Split.TRAIN], self.parts[Split.VALIDATION]
        known = train[labelled(self.labels[train], share, seed)]
        return Lessons(
            planes=self.planes,
            indices=known,
            labels=self.labels[known],
            held_out=held_out,
            held_out_labels=self.labels[held_out],
            classes=len(self.classes),
            normal=self.normal,
            soft=None,
        )

    def pool(self, share: float, seed: int, maps: int) -> Planes:
        """Return planes of so many maps, drawn from the hidden wafers and the forms together."""
        train = self.parts[Split.TRAIN]
        hidden = np.delete(train, labelled(self.labels[train], share, seed))
        drawn = np.random.default_rng((_SEED, seed)).permutation(len(hidden) + len(self.forms))[
            :maps
        ]
        of_wafers = self.planes[np.sort(hidden[drawn[drawn < len(hidden)]])]
        return np.concatenate((of_wafers, self.forms[drawn[drawn >= len(hidden)] - len(hidden)]))


def labelled(labels: Ints, share: float, seed: int) -> Ints:
    """Return ascending positions of the wafers that keep their labels.

    Raises:
        ContractError: If the share is none.
    """
    if not 0 < share <= 1:
        raise ContractError("share", share, "above 0, at most 1")
    order = np.random.default_rng((_SEED, seed)).permutation(len(labels))
    kept = []
    for label in np.unique(labels):
        members = order[labels[order] == label]
        kept.append(members[: max(FEWEST, round(share * len(members)))])
    return np.sort(np.concatenate(kept))


def read_world(
    wafers: WaferSet, unlabelled: Path, recipe: Recipe, forms: int, cache: Path
) -> World:
    """Prepare labelled wafers and so many unlabelled forms of training lots, as the recipe's network sees them.

    Raises:
        ContractError: If a file cannot be read, no class has the recipe's normal name, or a split or class is empty.
    """
    LabelSet(wafers.classes, recipe.normal)
    parts = splits(wafers)
    require_wafers(wafers, parts)
    return World(
        planes=cached_planes(wafers, recipe.shape.side, cache),
        labels=wafers.labels,
        lots=wafers.lots,
        parts=parts,
        forms=_forms(wafers, unlabelled, recipe.shape.side, forms, cache),
        classes=wafers.classes,
        normal=wafers.classes.index(recipe.normal),
        digest=wafers.digest(),
    )


def _forms(wafers: WaferSet, unlabelled: Path, side: int, count: int, cache: Path) -> Planes:
    """Return planes of forms drawn from training lots, kept in the cache: to find them takes a minute."""
    try:
        content = hashlib.sha256(unlabelled.read_bytes())
    except OSError as error:
        raise ContractError(
            "--unlabelled", str(unlabelled), f"readable ({error.strerror})"
        ) from error
    content.update(wafers.digest().encode())
    path = cache / f"{content.hexdigest()[:16]}-{side}-{count}.npy"
    return kept(path, lambda: _drawn_forms(wafers, unlabelled, side, count))


def _drawn_forms(wafers: WaferSet, unlabelled: Path, side: int, count: int) -> Planes:
    maps, map_ids, lots = read_unlabelled(unlabelled)
    free = for_training(maps, map_ids, lots, wafers)
    drawn = np.sort(np.random.default_rng(_SEED).permutation(free)[:count])
    return planes_of(maps, drawn, side)
