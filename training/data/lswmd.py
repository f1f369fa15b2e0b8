"""LSWMD.pkl, the original WM-811K -> labelled wafers, or the unlabelled ones."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from fabwafer.errors import ContractError
from fabwafer.labels import WM811K
from training.data.lots import lot_number
from training.data.maps import FAIL, Codes, Ints, Maps
from training.data.pickled import DAMAGED, Array, as_array, as_text, read_columns
from training.data.wafers import WaferSet

SUFFIX = ".pkl"
_MAP, _LOT, _LABEL = "waferMap", "lotName", "failureType"
_Read = TypeVar("_Read")


def read_lswmd(path: Path) -> WaferSet:
    """Read the wafers with a label; `rows` are the table's, lots the numbers in their names.

    All nine classes are known, whether they occur or not. Reading takes up to four times the file's size in
    memory.

    Raises:
        ContractError: If it is no such table, has code in it, or a label or map is none.
    """
    columns = _read(path)
    texts = _cells(path, columns, _LABEL, as_text)
    rows = np.array([row for row, text in enumerate(texts) if text], np.int64)
    labels = [_label(path, row, texts[row]) for row in rows]
    return WaferSet(
        maps=Maps.of(_cells(path, columns, _MAP, _codes, rows)),
        labels=np.array(labels, np.int64),
        lots=np.array(_cells(path, columns, _LOT, _lot, rows), np.int64),
        rows=rows,
        classes=WM811K.names,
        left_out={"unlabelled": len(texts) - len(rows)},
    )


def read_lswmd_unlabelled(path: Path) -> tuple[Maps, Ints]:
    """Read the wafers without a label: their maps and lots.

    Raises:
        ContractError: As `read_lswmd`.
    """
    columns = _read(path)
    texts = _cells(path, columns, _LABEL, as_text)
    rows = np.array([row for row, text in enumerate(texts) if not text], np.int64)
    maps = Maps.of(_cells(path, columns, _MAP, _codes, rows))
    return maps, np.array(_cells(path, columns, _LOT, _lot, rows), np.int64)


def _read(path: Path) -> dict[str, Array]:
    columns = read_columns(path)
    missing = {_MAP, _LOT, _LABEL} - columns.keys()
    if missing:
        raise ContractError(
            f"{path}: columns", sorted(columns), f"also {', '.join(sorted(missing))}"
        )
    return columns


def _cells(
    path: Path,
    columns: dict[str, Array],
    name: str,
    read: Callable[[Any], _Read],
    rows: Ints | None = None,
) -> list[_Read]:
    """Return the cells of a column, of some rows or all, as `read` makes them."""
    column = columns[name]
    found = []
    for row in range(len(column)) if rows is None else rows.tolist():
        try:
            found.append(read(column[row]))
        except DAMAGED as error:
            raise ContractError(f"{path}: {name}[{row}]", str(error), _EXPECTED[name]) from error
    return found


def _label(path: Path, row: int, text: str) -> int:
    try:
        return WM811K.names.index(WM811K.canonical(text))
    except ContractError as error:
        raise ContractError(f"{path}: {_LABEL}[{row}]", text, error.expected) from error


def _codes(cell: Any) -> Codes:
    codes = as_array(cell)
    if codes.ndim != 2 or not codes.size or codes.dtype.kind not in "iu":
        raise ValueError(f"{codes.dtype} of shape {codes.shape}")
    if not 0 <= codes.min() <= codes.max() <= FAIL:
        raise ValueError(f"codes {codes.min()} to {codes.max()}")
    return codes.astype(np.uint8)


def _lot(cell: Any) -> int:
    return lot_number(as_text(cell))


_EXPECTED = {
    _MAP: f"a grid of die codes 0 to {FAIL}",
    _LOT: "the name of a lot",
    _LABEL: "one label, or none",
}
