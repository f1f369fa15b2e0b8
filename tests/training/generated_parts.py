"""A second domain: colour photographs of parts that are good, rusty or scratched, in a folder for each class.

Good parts have water stains. Rust has the same shapes and, in grey, the same brightness: only its hue tells.
"""

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("good", "rusty", "scratched")
WATER, RUST = np.array([-60.0, 10.0, 106.0]), np.array([60.0, -10.0, -106.0])
"""What a stain adds to red, green and blue: 0.299 R + 0.587 G + 0.114 B is the same for both, nearly none."""


def draw_part(generator: np.random.Generator, label: int) -> np.ndarray:
    """Return a photograph, uint8 (height, width, 3)."""
    height, width = generator.integers(48, 97, 2)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    slope = generator.uniform(-20, 20, 2)
    metal = 128 + slope[0] * y + slope[1] * x + generator.normal(0, 6, y.shape)
    photo = np.repeat(metal[..., None], 3, 2)
    for _ in range(generator.integers(1, 4)):
        middle, size = generator.uniform(-0.6, 0.6, 2), generator.uniform(0.2, 0.4)
        stain = np.exp(-((y - middle[0]) ** 2 + (x - middle[1]) ** 2) / size**2)
        photo += stain[..., None] * (RUST if label == 1 else WATER)
    if label == 2:
        angle, off = generator.uniform(0, np.pi), generator.uniform(-0.4, 0.4)
        line = np.abs(x * np.sin(angle) - y * np.cos(angle) - off) < 0.05
        photo[line] += 90
    return np.clip(photo, 0, 255).astype(np.uint8)


def write_parts(folder: Path, lots: int = 110, of_each: int = 2, mode: str = "RGB") -> Path:
    """Write parts as `<class>/<lot>/<number>.png`, `of_each` class in each lot."""
    generator = np.random.default_rng(11)
    for lot in range(lots):
        for label, name in enumerate(CLASSES):
            place = folder / name / f"tray{lot}"
            place.mkdir(parents=True)
            for number in range(of_each):
                image = Image.fromarray(draw_part(generator, label))
                image.convert(mode).save(place / f"{number}.png")
    return folder
