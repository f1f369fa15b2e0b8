"""The wafers that every contender sees: real ones if they are at hand, else generated."""

from pathlib import Path

import numpy as np

from edge_component.patterns import generate
from edge_component.pictures import Grey
from edge_component.replay import Replay

_SEED = 811
_STEP = 7
"""Takes wafers from many lots, without reading more of the file than one piece."""


def gather(data: Path, count: int) -> list[Grey]:
    """Return die codes of `count` wafers of an npz file in the layout of WM-811K, or generated ones if it is missing.

    Raises:
        OSError: If the file is there but cannot be read.
    """
    if not data.exists():
        return [generate(_SEED, index)[0] for index in range(count)]
    replay = Replay(data)
    return [replay.wafer(index * _STEP).dies for index in range(count)]


def write(path: Path, wafers: list[Grey]) -> None:
    """Write wafers for `read`."""
    flat = np.concatenate([each.ravel() for each in wafers])
    np.savez(path, flat=flat, shapes=np.array([each.shape for each in wafers]))


def read(path: Path) -> list[Grey]:
    """Return wafers that `write` wrote."""
    with np.load(path) as arrays:
        flat, shapes = arrays["flat"], arrays["shapes"]
    ends = np.cumsum(shapes.prod(1))
    return [
        flat[end - rows * columns : end].reshape(rows, columns)
        for end, (rows, columns) in zip(ends, shapes, strict=True)
    ]
