"""Wafers of four patterns, drawn at random, and files of them."""

from pathlib import Path

import numpy as np

from training.network.model import Architecture
from training.network.run import Recipe

CLASSES = ("none", "Center", "Edge-Ring", "Loc")
TINY = Recipe(
    epochs=4,
    batch=32,
    averaging=0.8,
    shape=Architecture(side=25, widths=(32, 32, 32), blocks=(1, 1, 1)),
)


def draw_wafer(generator: np.random.Generator, label: int) -> np.ndarray:
    height, width = generator.integers(17, 34, 2)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    radius = np.hypot(x, y)
    away = np.hypot(x - generator.uniform(-0.4, 0.4), y - 0.5)
    chance = [0 * x, 0.9 * (radius < 0.35), 0.9 * (radius > 0.85), 0.9 * (away < 0.25)][label]
    fails = generator.random(radius.shape) < np.maximum(chance, 0.03)
    return np.where(radius <= 1, 1 + fails, 0).astype(np.uint8)


def write_set(path: Path, wafers: list[np.ndarray], labels: list[int], lots: list[int]) -> Path:
    np.savez(
        path,
        flat=np.concatenate([wafer.ravel() for wafer in wafers]),
        shapes=np.array([wafer.shape for wafer in wafers], np.uint16),
        labels=np.array(labels, np.uint8),
        classes=np.array(CLASSES),
        lot=np.array(lots, np.int32),
        row=np.arange(len(wafers), dtype=np.int32) + 1000,
    )
    return path


def pack(path: Path, maps: list[np.ndarray], lots: list[int]) -> Path:
    """Write maps as a file of unlabelled ones holds them: one template each, one bit a die."""
    bits = [np.packbits((wafer > 0).ravel()) for wafer in maps]
    fails = [np.packbits(wafer[wafer > 0] == 2) for wafer in maps]
    np.savez(
        path,
        template_shapes=np.array([wafer.shape for wafer in maps], np.uint16),
        template_bits=np.concatenate(bits),
        template_id=np.arange(len(maps)),
        fail_bits=np.concatenate(fails),
        map_id=np.arange(len(maps)),
        lot=np.array(lots),
    )
    return path
