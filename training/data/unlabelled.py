"""A file of unlabelled wafer maps -> those that training may see, each form once."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from fabwafer.errors import ContractError
from training.data import lswmd
from training.data.lots import Split
from training.data.maps import (
    PASS,
    Ints,
    Maps,
    Members,
    integers,
    read_members,
    sizes,
    symmetric_digests,
)
from training.data.wafers import WaferSet

_MEMBERS = ("template_shapes", "template_bits", "template_id", "fail_bits", "map_id", "lot")


def read_unlabelled(path: Path) -> tuple[Maps, Ints, Ints]:
    """Read the unlabelled wafers of LSWMD.pkl, or the distinct maps of a file with one bit a die.

    Returns:
        The maps; then for every wafer which map it shows, and its lot.

    Raises:
        ContractError: If the file cannot be read, or its parts contradict each other.
    """
    if path.suffix == lswmd.SUFFIX:
        maps, lots = lswmd.read_lswmd_unlabelled(path)
        return maps, np.arange(len(maps)), lots
    members = read_members(path, _MEMBERS)
    shapes = sizes(path, members, "template_shapes")
    cells = shapes.prod(1)
    template = _positions(path, members, "template_id", len(shapes))
    dies = _unpacked(_bits(path, members, "template_bits", cells), cells)
    counts = np.array([each.sum() for each in dies])
    maps = _drawn(dies, template, _bits(path, members, "fail_bits", counts[template]), shapes)
    map_ids = _positions(path, members, "map_id", len(template))
    lots = integers(path, members, "lot")
    if lots.shape != map_ids.shape:
        raise ContractError(f"{path}: lot", lots.shape, f"one for each of {len(map_ids)} wafers")
    return maps, map_ids, lots


def _positions(path: Path, members: Members, name: str, count: int) -> Ints:
    values = integers(path, members, name)
    if values.ndim != 1 or not len(values) or not 0 <= values.min() <= values.max() < count:
        raise ContractError(f"{path}: {name}", values, f"positions below {count}")
    return values


def _bits(path: Path, members: Members, name: str, bits: Ints) -> npt.NDArray[np.uint8]:
    """Return packed bits if they are as many whole bytes as these strings of bits take."""
    packed, size_bytes = members[name], int(_starts(bits)[-1])
    if packed.dtype != np.uint8 or packed.shape != (size_bytes,):
        got = f"{packed.dtype} {packed.shape}"
        raise ContractError(f"{path}: {name}", got, f"uint8 ({size_bytes},), as the maps add up to")
    return packed.astype(np.uint8, copy=False)


def _drawn(
    dies: list[npt.NDArray[np.bool_]], template: Ints, bits: npt.NDArray[np.uint8], shapes: Ints
) -> Maps:
    counts, cells = np.array([each.sum() for each in dies]), shapes.prod(1)
    fails = _starts(counts[template])
    flat = np.zeros(int(cells[template].sum()), np.uint8)
    begin = 0
    for number, kind in enumerate(template):
        wafer = flat[begin : begin + cells[kind]]
        packed = bits[fails[number] : fails[number + 1]]
        wafer[dies[kind]] = PASS + np.unpackbits(packed, count=int(counts[kind]))
        begin += cells[kind]
    return Maps(flat, shapes[template])


def _starts(bits: Ints) -> Ints:
    """Return where each bit string begins in bytes, and where the last one ends."""
    return np.concatenate(([0], np.cumsum((bits + 7) // 8)))


def _unpacked(packed: npt.NDArray[np.uint8], bits: Ints) -> list[npt.NDArray[np.bool_]]:
    starts = _starts(bits)
    return [
        np.unpackbits(packed[starts[n] : starts[n + 1]], count=int(count)).astype(bool)
        for n, count in enumerate(bits)
    ]


def for_training(maps: Maps, map_ids: Ints, lots: Ints, labelled: WaferSet) -> Ints:
    """Return indices of maps that only training lots show, one of each form.

    A form that a labelled wafer has in whatever lot, or an unlabelled one in a lot that is not for
    training, is left out.
    """
    known, lot = np.unique(lots, return_inverse=True)
    held_out = np.array([labelled.split_of(int(each)) is not Split.TRAIN for each in known])[lot]
    digests = symmetric_digests(maps)
    taken = np.union1d(symmetric_digests(labelled.maps), digests[np.unique(map_ids[held_out])])
    free = np.flatnonzero(~np.isin(digests, taken))
    return np.sort(free[np.unique(digests[free], return_index=True)[1]])
