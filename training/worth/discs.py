"""Round pictures in the three levels of dies, and wafers cut off a little: what measures of levels and shape hardly see.

They were drawn after measures and thresholds were set, and changed neither. Each takes a generator and returns a grey
picture, uint8 (height, width); `trimmed` takes a map of die codes, too.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from training.data.maps import Codes
from training.worth.drawings import Random
from training.worth.spoilt import GREYS

Plane = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def clock(generator: Random) -> Codes:
    """A clock's face: twelve marks and two hands."""
    x, y = _plane(generator)
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    marks = (radius > 0.8) & (np.abs((angle * 6 / np.pi) % 1 - 0.5) < 0.12)
    first, second = generator.uniform(-np.pi, np.pi, 2)
    hands = _hand(x, y, first, 0.7) | _hand(x, y, second, 0.5)
    return _drawn(generator, radius, marks | hands)


def pie(generator: Random) -> Codes:
    """A pie chart of two kinds of pieces."""
    x, y = _plane(generator)
    borders = np.sort(generator.uniform(-np.pi, np.pi, generator.integers(2, 9)))
    piece = np.searchsorted(borders, np.arctan2(y, x))
    return _drawn(generator, np.hypot(x, y), piece % 2 == 1)


def stripes(generator: Random) -> Codes:
    """A striped ball."""
    x, y = _plane(generator)
    angle, width = generator.uniform(0, np.pi), generator.uniform(0.05, 0.4)
    across = x * np.cos(angle) + y * np.sin(angle)
    return _drawn(generator, np.hypot(x, y), np.floor(across / width) % 2 == 1)


def yin_yang(generator: Random) -> Codes:
    """Yin and yang, with or without their eyes."""
    x, y = _plane(generator)
    above, below = np.hypot(x, y - 0.5), np.hypot(x, y + 0.5)
    dark = ((x > 0) | (above < 0.5)) & (below >= 0.5)
    if generator.random() < 0.5:
        dark = (dark & (above >= 0.15)) | (below < 0.15)
    return _drawn(generator, np.hypot(x, y), dark)


def smiley(generator: Random) -> Codes:
    """Two eyes and a mouth."""
    x, y = _plane(generator)
    eyes = np.hypot(np.abs(x) - 0.35, y + 0.3) < generator.uniform(0.08, 0.2)
    radius = np.hypot(x, y)
    mouth = (np.abs(radius - 0.6) < generator.uniform(0.04, 0.1)) & (y > 0.15)
    return _drawn(generator, radius, eyes | mouth)


def trimmed(generator: Random, wafer: Codes) -> Codes:
    """A wafer of which one side, a twentieth of it, is outside the picture."""
    view = np.rot90(wafer, int(generator.integers(4)))
    return GREYS[np.ascontiguousarray(view[: round(len(view) * 0.95)])]


def _plane(generator: Random) -> tuple[Plane, Plane]:
    side = int(generator.integers(40, 300))
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    return x, y


def _hand(x: Plane, y: Plane, angle: float, length: float) -> Bools:
    along = x * np.cos(angle) + y * np.sin(angle)
    aside = np.abs(y * np.cos(angle) - x * np.sin(angle))
    hand: Bools = (aside < 0.04) & (along > 0) & (along < length)
    return hand


def _drawn(generator: Random, radius: Plane, inked: Bools) -> Codes:
    """Draw ink on a disc in the levels of failing and passing dies, or the other way round."""
    ink, paper = generator.permutation([2, 1])
    return GREYS[np.where(radius < 1, np.where(inked, ink, paper), 0)]


DISCS: dict[str, Callable[[Random], Codes]] = {
    each.__name__: each for each in (clock, pie, stripes, yin_yang, smiley)
}
