"""Small generated wafers, a run on them and its bundle: built once, read by all."""

from pathlib import Path

import numpy as np
import pytest
import torch

from training.dataset import WaferSet, read_npz
from training.export import export
from training.model import Architecture
from training.run import Recipe
from training.train import read_lessons, start, train

CLASSES = ("none", "Center", "Edge-Ring", "Loc")
TINY = Recipe(
    epochs=4,
    batch=32,
    averaging=0.8,
    shape=Architecture(side=24, widths=(32, 32, 32), blocks=(1, 1, 1)),
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


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    generator = np.random.default_rng(3)
    labels = [int(generator.choice(4, p=[0.55, 0.15, 0.15, 0.15])) for _ in range(600)]
    drawn = [draw_wafer(generator, label) for label in labels]
    drawn[100:108] = [np.rot90(wafer) for wafer in drawn[0:8]]  # copies, in other lots
    labels[100:108] = labels[0:8]
    lots = [number // 12 for number in range(600)]
    return write_set(tmp_path_factory.mktemp("data") / "wafers.npz", drawn, labels, lots)


@pytest.fixture(scope="session")
def wafers(data: Path) -> WaferSet:
    return read_npz(data)


@pytest.fixture(scope="session")
def run_folder(wafers: WaferSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    run = start(TINY, wafers, folder / "a", resume=False)
    lessons = read_lessons(wafers, "none", TINY.shape.side, None, folder / "cache")
    train(run, wafers, lessons, folder / "a", minutes=5)
    return folder / "a"


@pytest.fixture(scope="session")
def bundle(data: Path, run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "tiny"
    export(run_folder, data, folder)
    return folder
