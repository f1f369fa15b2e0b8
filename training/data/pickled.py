"""A table that Python 2 and pandas 0.x pickled -> its columns, without executing anything that the file asks for.

A pickle names functions and has them called. Here every name it may use, and no other, is a `_Record` that
keeps what it was called with; what the records mean is read afterwards. Not even NumPy's own constructors are
called: `numpy.ndarray` with a dtype of objects and a buffer of the file's choice reads any memory.
"""

import pickle
import re
import sys
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

from fabwafer.errors import ContractError
from training.data.opcodes import require_modest

Array = npt.NDArray[Any]

_MODULES = re.compile(r"numpy|numpy\._?core\.multiarray|pandas(\.\w+)+|__builtin__|builtins")
_NAMES = {
    "numpy": {"ndarray", "dtype"},
    "pandas": {"DataFrame", "BlockManager", "Index", "Int64Index", "RangeIndex", "_new_Index"},
    "builtins": {"slice"},
    "__builtin__": {"slice"},
}
_ARRAY_NAMES = {"_reconstruct", "scalar"}
_PLAIN_DTYPE = re.compile(r"[biufSUO]\d{0,6}")
_TABLE = "a pandas 0.x table of NumPy arrays"
_DEEPEST = 8
DAMAGED = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What reading a damaged or malicious file may raise, here and while its cells are read."""


class _Record:
    """A call that the pickle asked for: of what, with what, and the state set after it."""

    __slots__ = ("args", "state")
    called = ""
    args: tuple[Any, ...]
    state: Any

    def __new__(cls, *args: Any) -> Self:
        record = super().__new__(cls)
        record.args, record.state = args, None
        return record

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BinaryIO, name: str) -> None:
        super().__init__(file, encoding="latin1")  # Python 2's byte strings, byte for byte
        self._file = name
        self._records: dict[str, type[_Record]] = {}

    def find_class(self, module: str, name: str) -> type[_Record]:
        """Return what collects the calls of a known name.

        Raises:
            ContractError: If the name is another one: it may be code.
        """
        allowed = _NAMES.get(module.split(".")[0], set())
        if module.endswith("core.multiarray"):
            allowed = _ARRAY_NAMES
        if not _MODULES.fullmatch(module) or name not in allowed:
            expected = f"{_TABLE} and no other code"
            raise ContractError(self._file, f"{module}.{name}", expected)
        return self._records.setdefault(
            name, type(name, (_Record,), {"__slots__": (), "called": name})
        )


def read_columns(path: Path) -> dict[str, Array]:
    """Read a pickled DataFrame; returns its columns, those of objects as arrays of whatever the cells hold.

    Cells are plain values or what `as_array` and `as_text` take. Knows the layouts of pandas 0.8 to 0.25.

    Raises:
        ContractError: If the file cannot be read, is no such table, or names any code but that of arrays and
            tables; none of it is executed.
    """
    try:
        with path.open("rb") as file:
            with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
                require_modest(data)
            return dict(_columns(_Unpickler(file, str(path)).load()))
    except OSError as error:
        raise ContractError(str(path), error.strerror, _TABLE) from error
    except DAMAGED as error:
        raise ContractError(str(path), f"{type(error).__name__}: {error}", _TABLE) from error


def as_array(cell: Any) -> Array:
    """Return a cell's array; what is no array becomes one of its own.

    Raises:
        ValueError: If shape and content contradict each other, or it holds anything but numbers, text, objects.
    """
    if not isinstance(cell, _Record):
        return np.array(cell)
    if cell.called == "scalar":
        dtype, content = cell.args
        return _plain(_bytes(content), _dtype(dtype))
    if cell.called == "_new_Index":
        return as_array(cell.args[1]["data"])
    state = (
        cell.state[0] if len(cell.state) == 2 else cell.state
    )  # an old Index also has its name there
    shape, dtype, fortran, content = state[-4:]
    kind = _dtype(dtype)
    if kind.hasobject:
        array = np.empty(len(content), object)
        array[:] = content
        return array.reshape(shape)
    return _plain(_bytes(content), kind).reshape(shape, order="F" if fortran else "C")


def as_text(cell: Any) -> str:
    """Return the one text in a cell, in up to eight arrays or lists; empty if there is none.

    Raises:
        ValueError: If there are several.
        TypeError: If it is something else than text.
    """
    for _ in range(_DEEPEST):
        if not isinstance(cell, _Record | list | np.ndarray):
            break
        array = as_array(cell).ravel()
        if not len(array):
            return ""
        (cell,) = array
    if not isinstance(cell, str):
        raise TypeError(f"{type(cell).__name__}, no text")
    return str(cell)


def _plain(content: bytes, kind: np.dtype[Any]) -> Array:
    """Return numbers or text; NumPy makes strings of code points that there are none of, and Python fails on them."""
    if kind.kind == "U" and content:
        points = np.frombuffer(content, np.dtype("u4").newbyteorder(kind.byteorder))
        if points.max() > sys.maxunicode:
            raise ValueError(f"code point {points.max():#x}")
    return np.frombuffer(content, kind)


def _bytes(content: str | bytes) -> bytes:
    return content.encode("latin1") if isinstance(content, str) else content


def _dtype(record: _Record) -> np.dtype[Any]:
    """Return a plain dtype: what the state says beyond the byte order is for other kinds, and not trusted."""
    name = record.args[0]
    if not _PLAIN_DTYPE.fullmatch(name):
        raise ValueError(f"expected numbers, text or objects, got dtype {name!r}")
    order = record.state[1] if record.state else "|"
    kind: np.dtype[Any] = np.dtype(name).newbyteorder(order)
    return kind


def _columns(table: Any) -> Iterator[tuple[str, Array]]:
    """Yield names and values: blocks of columns of one type, (columns, rows) each."""
    state = table.state
    manager = (
        state["_data"] if isinstance(state, dict) else state
    )  # before 0.13 it was all of the state
    axes, blocks, items, *more = manager.state
    names = as_array(axes[0])
    if more:  # since 0.14.1 positions stand beside the names
        described = more[0]["0.14.1"]["blocks"]
        blocks = [block["values"] for block in described]
        items = [names[_positions(block["mgr_locs"])] for block in described]
    for block, called in zip(blocks, items, strict=True):
        values = as_array(block)
        if values.ndim != 2:
            raise ValueError(f"a block of columns in {values.ndim} dimensions")
        yield from zip(map(str, as_array(called).tolist()), values, strict=True)


def _positions(places: Any) -> slice | Array:
    if isinstance(places, _Record) and places.called == "slice":
        return slice(*places.args)
    return as_array(places)
