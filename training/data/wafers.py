"""Labelled wafer maps and their lots -> `WaferSet`, and its wafers -> train, validation, calibration, test.

Of equal maps with different labels the first stays in train, whatever its label: WM-811K has 9 such pairs in
138,915 wafers, 2 of them in training lots, and of one label against one other no rule could tell the right one.
Test, calibration and validation keep theirs, so that their figures count both opinions.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from fabwafer.errors import ContractError
from training.data.lots import SHARES, SPLIT_SEED, Split, split_of
from training.data.maps import Ints, Kind, Maps

_REMEDY = "(more lots, or a manifest that tells lots their split)"


@dataclass(frozen=True)
class WaferSet:
    """Labelled wafer maps, or other labelled pictures, of one kind.

    Attributes:
        maps: The maps.
        labels: For each its position in `classes`.
        lots: For each the number of its lot.
        rows: For each the number that its owner knows it by.
        classes: The labels.
        fixed: Lots whose split was told with the data; those of all others follow from their number.
        left_out: How many wafers of the source are not here, by reason.
    """

    maps: Maps
    labels: Ints
    lots: Ints
    rows: Ints
    classes: tuple[str, ...]
    fixed: Mapping[int, Split] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.maps)

    def split_of(self, lot: int, seed: int = SPLIT_SEED) -> Split:
        """Return what a lot is for."""
        return self.fixed.get(lot) or split_of(lot, seed)

    def digest(self) -> str:
        """Return the SHA-256 of everything a model could learn from this set."""
        digest = hashlib.sha256("\n".join(self.classes).encode())
        for array in (self.maps.flat, self.maps.shapes, self.labels, self.lots):
            digest.update(np.ascontiguousarray(array).tobytes())
        if self.fixed or self.maps.kind is not Kind.DIES:
            digest.update(repr((sorted(self.fixed.items()), self.maps.kind)).encode())
        return digest.hexdigest()


def splits(wafers: WaferSet, seed: int = SPLIT_SEED) -> dict[Split, Ints]:
    """Share the wafers out, lot by lot, so that neither a map nor a turned or mirrored copy crosses splits.

    Test lots keep all of their wafers, and so the natural prior; calibration, validation, train each give
    up what an earlier one of these has. Of equal maps within train one stays.

    Returns:
        Ascending indices into `wafers` for each split.
    """
    lots, lot = np.unique(wafers.lots, return_inverse=True)
    order = list(SHARES)
    rank = np.array([order.index(wafers.split_of(int(each), seed)) for each in lots])[lot]
    form = wafers.maps.forms
    first = np.full(form.max() + 1, len(order))
    np.minimum.at(first, form, rank)
    kept = rank == first[form]
    parts = {split: np.flatnonzero(kept & (rank == n)) for n, split in enumerate(order)}
    train = parts[Split.TRAIN]
    parts[Split.TRAIN] = np.sort(train[np.unique(form[train], return_index=True)[1]])
    require_disjoint_lots(wafers, parts)
    return parts


def wafers_of(wafers: WaferSet, wanted: Sequence[Split]) -> Ints:
    """Return indices of the wafers of some splits, of all without any.

    Raises:
        ContractError: If there are none.
    """
    if not wanted:
        return np.arange(len(wafers))
    parts = splits(wafers)
    indices = np.sort(np.concatenate([parts[split] for split in wanted]))
    if not len(indices):
        raise ContractError("--split", " ".join(wanted), "splits that have wafers")
    return indices


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


def require_wafers(
    wafers: WaferSet, parts: Mapping[Split, Ints], needed: Iterable[Split] = tuple(Split)
) -> None:
    """Refuse data that cannot be learned from or measured on.

    Raises:
        ContractError: If a needed split is empty, or the training lots lack a class.
    """
    for split in needed:
        if not len(parts[split]):
            expected = f"wafers in every split that is used {_REMEDY}"
            raise ContractError(f"lots of {split.value}", 0, expected)
    train = wafers.labels[parts[Split.TRAIN]]
    missing = [name for n, name in enumerate(wafers.classes) if n not in train]
    if missing:
        raise ContractError("labels", missing, "wafers of every class in the training lots")
