"""Pictures that have nothing to do with wafers, drawn by code: photographs, icons, text, charts, noise, patterns.

Each takes a generator and returns uint8 (height, width), or (height, width, 3) where colour is the point.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image

from training.data.maps import Codes
from training.worth.drawings import Random, chart, icon, screenshot, text

Floats = npt.NDArray[np.float64]


def photograph(generator: Random) -> Codes:
    """Clouds of all sizes (power falls with the square of the frequency), a horizon, objects, a vignette, grain."""
    y, x = _grid(generator)
    light = _clouds(generator, y.shape, generator.uniform(0.9, 1.6))
    light += generator.uniform(-1, 1) * y + generator.uniform(-1, 1) * (
        y > generator.uniform(-0.5, 0.5)
    )
    for _ in range(generator.integers(2, 9)):
        centre, size = generator.uniform(-1, 1, 2), generator.uniform(0.1, 0.5)
        inside = np.hypot(x - centre[0], y - centre[1]) < size
        light += inside * generator.uniform(-1.5, 1.5) * (1 + x)
    light -= generator.uniform(0, 0.6) * (x**2 + y**2)
    return _levels(light + generator.normal(0, 0.03, light.shape))


def coloured(generator: Random) -> Codes:
    """A photograph in colour."""
    first = photograph(generator)
    shape = (first.shape[1], first.shape[0])
    others = [Image.fromarray(photograph(generator)).resize(shape) for _ in range(2)]
    return np.stack([first, *map(np.asarray, others)], 2)


def noise(generator: Random) -> Codes:
    """White noise: all levels, about one level, or the three levels of dies."""
    shape = generator.integers(20, 300, 2)
    match generator.integers(4):
        case 0:
            return generator.integers(0, 256, shape, dtype=np.uint8)
        case 1:
            return generator.normal(127, 45, shape).clip(0, 255).astype(np.uint8)
        case 2:
            shares = generator.dirichlet((2, 2, 2))
            return generator.choice(np.array([0, 127, 255], np.uint8), shape, p=shares)
    return np.where(generator.random(shape) < generator.uniform(0.1, 0.9), 255, 0).astype(np.uint8)


def blank(generator: Random) -> Codes:
    """One level everywhere."""
    level = generator.choice([0, 1, 2, 60, 127, 128, 200, 254, 255])
    return np.full(generator.integers(1, 300, 2), level, np.uint8)


def gradient(generator: Random) -> Codes:
    """Light that falls off along a line, or from the middle."""
    y, x = _grid(generator)
    along = generator.uniform(-1, 1, 2)
    return _levels(np.hypot(x, y) if generator.random() < 0.5 else along[0] * x + along[1] * y)


def checks(generator: Random) -> Codes:
    """A chessboard or stripes, of two of the three levels or of any two."""
    height, width = generator.integers(30, 300, 2)
    period = generator.integers(1, 30)
    y, x = np.mgrid[:height, :width] // period
    odd = (y + x * generator.integers(0, 2)) % 2
    levels = np.array([0, 127, 255]) if generator.random() < 0.6 else np.arange(256)
    first, second = generator.choice(levels, 2, replace=False)
    pattern: Codes = np.where(odd, first, second).astype(np.uint8)
    return pattern


def bar_code(generator: Random) -> Codes:
    """Bars of all widths, with a quiet zone."""
    bars = np.repeat(generator.integers(0, 2, 60), generator.integers(1, 5, 60))
    strip = np.pad(bars, 10, constant_values=1) * np.uint8(255)
    return np.tile(strip.astype(np.uint8), (int(generator.integers(20, 160)), 1))


def square_code(generator: Random) -> Codes:
    """Random modules with three finders, as a QR code has them, at any whole scale."""
    side = int(generator.choice([21, 25, 29, 33, 41]))
    modules = generator.integers(0, 2, (side, side), dtype=np.uint8)
    finder = np.pad(np.pad(np.pad(np.zeros((3, 3), np.uint8), 1, constant_values=1), 1), 1)
    finder[0] = finder[-1] = finder[:, 0] = finder[:, -1] = 1
    for rows, columns in (
        (slice(0, 9), slice(0, 9)),
        (slice(0, 9), slice(-9, None)),
        (slice(-9, None), slice(0, 9)),
    ):
        modules[rows, columns] = finder
    scale = int(generator.integers(1, 9))
    return np.kron(
        np.pad(modules, 3, constant_values=1) * np.uint8(255), np.ones((scale, scale), np.uint8)
    )


def disc(generator: Random) -> Codes:
    """A round thing that fills the picture, as a wafer does: a coin, a clock, a target, a ball, a moon."""
    side = int(generator.integers(60, 300))
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    spokes = int(generator.integers(2, 13))
    match generator.integers(5):
        case 0:  # a coin: relief in all levels
            light = _clouds(generator, radius.shape, 1.2)
        case 1:  # a ball in the light
            light = np.sqrt(np.maximum(1 - radius**2, 0)) * (1 + 0.6 * x - 0.4 * y)
        case 2:  # a target
            light = (np.floor(radius * spokes) % 2).astype(float)
        case 3:  # a wheel
            light = (np.floor((angle + 4) * spokes / 2) % 2) + 1.0 * (radius > 0.85)
        case _:  # a clock's face
            hands = (np.abs(angle - 1) < 0.06) & (radius < 0.7) | (np.abs(angle + 2) < 0.1) & (
                radius < 0.5
            )
            marks = (radius > 0.8) & (np.abs((angle * 6 / np.pi) % 1 - 0.5) < 0.12)
            light = 1.0 - hands - marks
    return np.where(radius < 1, _levels(light), generator.choice([0, 0, 255])).astype(np.uint8)


FOREIGN: dict[str, Callable[[Random], Codes]] = {
    each.__name__: each
    for each in (
        photograph, coloured, noise, blank, gradient, checks, text, chart, icon, screenshot, bar_code,
        square_code, disc,
    )
}  # fmt: skip


def _grid(generator: Random) -> tuple[Floats, Floats]:
    height, width = generator.integers(40, 320, 2)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return y, x


def _clouds(generator: Random, shape: tuple[int, ...], steepness: float) -> Floats:
    """Return noise of zero mean and unit deviation whose amplitude falls with the frequency to that power."""
    rows, columns = np.meshgrid(*(np.fft.fftfreq(length) for length in shape), indexing="ij")
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = 1
    waves = np.fft.fft2(generator.normal(size=shape)) / frequency**steepness
    waves[0, 0] = 0
    clouds: Floats = np.fft.ifft2(waves).real
    return clouds / max(float(clouds.std()), 1e-9)


def _levels(light: Floats) -> Codes:
    span = max(float(light.max() - light.min()), 1e-9)
    levels: Codes = ((light - light.min()) / span * 255).astype(np.uint8)
    return levels
