"""A file of labelled wafer maps -> `WaferSet`, and its lots -> train, validation, calibration, test.

The split of a lot is a hash of its number: it never depends on which other lots a file holds, so unlabelled
wafers and next year's reviewed ones fall on the same side as the rest of their lot.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from fabwafer.errors import ContractError
from training.maps import FAIL, Ints, Maps, integers, read_members, symmetric_digests

SPLIT_SEED = 811
"""Fixed, and apart from the training seed: another one makes published figures incomparable."""
_MEMBERS = ("flat", "shapes", "labels", "classes", "lot")


class Split(StrEnum):
    """What the wafers of a lot are used for."""

    TRAIN = "train"
    VALIDATION = "validation"
    CALIBRATION = "calibration"
    TEST = "test"


_SHARES = {
    Split.TEST: 0.15,
    Split.CALIBRATION: 0.10,
    Split.VALIDATION: 0.05,
    Split.TRAIN: 0.70,
}


@dataclass(frozen=True)
class WaferSet:
    """Labelled wafer maps; `labels` are positions in `classes`, `rows` name the wafers to their owner."""

    maps: Maps
    labels: Ints
    lots: Ints
    rows: Ints
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.maps)

    def digest(self) -> str:
        """Return the SHA-256 of everything a model could learn from this set."""
        digest = hashlib.sha256("\n".join(self.classes).encode())
        for array in (self.maps.flat, self.maps.shapes, self.labels, self.lots):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def read_npz(path: Path) -> WaferSet:
    """Read labelled wafers: `flat`, `shapes`, `labels`, `classes`, `lot`, optionally `row`.

    Raises:
        ContractError: If the file is no such archive, or its parts contradict each other.
    """
    members = read_members(path, _MEMBERS, ("row",))
    shapes = integers(path, members, "shapes")
    if shapes.ndim != 2 or shapes.shape[1] != 2 or not len(shapes) or shapes.min() < 1:
        raise ContractError(f"{path}: shapes", shapes.shape, "(wafers, 2) positive sizes")
    wafers = WaferSet(
        maps=Maps(np.asarray(members["flat"]), shapes),
        labels=integers(path, members, "labels"),
        lots=integers(path, members, "lot"),
        rows=integers(path, members, "row") if "row" in members else np.arange(len(shapes)),
        classes=tuple(map(str, members["classes"])),
    )
    _check_maps(path, wafers.maps)
    _check_members(path, wafers)
    return wafers


def _check_maps(path: Path, maps: Maps) -> None:
    cells = int(maps.offsets[-1])
    if maps.flat.dtype != np.uint8 or maps.flat.shape != (cells,):
        raise ContractError(
            f"{path}: flat",
            f"{maps.flat.dtype} {maps.flat.shape}",
            f"uint8 ({cells},), as the shapes add up to",
        )
    if maps.flat.max() > FAIL:
        raise ContractError(f"{path}: flat", int(maps.flat.max()), f"die codes up to {FAIL}")


def _check_members(path: Path, wafers: WaferSet) -> None:
    for name, values in (("labels", wafers.labels), ("lot", wafers.lots), ("row", wafers.rows)):
        if values.shape != (len(wafers),):
            raise ContractError(f"{path}: {name}", values.shape, f"one for each of {len(wafers)}")
    unknown = set(np.unique(wafers.labels).tolist()) - set(range(len(wafers.classes)))
    if unknown:
        raise ContractError(f"{path}: labels", sorted(unknown), f"indices into {wafers.classes}")


def split_of(lot: int, seed: int = SPLIT_SEED) -> Split:
    """Return what a lot is for: train 70 %, test 15 %, calibration 10 %, validation 5 % of all lots."""
    draw = int.from_bytes(hashlib.blake2b(f"{seed}/{lot}".encode(), digest_size=8).digest()) / 2**64
    for split, share in _SHARES.items():
        if draw < share:
            return split
        draw -= share
    return Split.TRAIN


def splits(wafers: WaferSet, seed: int = SPLIT_SEED) -> dict[Split, Ints]:
    """Share the wafers out, lot by lot, so that neither a map nor a turned or mirrored copy crosses splits.

    Test lots keep all of their wafers, and so the natural prior; calibration, validation, train each give
    up what an earlier one of these has. Of equal maps within train one stays.

    Returns:
        Ascending indices into `wafers` for each split.
    """
    lots, lot = np.unique(wafers.lots, return_inverse=True)
    order = list(_SHARES)
    rank = np.array([order.index(split_of(int(each), seed)) for each in lots])[lot]
    _, form = np.unique(symmetric_digests(wafers.maps), return_inverse=True)
    first = np.full(form.max() + 1, len(order))
    np.minimum.at(first, form, rank)
    kept = rank == first[form]
    parts = {split: np.flatnonzero(kept & (rank == n)) for n, split in enumerate(order)}
    train = parts[Split.TRAIN]
    parts[Split.TRAIN] = np.sort(train[np.unique(form[train], return_index=True)[1]])
    require_disjoint_lots(wafers, parts)
    return parts


def require_disjoint_lots(wafers: WaferSet, parts: dict[Split, Ints]) -> None:
    """Refuse parts that share a lot.

    Raises:
        ContractError: Naming the first lot found in two parts.
    """
    owner: dict[int, Split] = {}
    for split, indices in parts.items():
        for lot in np.unique(wafers.lots[indices]).tolist():
            if owner.setdefault(lot, split) is not split:
                raise ContractError("lot", lot, f"in {owner[lot]} or in {split}, not in both")
