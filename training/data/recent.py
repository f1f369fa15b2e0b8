"""A manifest of archived pictures, answered or not -> the wafers of the last days, each with what people said of it."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data.images import as_maps, read_picture
from training.data.lots import Split, lot_number
from training.data.manifest import Entry, read_lines
from training.data.maps import Codes, Kind
from training.data.wafers import WaferSet


@dataclass(frozen=True)
class Recent:
    """One archived wafer; `label` is None where nobody has settled on a single one."""

    dies: Codes
    lot: int
    label: str | None
    item: str
    fab: str
    camera: str


def read_recent(manifest: Path, pictures: Path, kind: Kind) -> list[Recent]:
    """Read the wafers that a manifest names, in its order.

    Raises:
        ContractError: If a line or a picture is none.
    """
    entries = list(read_lines(manifest, pictures))
    read = [read_picture(each.image, each.sha256) for each in entries]
    maps = as_maps(read, [each.place for each in entries], kind)
    return [_wafer(entry, maps[n]) for n, entry in enumerate(entries)]


def _wafer(entry: Entry, dies: Codes) -> Recent:
    label = entry.labels[0] if len(entry.labels) == 1 else None
    named = entry.item or entry.image.stem
    return Recent(dies, lot_number(entry.lot), label, named, entry.fab, entry.camera)


def learned_lots(wafers: WaferSet) -> frozenset[int]:
    """Return the lots that a network learned from; those that only chose its thresholds are none of them."""
    lots = np.unique(wafers.lots).tolist()
    return frozenset(lot for lot in lots if wafers.split_of(lot) is Split.TRAIN)


def unseen(recent: Collection[Recent], learned: Collection[int]) -> list[Recent]:
    """Return the answered wafers of lots that nobody learned from: wafers of a lot are alike."""
    return [each for each in recent if each.label and each.lot not in learned]
