"""Wafers of the training lots, and a teacher's soft labels -> the batches of an epoch."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from fabwafer.errors import ContractError
from training.dataset import Split, WaferSet, splits
from training.maps import Ints, read_members
from training.planes import cached_planes, to_input


@dataclass(frozen=True)
class Batch:
    """Images (batch, 2, side, side), targets (batch, classes), and what to add to the logits while training."""

    images: Tensor
    targets: Tensor
    shifts: Tensor


@dataclass(frozen=True)
class Soft:
    """Maps with the probabilities that teachers give them, as `training.teach` writes them."""

    planes: npt.NDArray[np.uint8]
    targets: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Draw:
    """Positions in the labelled wafers and in the soft labels, and the shift of the labelled ones' logits."""

    hard: Ints
    soft: Ints
    shift: Tensor


@dataclass(frozen=True)
class Lessons:
    """What epochs draw from and are measured on: indices into `planes`, and their labels."""

    planes: npt.NDArray[np.uint8]
    indices: Ints
    labels: Ints
    held_out: Ints
    held_out_labels: Ints
    classes: int
    normal: int
    soft: Soft | None

    def epoch(self, number: int, seed: int, size: int, none_per_defect: float) -> list[Draw]:
        """Return the draws of an epoch: every defect, some of the normal wafers, as many soft labels.

        All of it follows from the two numbers, so that a resumed run repeats itself.
        """
        generator = np.random.default_rng((seed, number))
        normal = generator.permutation(np.flatnonzero(self.labels == self.normal))
        defects = np.flatnonzero(self.labels != self.normal)
        some = normal[: max(1, round(none_per_defect * len(defects)))]
        hard = generator.permutation(np.concatenate((defects, some)))
        pool = len(self.soft.targets) if self.soft else 0
        soft = generator.permutation(pool)[: len(hard)]
        shift = torch.zeros(self.classes)
        shift[self.normal] = math.log(len(some) / len(normal))
        count = math.ceil((len(hard) + len(soft)) / size)
        parts = zip(np.array_split(hard, count), np.array_split(soft, count), strict=True)
        return [Draw(first, second, shift) for first, second in parts]

    def batch(self, draw: Draw) -> Batch:
        """Return what a draw stands for.

        Capping the normal class without correction costs 0.19 macro-F1: the log of its share that is drawn,
        added to its logit, puts the natural prior back. Soft labels speak of that prior already.
        """
        images = self.planes[self.indices[draw.hard]]
        targets = F.one_hot(torch.from_numpy(self.labels[draw.hard]), self.classes).float()
        shifts = draw.shift.expand(len(draw.hard), -1)
        if self.soft:
            images = np.concatenate((images, self.soft.planes[draw.soft]))
            targets = torch.cat((targets, torch.from_numpy(self.soft.targets[draw.soft])))
            shifts = torch.cat((shifts, torch.zeros(len(draw.soft), self.classes)))
        return Batch(to_input(images), targets, shifts)


def read_lessons(
    wafers: WaferSet, normal: str, side: int, soft: Path | None, cache: Path
) -> Lessons:
    """Prepare the wafers of training and validation lots, and the soft labels if there are any.

    Raises:
        ContractError: If a class has no wafer in the training lots.
    """
    parts = splits(wafers)
    chosen, held_out = parts[Split.TRAIN], parts[Split.VALIDATION]
    labels = wafers.labels[chosen]
    missing = [name for n, name in enumerate(wafers.classes) if n not in labels]
    if missing:
        raise ContractError("labels", missing, "wafers of every class in the training lots")
    planes = cached_planes(wafers, side, cache)
    return Lessons(
        planes=planes,
        indices=chosen,
        labels=labels,
        held_out=held_out,
        held_out_labels=wafers.labels[held_out],
        classes=len(wafers.classes),
        normal=wafers.classes.index(normal),
        soft=read_soft(soft) if soft else None,
    )


def read_soft(path: Path) -> Soft:
    """Read what `training.teach` wrote.

    Raises:
        ContractError: If it is no such file.
    """
    members = read_members(path, ("planes", "targets"))
    return Soft(np.asarray(members["planes"], np.uint8), np.asarray(members["targets"], np.float32))
