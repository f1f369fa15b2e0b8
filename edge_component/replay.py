"""Real wafers from an npz file, lot by lot, without ever holding more than a few thousand of them."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from edge_component.pictures import Grey

_CHUNK = 4096
_MEMBER = "flat.npy"
# What numpy and zipfile raise for files that are empty, cut off, damaged or of another kind.
_DAMAGED = (KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class ReplayedWafer:
    """One wafer of the file; `dies` is uint8 of shape (rows, columns), 0 no die, 1 pass, 2 fail."""

    dies: Grey
    lot: str
    wafer: int
    truth: str


class Replay:
    """The wafers of every `stride`-th lot of a file, from lot `offset` on; after the last comes the first.

    The file holds `flat` (the die codes of all wafers, one after another), `shapes`, `lot`, `wafer`,
    `labels` (indices into `classes`) and `classes`.
    """

    def __init__(self, npz: Path, offset: int = 0, stride: int = 1) -> None:
        """Read the file's index.

        Raises:
            OSError: If it cannot be read or lacks a part.
        """
        self._npz = npz
        with _named(npz), npz.open("rb") as stream, np.load(stream) as arrays:
            self._shapes = arrays["shapes"].astype(int)
            self._lot, self._wafer = arrays["lot"], arrays["wafer"]
            self._labels, self._classes = arrays["labels"], arrays["classes"]
            self._starts = np.concatenate([[0], np.cumsum(self._shapes.prod(1))])
        lots = np.unique(self._lot)[offset::stride]
        rows = np.argsort(self._lot, kind="stable")
        self._rows = rows[np.isin(self._lot[rows], lots)]
        if not len(self._rows):
            raise OSError(
                f"{npz}: expected at least {offset + 1} lots, got {len(np.unique(self._lot))}"
            )
        self._chunk = -1
        self._dies: dict[int, Grey] = {}

    def wafer(self, index: int) -> ReplayedWafer:
        """Return wafer `index` of the replay."""
        place = index % len(self._rows)
        if place // _CHUNK != self._chunk:
            self._chunk = place // _CHUNK
            self._dies = self._read(self._rows[self._chunk * _CHUNK :][:_CHUNK])
        row = int(self._rows[place])
        return ReplayedWafer(
            dies=self._dies[row],
            lot=f"lot{self._lot[row]}",
            wafer=int(self._wafer[row]),
            truth=str(self._classes[self._labels[row]]),
        )

    def _read(self, rows: npt.NDArray[np.int64]) -> dict[int, Grey]:
        """Stream through the packed member once and keep only what is asked for."""
        dies: dict[int, Grey] = {}
        with (
            _named(self._npz),
            zipfile.ZipFile(self._npz) as archive,
            archive.open(_MEMBER) as stream,
        ):
            _skip_header(stream, self._npz)
            position = 0
            for row in sorted(map(int, rows)):
                start, end = int(self._starts[row]), int(self._starts[row + 1])
                _skip(stream, start - position)
                data = stream.read(end - start)
                dies[row] = np.frombuffer(data, np.uint8).reshape(self._shapes[row])
                position = end
        return dies


@contextmanager
def _named(npz: Path) -> Iterator[None]:
    """Say of a bad file which one it is, and what it should hold."""
    try:
        yield
    except _DAMAGED as error:
        expected = "flat, shapes, lot, wafer, labels, classes"
        raise OSError(f"{npz}: expected {expected}: {error!r}") from error


def _skip_header(stream: IO[bytes], npz: Path) -> None:
    np.lib.format.read_magic(stream)
    _shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    if fortran or dtype != np.uint8:
        raise OSError(f"{npz}: expected {_MEMBER} of uint8, got {dtype}")


def _skip(stream: IO[bytes], count: int) -> None:
    while count > 0:
        skipped = len(stream.read(min(count, 1 << 20)))
        if not skipped:
            return
        count -= skipped
