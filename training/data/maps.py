"""Wafer maps or other pictures of many sizes in one array, and when two of them are the same."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from fabwafer.errors import ContractError

NO_DIE, PASS, FAIL = 0, 1, 2
HIGHEST_CODE = 2.0
IS_DIE = (0.0, 63.0)
IS_FAIL = (1.0, 190.0)
"""Above these a cell is a die, and fails: in a map of codes 0, 1, 2, and in a picture of greys 0, 127, 255."""
_LONGEST_SIDE = 2**16 - 1
_EXPECTED = "an npz of wafer maps"

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]
Members = dict[str, npt.NDArray[np.generic]]


class Kind(StrEnum):
    """What the values of a picture mean, and so what a network is given of it."""

    DIES = "dies"
    GREY = "grey"
    COLOUR = "colour"

    @property
    def channels(self) -> int:
        """Return values a pixel: red, green and blue, or one."""
        return 3 if self is Kind.COLOUR else 1

    @property
    def planes(self) -> int:
        """Return how many planes a network is given: two of dies (is there, fails), else one a channel."""
        return 2 if self is Kind.DIES else self.channels


@dataclass(frozen=True)
class Maps:
    """Die codes (0 no die, 1 pass, 2 fail) at die resolution, or pixels, one map after another.

    Attributes:
        flat: All values, uint8.
        shapes: (maps, 2): height and width.
        kind: What the values are.
    """

    flat: Codes
    shapes: Ints
    kind: Kind = Kind.DIES

    @classmethod
    def of(cls, each: Sequence[Codes], kind: Kind = Kind.DIES) -> Self:
        """Put maps together, each uint8 of shape (height, width), in colour (height, width, 3)."""
        shapes = np.array([one.shape[:2] for one in each], np.int64).reshape(-1, 2)
        flat = np.concatenate([np.zeros(0, np.uint8), *(one.ravel() for one in each)])
        return cls(flat, shapes, kind)

    @cached_property
    def offsets(self) -> Ints:
        """Return where each map begins, and where the last one ends."""
        return np.concatenate(([0], np.cumsum(self.shapes.prod(1)))) * self.kind.channels

    @cached_property
    def forms(self) -> Ints:
        """Return a number for each map, equal exactly for maps that are turned or mirrored copies."""
        return np.unique(self.digests, return_inverse=True)[1]

    @cached_property
    def digests(self) -> npt.NDArray[np.bytes_]:
        """Return `symmetric_digests` of these maps."""
        return symmetric_digests(self)

    def __len__(self) -> int:
        return len(self.shapes)

    def __getitem__(self, index: int) -> Codes:
        """Return one map, uint8 of shape (height, width), in colour (height, width, 3)."""
        depth = (3,) if self.kind is Kind.COLOUR else ()
        values = self.flat[self.offsets[index] : self.offsets[index + 1]]
        return values.reshape(*self.shapes[index], *depth)


def read_members(path: Path, wanted: Sequence[str], optional: Sequence[str] = ()) -> Members:
    """Read the named arrays of an npz, each decompressed once.

    Raises:
        ContractError: If the file is no npz, is damaged, or lacks one of `wanted`; with the member, if it is one.
    """
    place, members = str(path), Members()
    try:
        with path.open("rb") as file:  # opened here: np.load forgets to close what is no archive
            archive = np.load(file, allow_pickle=False)
            _require(archive, np.lib.npyio.NpzFile)
            for name in (*wanted, *optional):
                if name in archive.files:
                    place = f"{path}: {name}"
                    members[name] = archive[name]
                    _require(members[name], np.ndarray)
    except Exception as error:  # zipfile and NumPy have no common base for what damaged bytes raise
        raise ContractError(place, f"{type(error).__name__}: {error}", _EXPECTED) from error
    missing = [name for name in wanted if name not in members]
    if missing:
        raise ContractError(f"{path}: members", sorted(members), f"also {', '.join(missing)}")
    return members


def _require(value: object, kind: type) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__}, no {kind.__name__}")


def integers(path: Path, members: Members, name: str) -> Ints:
    """Return a member as int64.

    Raises:
        ContractError: If it holds anything but integers.
    """
    if members[name].dtype.kind not in "iu":
        raise ContractError(f"{path}: {name}", members[name].dtype, "integers")
    return members[name].astype(np.int64)


def sizes(path: Path, members: Members, name: str) -> Ints:
    """Return a member as heights and widths, (n, 2).

    Raises:
        ContractError: If it is not that, or one is none that a picture may have.
    """
    found = integers(path, members, name)
    if found.ndim != 2 or found.shape[1] != 2 or not len(found):
        raise ContractError(f"{path}: {name}", found.shape, "(n, 2) sizes, at least one")
    if not 1 <= found.min() <= found.max() <= _LONGEST_SIDE:
        got = f"{found.min()} to {found.max()}"
        raise ContractError(f"{path}: {name}", got, f"sizes 1 to {_LONGEST_SIDE}")
    return found


def eight_views(wafer: Codes) -> Iterator[Codes]:
    """Yield the map turned by quarters, and mirrored."""
    for view in (wafer, wafer.swapaxes(0, 1)):
        for turns in range(4):
            yield np.rot90(view, turns)


def symmetric_digests(maps: Maps) -> npt.NDArray[np.bytes_]:
    """Return one digest a map, equal exactly for maps that are turned or mirrored copies."""
    digests = np.empty(len(maps), "S16")
    for index in range(len(maps)):
        shape, codes = min((view.shape, view.tobytes()) for view in eight_views(maps[index]))
        digests[index] = hashlib.blake2b(repr(shape).encode() + codes, digest_size=8).hexdigest()
    return digests
