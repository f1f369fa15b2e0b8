"""Grey levels -> `PictureState`: what a picture tells of its camera, whatever the process does to the wafer. Pure."""

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from edge_component.pictures import Colours, Grey
from fabwafer.messages import PictureState

_Numbers = npt.NDArray[np.float64]
_DRAWN = np.array([0, 127, 255], np.uint8)
_PARTS = ((0, 64), (64, 191), (191, 256))
"""Grey levels of no die, pass and fail, by the limits that the graph has."""
_VALUES = np.arange(256, dtype=np.float64)
_BELONGS = np.stack([(begin <= _VALUES) & (end > _VALUES) for begin, end in _PARTS], axis=1)
_TO_PIXELS_AND_SUMS = np.hstack([_BELONGS, _BELONGS * _VALUES[:, None]])
"""Shape (256, 6): turns how many pixels have a level into how many a part has, and their sum."""
_FAINT = 16
"""A difference of fewer levels is noise, or an edge so wide that no wafer map has it."""
_CONTRAST = np.where(_VALUES < _FAINT, 0.0, _VALUES)
_USUAL_GAP = 127.0
_MOST_SIDE = 512
"""Of a longer picture every so many-th row and column is looked at."""
_TILTED_SIDE, _TILTED_WINDOW, _TILTED_STEP = 128, 256, 2
"""A tilt shows where a die is some pixels wide; the middle of the picture tells it."""
_COHERENT = 0.2
"""Share of the gradients that must agree upon a direction; those of single pixels and of patterns do not."""
_MOST_TILT_DEG = 30.0
"""Nobody mounts a camera so; a map of single pixels may seem to lie at 45 degrees."""


def picture_state(levels: Grey | Colours) -> PictureState | None:
    """Return what a picture tells of its camera; None for one in colour.

    Sharpness weighs every difference between neighbouring pixels by the share of a whole step, from one level of the
    map to the next, that it is: a drawn edge is one step, one that is blurred over n pixels is n steps of 1/n.
    Tilt is the direction of the squared image gradient, folded to a quarter turn as the die grid is (the structure
    tensor of Bigun and Granlund 1987 for four directions), positive clockwise.

    Args:
        levels: uint8 of shape (height, width), die codes or grey levels, or (height, width, 3).
    """
    if levels.ndim != 2:
        return None
    height, width = levels.shape
    step = math.ceil(max(height, width) / _MOST_SIDE)
    counts = _counted(levels[::step, ::step])
    if not counts[len(_DRAWN) :].any():
        levels = _DRAWN[levels]
        counts = _counted(levels[::step, ::step])
    told: list[float] = (counts @ _TO_PIXELS_AND_SUMS).tolist()
    pixels, sums = told[: len(_PARTS)], told[len(_PARTS) :]
    first, second, third = (
        round(total / number, 2) if number else None
        for number, total in zip(pixels, sums, strict=True)
    )
    means = [each for each in (first, second, third) if each is not None]
    drawn = np.count_nonzero(counts) == len(means)
    return PictureState(
        width=width,
        height=height,
        dies=int(pixels[1] + pixels[2]) * step**2,
        levels=(first, second, third),
        sharpness=float(len(means) > 1) if drawn else _sharpness(levels, step, means),
        tilt_deg=_tilt_deg(levels) if min(height, width) >= _TILTED_SIDE else None,
    )


def _counted(levels: Grey) -> npt.NDArray[np.int64]:
    """Return how many pixels have each of 256 levels."""
    return np.bincount(levels.ravel(), minlength=256)


def _sharpness(levels: Grey, step: int, means: list[float]) -> float:
    """Return the share of contrast that whole steps carry, 0..1; 0 for a picture without contrast."""
    rows, columns = levels[::step], levels[:, ::step]
    differences = _counted(_apart(rows[:, 1:], rows[:, :-1])) + _counted(
        _apart(columns[1:], columns[:-1])
    )
    contrast = differences * _CONTRAST
    total = float(contrast.sum())
    if not total:
        return 0.0
    gaps = [after - before for before, after in pairwise(means)]
    whole = np.minimum(1.0, _VALUES / min(gaps, default=_USUAL_GAP))
    return round(min(1.0, float(contrast @ whole) / total), 4)


def _apart(one: Grey, other: Grey) -> Grey:
    return np.maximum(one, other) - np.minimum(one, other)


def _tilt_deg(levels: Grey) -> float | None:
    """Return the tilt of what is straight in the middle of a picture; None if too little is."""
    height, width = levels.shape
    top, left = max(0, height - _TILTED_WINDOW) // 2, max(0, width - _TILTED_WINDOW) // 2
    window = levels[top : top + _TILTED_WINDOW, left : left + _TILTED_WINDOW].astype(np.float32)
    smooth = _blurred(_blurred(window).T).T
    across = (smooth[1:-1, 2:] - smooth[1:-1, :-2])[::_TILTED_STEP, ::_TILTED_STEP]
    down = (smooth[2:, 1:-1] - smooth[:-2, 1:-1])[::_TILTED_STEP, ::_TILTED_STEP]
    strength = across**2 + down**2
    total = float(strength.sum())
    if total <= 0:
        return None
    # The fourth power of the gradient as a complex number, over its square: four directions become one.
    even, odd = across**2 - down**2, 2 * across * down
    weight = 1 / np.maximum(strength, np.float32(1e-6))
    agreed = complex(
        float(((even**2 - odd**2) * weight).sum()), float((2 * even * odd * weight).sum())
    )
    if abs(agreed) < _COHERENT * total:
        return None
    tilt_deg = math.degrees(math.atan2(agreed.imag, agreed.real)) / 4
    return round(tilt_deg, 2) if abs(tilt_deg) <= _MOST_TILT_DEG else None


def _blurred(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Weigh five neighbours of a row 1 4 6 4 1: a stairway of pixels becomes a slope."""
    inner: npt.NDArray[np.float32] = (
        rows[:, :-4] + rows[:, 4:] + 4 * (rows[:, 1:-3] + rows[:, 3:-1]) + 6 * rows[:, 2:-2]
    )
    return inner
