"""Small generated wafers, a run on them and its bundle: built once, read by all."""

from pathlib import Path

import numpy as np
import pytest
import torch
from generated_wafers import TINY, draw_wafer, write_set

from training.bundle.gate import Limits
from training.data.npz import read_npz
from training.data.wafers import WaferSet
from training.export import Terms, export
from training.network.lessons import read_lessons
from training.network.loop import train
from training.network.start import start


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
    train(run, lessons, folder / "a", minutes=5)
    return folder / "a"


@pytest.fixture(scope="session")
def bundle(data: Path, run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "tiny"
    export(
        run_folder, data, folder, Terms(limits=Limits(slower=1))
    )  # so small a network may not gain
    return folder
