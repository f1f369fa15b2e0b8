"""A pickle's bytes -> refused unless the unpickler can go through them in memory that they account for."""

import pickletools
from mmap import mmap

_ARGUMENTS = {ord(each.code): each.arg.n if each.arg else 0 for each in pickletools.opcodes}
_PREFIXES = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
"""Bytes of the length that stands before an argument."""
_STOP, _PUT, _LONG_BINPUT = b".pr"
_TWO_LINES = b"ci"
_STEPS = [
    1 + _ARGUMENTS[code] if _ARGUMENTS.get(code, -1) >= 0 and code not in b".r" else 0
    for code in range(256)
]
"""Bytes of an opcode with its argument; 0 where more is to be seen."""


def require_modest(data: bytes | mmap) -> None:
    """Refuse a memo index above its own place in the file, which no pickler gives, and what is no opcode.

    The unpickler makes room for twice the highest index: ten bytes took a gigabyte.

    Raises:
        ValueError: If there is one.
        IndexError: If the data end before they say so.
    """
    at = 0
    while (code := data[at]) != _STOP:
        at += _STEPS[code] or _step(data, at, code)


def _step(data: bytes | mmap, at: int, code: int) -> int:
    """Return the bytes of an opcode whose argument is to be seen."""
    begin = at + 1
    if code == _LONG_BINPUT:
        _require_near(int.from_bytes(data[begin : begin + 4], "little"), at)
        return 5
    if code not in _ARGUMENTS:
        raise ValueError(f"no opcode at {at}: {code:#x}")
    size = _PREFIXES.get(_ARGUMENTS[code])
    if size:
        return 1 + size + int.from_bytes(data[begin : begin + size], "little")
    end = begin
    for _ in range(2 if code in _TWO_LINES else 1):
        end = data.find(b"\n", end) + 1 or len(data)
    if code == _PUT:
        _require_near(int(data[begin:end]), at)
    return end - at


def _require_near(index: int, at: int) -> None:
    if index > at:
        raise ValueError(f"memo index {index} at {at}")
