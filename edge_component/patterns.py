"""Generated wafer maps: the nine patterns of WM-811K on a die grid, with noise."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from edge_component.pictures import Grey
from fabwafer.labels import WM811K

_SIDES = (26, 53)
_NORMAL_SHARE = 0.6
_Field = npt.NDArray[np.float64]
_Shape = Callable[[np.random.Generator, _Field, _Field], _Field]
"""Random generator, radius (0 centre, 1 edge) and angle (radians) of every die -> chance that it fails."""


def generate(seed: int, index: int) -> tuple[Grey, str]:
    """Return wafer `index` of a seed, always the same.

    Returns:
        Die codes, uint8 of shape (rows, columns): 0 no die, 1 pass, 2 fail; and the label.
    """
    draw = np.random.default_rng((seed, index))
    normal = draw.random() < _NORMAL_SHARE
    label = (
        WM811K.normal
        if normal
        else str(draw.choice([n for n in WM811K.names if n != WM811K.normal]))
    )
    return generate_label(label, draw), label


def generate_label(label: str, draw: np.random.Generator) -> Grey:
    """Return a wafer of one label."""
    rows, columns = draw.integers(*_SIDES, size=2)
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    background = draw.uniform(0.01, 0.08)
    chance = np.maximum(_SHAPES[label](draw, radius, angle), background)
    fails = draw.random(radius.shape) < chance
    return np.where(radius > 1.02, 0, np.where(fails, 2, 1)).astype(np.uint8)


def _none(_draw: np.random.Generator, radius: _Field, _angle: _Field) -> _Field:
    return np.zeros_like(radius)


def _center(draw: np.random.Generator, radius: _Field, _angle: _Field) -> _Field:
    return np.where(radius < draw.uniform(0.25, 0.4), draw.uniform(0.7, 0.95), 0.0)


def _donut(draw: np.random.Generator, radius: _Field, _angle: _Field) -> _Field:
    inner = draw.uniform(0.2, 0.35)
    ring = (radius > inner) & (radius < inner + draw.uniform(0.25, 0.4))
    return np.where(ring, draw.uniform(0.6, 0.9), 0.0)


def _edge_loc(draw: np.random.Generator, radius: _Field, angle: _Field) -> _Field:
    near = _turned(angle, draw) < draw.uniform(0.25, 0.6)
    return np.where(near & (radius > draw.uniform(0.72, 0.82)), draw.uniform(0.7, 0.95), 0.0)


def _edge_ring(draw: np.random.Generator, radius: _Field, _angle: _Field) -> _Field:
    return np.where(radius > draw.uniform(0.85, 0.92), draw.uniform(0.7, 0.95), 0.0)


def _loc(draw: np.random.Generator, radius: _Field, angle: _Field) -> _Field:
    distance, width = draw.uniform(0.35, 0.6), draw.uniform(0.15, 0.25)
    turn = _turned(angle, draw)
    away = np.hypot(radius * np.cos(turn) - distance, radius * np.sin(turn))
    return np.where(away < width, draw.uniform(0.7, 0.95), 0.0)


def _near_full(draw: np.random.Generator, radius: _Field, _angle: _Field) -> _Field:
    return np.full_like(radius, draw.uniform(0.85, 0.97))


def _random(draw: np.random.Generator, radius: _Field, _angle: _Field) -> _Field:
    return np.full_like(radius, draw.uniform(0.3, 0.55))


def _scratch(draw: np.random.Generator, radius: _Field, angle: _Field) -> _Field:
    turn = angle + draw.uniform(0, 2 * np.pi)
    along, across = radius * np.cos(turn), radius * np.sin(turn)
    bend = draw.uniform(-0.4, 0.4) * along**2 + draw.uniform(-0.4, 0.4)
    line = (np.abs(across - bend) < 0.045) & (np.abs(along) < draw.uniform(0.4, 0.8))
    return np.where(line, 0.95, 0.0)


def _turned(angle: _Field, draw: np.random.Generator) -> _Field:
    """Return the angle (0..pi) between every die and a random direction."""
    direction = draw.uniform(-np.pi, np.pi)
    return np.abs((angle - direction + np.pi) % (2 * np.pi) - np.pi)


_SHAPES: dict[str, _Shape] = {
    "none": _none,
    "Center": _center,
    "Donut": _donut,
    "Edge-Loc": _edge_loc,
    "Edge-Ring": _edge_ring,
    "Loc": _loc,
    "Near-full": _near_full,
    "Random": _random,
    "Scratch": _scratch,
}
