"""Pictures of text, charts, icons and screens, drawn by code.

Each takes a generator and returns uint8 (height, width).
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training.data.maps import Codes

Random = np.random.Generator
_WORDS = (
    "lot",
    "wafer",
    "yield",
    "tool",
    "scan",
    "total",
    "mean",
    "of",
    "the",
    "2026",
    "47.3",
    "%",
)


def text(generator: Random) -> Codes:
    """Lines of words, dark on light or light on dark."""
    paper, ink = _two_levels(generator)
    image, draw = _canvas(generator.integers(80, 400, 2).tolist(), paper)
    height = int(generator.integers(9, 40))
    font = ImageFont.load_default(height)
    for row in range(4, image.height, int(height * 1.3)):
        draw.text((4, row), " ".join(generator.choice(_WORDS, 30)), ink, font)
    return np.asarray(image)


def chart(generator: Random) -> Codes:
    """Axes with bars, a curve or points."""
    ground = int(generator.choice([255, 255, 240, 0]))
    image, draw = _canvas(generator.integers(100, 400, 2).tolist(), ground)
    ink = 0 if ground else 255
    width, height = image.size
    draw.line([(20, 5), (20, height - 15), (width - 5, height - 15)], ink, 2)
    values = generator.uniform(0.1, 0.95, generator.integers(4, 20)) * (height - 25)
    step = (width - 30) / len(values)
    at = [(25 + n * step, height - 15 - value) for n, value in enumerate(values)]
    kind = generator.integers(3)
    for place in at:
        if kind == 0:
            draw.rectangle(
                (*place, place[0] + step * 0.7, height - 15), int(generator.integers(256))
            )
        elif kind == 1:
            draw.ellipse((place[0] - 3, place[1] - 3, place[0] + 3, place[1] + 3), ink)
    if kind == 2:
        draw.line(at, ink, 2)
    return np.asarray(image)


def icon(generator: Random) -> Codes:
    """A few filled shapes with smooth edges on a plain ground."""
    ground, ink = _two_levels(generator)
    image, draw = _canvas([256, 256], ground)
    for turn in range(generator.integers(1, 5)):
        level = ink if turn == 0 else int(generator.integers(256))
        corner = generator.uniform(5, 120, 2)
        box = (*corner, *(corner + generator.uniform(40, 130, 2)))
        match generator.integers(4):
            case 0:
                draw.ellipse(box, level)
            case 1:
                draw.rounded_rectangle(box, 18, level)
            case 2:
                draw.regular_polygon((*generator.uniform(90, 160, 2), 80), 3 + turn, 20, level)
            case 3:
                draw.arc(box, 30, 300, level, 14)
    side = int(generator.integers(16, 200))
    return np.asarray(image.resize((side, side), Image.Resampling.LANCZOS))


def screenshot(generator: Random) -> Codes:
    """Windows with title bars, buttons and words."""
    image, draw = _canvas([400, 280], int(generator.integers(20, 235)))
    font = ImageFont.load_default(11)
    for _ in range(generator.integers(2, 5)):
        left, top = generator.uniform(0, 1, 2) * (250, 180)
        right, bottom = left + generator.uniform(90, 150), top + generator.uniform(60, 100)
        draw.rectangle(
            (left, top, right, bottom), int(generator.choice([255, 245, 40])), outline=90
        )
        draw.rectangle((left, top, right, top + 14), int(generator.integers(60, 200)))
        for row in range(int(top) + 18, int(bottom) - 10, 13):
            draw.text((left + 4, row), " ".join(generator.choice(_WORDS, 4)), 110, font)
        draw.rounded_rectangle((right - 40, bottom - 16, right - 5, bottom - 4), 4, 150)
    return np.asarray(image)


def _two_levels(generator: Random) -> tuple[int, int]:
    first, second = (
        int(level) for level in generator.choice([0, 30, 127, 220, 255], 2, replace=False)
    )
    return first, second


def _canvas(size: list[int], level: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("L", (size[0], size[1]), level)
    return image, ImageDraw.Draw(image)
