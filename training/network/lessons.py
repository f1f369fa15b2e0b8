"""Wafers of the training lots, and a teacher's soft labels -> the batches of an epoch."""

import math
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from fabwafer.errors import ContractError
from training.data.lots import Split
from training.data.maps import Ints, read_members
from training.data.wafers import WaferSet, require_wafers, splits
from training.network.planes import cached_planes, to_input


@dataclass(frozen=True)
class Batch:
    """Images (batch, 2, side, side), targets (batch, classes), and what to add to the logits while training."""

    images: Tensor
    targets: Tensor
    shifts: Tensor

    def pinned(self) -> "Batch":
        """Return the same in memory that a GPU copies from while it computes."""
        return Batch(self.images.pin_memory(), self.targets.pin_memory(), self.shifts.pin_memory())

    def to(self, device: torch.device) -> "Batch":
        """Return the same on a device."""
        parts = (self.images, self.targets, self.shifts)
        return Batch(*(part.to(device, non_blocking=True) for part in parts))


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

    def __len__(self) -> int:
        return len(self.hard) + len(self.soft)

    def share(self, rank: int, size: int) -> "Draw":
        """Return what one of `size` processes takes of it; shares differ by one wafer at most.

        Raises:
            ContractError: If there is not a wafer for each.
        """
        if len(self) < size:
            raise ContractError("--batch", len(self), f"a wafer for each of {size} processes")
        return Draw(self.hard[rank::size], self.soft[size - 1 - rank :: size], self.shift)


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

    def epoch(
        self, number: int, seed: int, size: int, none_per_defect: float, defect_power: float = 1.0
    ) -> list[Draw]:
        """Return the draws of an epoch: wafers of every class, and as many soft labels.

        All of it follows from the two numbers, so that a resumed run repeats itself.
        """
        generator = np.random.default_rng((seed, number))
        there = np.bincount(self.labels, minlength=self.classes)
        drawn = self._drawn(there, none_per_defect, defect_power)
        members = [
            np.resize(generator.permutation(np.flatnonzero(self.labels == label)), count)
            for label, count in enumerate(drawn)
        ]
        hard = generator.permutation(np.concatenate(members))
        pool = len(self.soft.targets) if self.soft else 0
        soft = generator.permutation(pool)[: len(hard)]
        shift = torch.from_numpy(np.log(drawn / there)).float()
        count = math.ceil((len(hard) + len(soft)) / size)
        parts = zip(np.array_split(hard, count), np.array_split(soft, count), strict=True)
        return [Draw(first, second, shift) for first, second in parts]

    def _drawn(self, there: Ints, none_per_defect: float, defect_power: float) -> Ints:
        """Return how many wafers of each class an epoch draws: as many defects as there are, some normal ones.

        The defects are shared out among their classes by the number of wafers to `defect_power`: with less
        than 1, rare classes come more than once.
        """
        defects = np.delete(np.arange(self.classes), self.normal)
        weights = there[defects] ** defect_power
        drawn = np.empty(self.classes, np.int64)
        drawn[defects] = np.maximum(1, np.rint(weights * there[defects].sum() / weights.sum()))
        some = round(none_per_defect * there[defects].sum())
        drawn[self.normal] = np.clip(some, 1, there[self.normal])
        return drawn

    def batch(self, draw: Draw) -> Batch:
        """Return what a draw stands for.

        Capping the normal class without correction costs 0.19 macro-F1: the log of the share of each class that
        is drawn, added to its logit, puts the natural prior back. Soft labels speak of that prior already.
        """
        images = self.planes[self.indices[draw.hard]]
        targets = F.one_hot(torch.from_numpy(self.labels[draw.hard]), self.classes).float()
        shifts = draw.shift.expand(len(draw.hard), -1)
        if self.soft:
            images = np.concatenate((images, self.soft.planes[draw.soft]))
            targets = torch.cat((targets, torch.from_numpy(self.soft.targets[draw.soft])))
            shifts = torch.cat((shifts, torch.zeros(len(draw.soft), self.classes)))
        return Batch(to_input(images), targets, shifts)

    def batches(self, draws: Iterable[Draw], device: torch.device) -> Iterator[Batch]:
        """Yield what each draw stands for; for a GPU the next one is made ready while it works on one."""
        made = (self.batch(draw) for draw in draws)
        return ahead(each.pinned() for each in made) if device.type == "cuda" else made


def ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield the same, the next one being made in a thread meanwhile."""
    with ThreadPoolExecutor(1) as worker:
        following = worker.submit(next, batches, None)
        while (batch := following.result()) is not None:
            following = worker.submit(next, batches, None)
            yield batch


def read_lessons(
    wafers: WaferSet, normal: str, side: int, soft: Path | None, cache: Path
) -> Lessons:
    """Prepare the wafers of training and validation lots, and the soft labels if there are any.

    Raises:
        ContractError: If a class has no wafer in the training lots, the validation lots have none, or the soft labels are
            of other labels or another size.
    """
    parts = splits(wafers)
    require_wafers(wafers, parts, (Split.TRAIN, Split.VALIDATION))
    chosen, held_out = parts[Split.TRAIN], parts[Split.VALIDATION]
    labels = wafers.labels[chosen]
    taught = (
        read_soft(soft, wafers.classes, (wafers.maps.kind.planes, side, side)) if soft else None
    )
    planes = cached_planes(wafers, side, cache)
    return Lessons(
        planes=planes,
        indices=chosen,
        labels=labels,
        held_out=held_out,
        held_out_labels=wafers.labels[held_out],
        classes=len(wafers.classes),
        normal=wafers.classes.index(normal),
        soft=taught,
    )


def read_soft(path: Path, labels: Sequence[str], shape: tuple[int, int, int]) -> Soft:
    """Read what `training.teach` wrote, the probabilities in the order of these labels.

    Raises:
        ContractError: If it is no such file, of other labels, or of planes that have another shape.
    """
    members = read_members(path, ("planes", "targets", "labels"))
    planes, targets = members["planes"], members["targets"]
    told = [str(each) for each in np.ravel(members["labels"])]
    if sorted(told) != sorted(labels):
        raise ContractError(f"{path}: labels", told, f"{', '.join(labels)}, in any order")
    if planes.dtype != np.uint8 or planes.shape[1:] != shape:
        got = f"{planes.dtype} {planes.shape}"
        raise ContractError(f"{path}: planes", got, f"uint8, of each map {shape}")
    if targets.dtype.kind != "f" or targets.shape != (len(planes), len(labels)):
        got = f"{targets.dtype} {targets.shape}"
        raise ContractError(f"{path}: targets", got, f"floats {(len(planes), len(labels))}")
    ordered = targets.astype(np.float32, copy=False)[:, [told.index(label) for label in labels]]
    if not np.isfinite(ordered).all():
        raise ContractError(f"{path}: targets", "others", "finite numbers")
    return Soft(planes.astype(np.uint8, copy=False), ordered)
