"""A DataFrame written as Python 2 and an old pandas did: opcodes, names of modules and classes, layout of blocks."""

import copyreg
import io
import pickle
import struct
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np


class Text(str):
    """Text that Python 2 held as unicode; a plain `str` here is its byte string."""

    __slots__ = ()


class Python2Pickler(pickle._Pickler):
    """Protocol 2 with Python 2's strings; NumPy's modules under their names of then."""

    dispatch: ClassVar[dict[type, Any]] = dict(pickle._Pickler.dispatch)

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=2, fix_imports=True)

    def save_bytes(self, value: bytes) -> None:
        short = len(value) < 256
        opcode = pickle.SHORT_BINSTRING if short else pickle.BINSTRING
        self.write(opcode + struct.pack("<B" if short else "<i", len(value)) + value)

    def save_native(self, value: str) -> None:
        self.save_bytes(value.encode("latin1"))

    def save_unicode(self, value: str) -> None:
        self.save_str(str(value))

    def save_global(self, value: Any, _name: str | None = None) -> None:
        module = value.__module__.replace("numpy._core", "numpy.core").replace(
            "builtins", "__builtin__"
        )
        self.write(f"c{module}\n{value.__name__}\n".encode())
        self.memoize(value)

    dispatch[bytes] = save_bytes
    dispatch[str] = save_native
    dispatch[Text] = save_unicode
    dispatch[type(np.empty(0).__reduce__()[0])] = save_global
    dispatch[type] = save_global
    dispatch[type(lambda: None)] = save_global


def dumps(value: Any) -> bytes:
    buffer = io.BytesIO()
    Python2Pickler(buffer).dump(value)
    return buffer.getvalue()


class OldIndex(np.ndarray):
    """An Index when it was an array: pandas up to 0.14."""

    def __reduce__(self) -> Any:
        function, arguments, state = np.ndarray.__reduce__(self)
        return function, arguments, (state, (None,))


def make_class(module: str, name: str, *bases: type, **body: Any) -> type:
    return type(name, bases, {"__module__": module, **body})


def frame(columns: Mapping[str, np.ndarray], layout: str) -> bytes:
    """Return the pickle of a DataFrame by pandas 0.12, 0.14 or 0.19, which held it differently."""
    names = list(columns)
    blocks = []
    for wanted in (
        True,
        False,
    ):  # a block of objects, then one of floats, as consolidation leaves them
        chosen = [name for name in names if (columns[name].dtype == object) is wanted]
        if chosen:
            blocks.append((chosen, np.stack([columns[name] for name in chosen])))
    count = len(columns[names[0]])
    axes = [_names(names, layout), _rows(count, layout)]
    values = [each for _, each in blocks]
    state: tuple[Any, ...] = (axes, values, [_names(chosen, layout) for chosen, _ in blocks])
    if layout != "0.12":
        described = [
            {"values": each, "mgr_locs": _places([names.index(name) for name in chosen])}
            for chosen, each in blocks
        ]
        state = (*state, {"0.14.1": {"axes": axes, "blocks": described}})
    manager = made("pandas.core.internals", "BlockManager", state)
    held = {"_data": manager, "_typ": "dataframe", "_metadata": []}
    return dumps(made("pandas.core.frame", "DataFrame", manager if layout == "0.12" else held))


def _places(positions: list[int]) -> Any:
    """Columns at even steps are a slice, others an array."""
    steps = set(np.diff(positions).tolist()) or {1}
    step = steps.pop()
    return np.array(positions) if steps else slice(positions[0], positions[-1] + step, step)


def _names(names: list[str], layout: str) -> Any:
    values = np.array(names, object)
    if layout != "0.19":
        return values.view(make_class("pandas.core.index", "Index", OldIndex))
    return NewIndex("pandas.indexes.base", "Index", {"data": values, "name": None})


def _rows(count: int, layout: str) -> Any:
    if layout != "0.19":
        return np.arange(count).view(make_class("pandas.core.index", "Int64Index", OldIndex))
    state = {"start": 0, "stop": count, "step": 1, "name": None}
    return NewIndex("pandas.indexes.range", "RangeIndex", state)


class Made:
    """Pickled as an object of a class that is not here."""

    held: Any

    def __reduce__(self) -> Any:
        return copyreg.__newobj__, (type(self),), self.held


def made(module: str, name: str, state: Any) -> Made:
    thing: Made = make_class(module, name, Made)()
    thing.held = state
    return thing


class NewIndex:
    """Pickled as a call of a function, as an Index is since 0.15."""

    def __init__(self, module: str, name: str, state: Any) -> None:
        self.called = (make_class(module, name), state)

    def __reduce__(self) -> Any:
        return make_class("pandas.indexes.base", "_new_Index"), self.called
