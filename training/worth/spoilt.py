"""A wafer map -> pictures that are nearly one: cropped, doubled, inverted, in wrong grey levels, with a broken mask.

Each takes a generator and a map, uint8 (height, width) of die codes, and returns a grey picture at die resolution.
"""

from collections.abc import Callable

import numpy as np

from training.data.maps import Codes, eight_views
from training.worth.drawings import Random

GREYS = np.array([0, 127, 255], np.uint8)


def half(generator: Random, wafer: Codes) -> Codes:
    """One half of a wafer."""
    view = _turned(generator, wafer)
    return GREYS[view[: -(-len(view) // 2)]]


def quarter(generator: Random, wafer: Codes) -> Codes:
    """One quarter."""
    view = _turned(generator, wafer)
    return GREYS[view[: -(-view.shape[0] // 2), : -(-view.shape[1] // 2)]]


def cropped(generator: Random, wafer: Codes) -> Codes:
    """A wafer of which one side, a fifth to a half of it, is outside the picture."""
    view = _turned(generator, wafer)
    kept = int(len(view) * generator.uniform(0.5, 0.8))
    return GREYS[view[: max(kept, 1)]]


def pair(generator: Random, wafer: Codes) -> Codes:
    """Two wafers in one picture."""
    view = _turned(generator, wafer)
    gap = np.zeros((int(generator.integers(0, 4)), view.shape[1]), np.uint8)
    return GREYS[np.concatenate((view, gap, view[::-1]))]


def shifted(generator: Random, wafer: Codes) -> Codes:
    """A wafer in the corner of a larger, empty picture."""
    height, width = wafer.shape
    picture = np.zeros((int(height * 1.4) + 1, int(width * 1.4) + 1), np.uint8)
    picture[:height, :width] = GREYS[wafer]
    return _turned(generator, picture)


def inverted(_generator: Random, wafer: Codes) -> Codes:
    """Dark for light: the ground is white."""
    return 255 - GREYS[wafer]


def swapped(generator: Random, wafer: Codes) -> Codes:
    """The levels in another order, the ground not black."""
    orders = [(127, 0, 255), (127, 255, 0), (255, 0, 127), (255, 127, 0)]
    return np.array(orders[generator.integers(4)], np.uint8)[wafer]


def off_levels(generator: Random, wafer: Codes) -> Codes:
    """Levels half-way between those agreed on, each die another one."""
    spread = generator.integers(45, 64)
    levels = GREYS[wafer].astype(int) + generator.integers(-spread, spread + 1, wafer.shape)
    return levels.clip(0, 255).astype(np.uint8)


def salted(generator: Random, wafer: Codes) -> Codes:
    """Dies where there are none, and none where there are: a tenth to a half of the picture at random."""
    spoilt = generator.random(wafer.shape) < generator.uniform(0.1, 0.5)
    return GREYS[np.where(spoilt, np.where(wafer > 0, 0, 1), wafer)]


def framed(generator: Random, wafer: Codes) -> Codes:
    """The square around the wafer filled with dies."""
    return GREYS[np.where(wafer > 0, wafer, generator.integers(1, 3))]


def holed(generator: Random, wafer: Codes) -> Codes:
    """A wafer without its middle, or with a band missing."""
    height, width = wafer.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    size = generator.uniform(0.5, 0.8)
    missing = np.hypot(x, y) < size if generator.random() < 0.5 else np.abs(y) < size / 2
    return GREYS[np.where(missing, 0, wafer)]


def _turned(generator: Random, picture: Codes) -> Codes:
    return np.ascontiguousarray(list(eight_views(picture))[generator.integers(8)])


SPOILT: dict[str, Callable[[Random, Codes], Codes]] = {
    each.__name__: each
    for each in (
        half, quarter, cropped, pair, shifted, inverted, swapped, off_levels, salted, framed, holed,
    )
}  # fmt: skip
