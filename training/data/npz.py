"""`WaferSet` <-> a file: the layout in which labelled wafers are kept and handed on."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from fabwafer.errors import ContractError
from training.data.lots import Split, fixed_splits
from training.data.maps import FAIL, Ints, Kind, Maps, Members, integers, read_members, sizes
from training.data.wafers import WaferSet
from training.data.whole import whole

SUFFIX = ".npz"
_MEMBERS = ("flat", "shapes", "labels", "classes", "lot")
_OPTIONAL = ("row", "kind", "fixed")
_FIXED = (None, Split.TRAIN, Split.VALIDATION, Split.CALIBRATION, Split.TEST)


def read_npz(path: Path) -> WaferSet:
    """Read labelled wafers: `flat`, `shapes`, `labels`, `classes`, `lot`, optionally `row`.

    `write_npz` adds `kind` for pictures that are no wafer maps, and `fixed` where splits of lots were told: 0 not,
    1 train, 2 validation, 3 calibration, 4 test.

    Raises:
        ContractError: If the file is no such archive, or its parts contradict each other.
    """
    members = read_members(path, _MEMBERS, _OPTIONAL)
    shapes = sizes(path, members, "shapes")
    count = len(shapes)
    lots = _each(path, members, "lot", count)
    classes = _classes(path, members)
    wafers = WaferSet(
        maps=Maps(np.asarray(members["flat"]), shapes, _kind(path, members)),
        labels=_each(path, members, "labels", count),
        lots=lots,
        rows=_each(path, members, "row", count) if "row" in members else np.arange(count),
        classes=classes,
        fixed=_fixed(path, members, lots),
    )
    _check_maps(path, wafers.maps)
    unknown = set(np.unique(wafers.labels).tolist()) - set(range(len(classes)))
    if unknown:
        raise ContractError(f"{path}: labels", sorted(unknown), f"indices into {classes}")
    return wafers


def write_npz(wafers: WaferSet, path: Path) -> None:
    """Write what `read_npz` reads, and `wafer`, by which cameras may play it; a kill leaves no half under that name."""
    members: dict[str, npt.ArrayLike] = {
        "flat": wafers.maps.flat,
        "shapes": wafers.maps.shapes,
        "labels": wafers.labels,
        "classes": np.array(wafers.classes),
        "lot": wafers.lots,
        "wafer": _numbers(wafers.lots),
        "row": wafers.rows,
    }
    if wafers.maps.kind is not Kind.DIES:
        members["kind"] = np.array(wafers.maps.kind.value)
    if wafers.fixed:
        told = [wafers.fixed.get(lot) for lot in wafers.lots.tolist()]
        members["fixed"] = np.array([_FIXED.index(each) for each in told], np.uint8)
    with whole(path) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **members)


def _each(path: Path, members: Members, name: str, count: int) -> Ints:
    values = integers(path, members, name)
    if values.shape != (count,):
        raise ContractError(f"{path}: {name}", values.shape, f"one for each of {count}")
    return values


def _classes(path: Path, members: Members) -> tuple[str, ...]:
    names = members["classes"]
    if names.ndim != 1 or names.dtype.kind != "U" or len(np.unique(names)) != len(names):
        expected = "a list of different names"
        raise ContractError(f"{path}: classes", f"{names.dtype} {names.tolist()}", expected)
    return tuple(names.tolist())


def _numbers(lots: Ints) -> Ints:
    """Return each wafer's number in its lot, counted from 1 as they come."""
    order = np.argsort(lots, kind="stable")
    _, first, sizes = np.unique(lots[order], return_index=True, return_counts=True)
    numbers = np.empty(len(lots), np.int64)
    numbers[order] = np.arange(len(lots)) - np.repeat(first, sizes) + 1
    return numbers


def _kind(path: Path, members: Members) -> Kind:
    name = str(members.get("kind", Kind.DIES))
    if name not in list(Kind):
        raise ContractError(f"{path}: kind", name, f"one of {', '.join(Kind)}")
    return Kind(name)


def _fixed(path: Path, members: Members, lots: Ints) -> dict[int, Split]:
    if "fixed" not in members:
        return {}
    positions = _each(path, members, "fixed", len(lots))
    if not set(positions.tolist()) <= set(range(len(_FIXED))):
        raise ContractError(f"{path}: fixed", positions, f"for each wafer 0 to {len(_FIXED) - 1}")
    told = ((lot, _FIXED[at]) for lot, at in zip(lots.tolist(), positions.tolist(), strict=True))
    return fixed_splits(path, told)


def _check_maps(path: Path, maps: Maps) -> None:
    cells, highest = int(maps.offsets[-1]), FAIL if maps.kind is Kind.DIES else 255
    if maps.flat.dtype != np.uint8 or maps.flat.shape != (cells,):
        raise ContractError(
            f"{path}: flat",
            f"{maps.flat.dtype} {maps.flat.shape}",
            f"uint8 ({cells},), as the shapes add up to",
        )
    if maps.flat.max() > highest:
        raise ContractError(f"{path}: flat", int(maps.flat.max()), f"die codes up to {FAIL}")
