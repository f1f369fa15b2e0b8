"""Wafers as the cameras generate them -> a file that training reads, for machines without WM-811K."""

from pathlib import Path

import numpy as np

from edge_component.patterns import generate
from fabwafer.labels import WM811K
from training.dataset import WaferSet
from training.maps import Maps
from training.npz import write_npz

LOT_WAFERS = 5
"""Small lots, so that a few thousand wafers have the 183 calibration lots that a promise takes."""


def generated_set(seed: int, count: int, first_lot: int = 1) -> WaferSet:
    """Return the first wafers of a seed, in lots numbered from `first_lot` on.

    A camera with another seed shows other wafers; its lots have names that no number is mistaken for.
    """
    drawn = [generate(seed, index) for index in range(count)]
    return WaferSet(
        maps=Maps.of([dies for dies, _ in drawn]),
        labels=np.array([WM811K.names.index(label) for _, label in drawn], np.int64),
        lots=first_lot + np.arange(count) // LOT_WAFERS,
        rows=np.arange(count),
        classes=WM811K.names,
    )


def write_generated(path: Path, seed: int, count: int) -> None:
    """Write them whole or not at all; `count` of 12,000 suffices for the demo's recipes."""
    write_npz(generated_set(seed, count), path)
