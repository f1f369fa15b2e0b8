"""The same wafers through PyTorch, ONNX fp32 and ONNX int8: real ones where WM-811K is there, generated ones otherwise."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from generated_wafers import TINY
from real_wafers import REAL, write_sample

from fabwafer.bundle import MODEL
from fabwafer.labels import WM811K
from training.bundle.gate import Limits
from training.bundle.graph import TEMPERATURE
from training.data.lots import Split
from training.data.npz import read_npz
from training.data.wafers import splits
from training.export import FP32, Terms, export
from training.network.lessons import read_lessons
from training.network.loop import train
from training.network.model import WaferClassifier
from training.network.run import load
from training.network.start import start
from training.worth.sessions import open_model

ANY = Limits(recall=1, macro_f1=1, ece=1, slower=9)
REAL_LOTS, REAL_OF_EACH = 3000, 90
SAME_AS_FP32 = 0.97
"""Of a network that learned for seconds and is sure of little; a shipped one reaches 0.999 (`test_training_shipped`)."""


@dataclass(frozen=True)
class Answers:
    """Labels' probabilities (wafers, classes) and heat maps of the same wafers from all three."""

    torch: np.ndarray
    torch_heat: np.ndarray
    fp32: np.ndarray
    fp32_heat: np.ndarray
    int8: np.ndarray


@pytest.fixture(scope="module")
def exported(
    run_folder: Path, bundle: Path, data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, Path]:
    """A run, its bundle and its data."""
    if not REAL.exists():
        return run_folder, bundle, data
    folder = tmp_path_factory.mktemp("real")
    sample = write_sample(folder / "sample.npz", REAL_LOTS, REAL_OF_EACH)
    wafers = read_npz(sample)
    shape = replace(TINY.shape, classes=len(WM811K.names))
    recipe = replace(TINY, labels=WM811K.names, shape=shape, epochs=10)
    run = start(recipe, wafers, folder / "run", resume=False)
    train(run, read_lessons(wafers, "none", shape.side, None, folder / "cache"), folder / "run")
    export(folder / "run", sample, folder / "bundle", Terms(limits=ANY))
    return folder / "run", folder / "bundle", sample


@pytest.fixture(scope="module")
def answers(exported: tuple[Path, Path, Path]) -> Answers:
    run_folder, bundle, data = exported
    wafers = read_npz(data)
    parts = splits(wafers)
    indices = np.concatenate((parts[Split.VALIDATION], parts[Split.TEST]))
    maps = [np.ascontiguousarray(wafers.maps[int(index)]) for index in indices]
    module = WaferClassifier(load(run_folder, torch.device("cpu")).averaged, temperature(bundle))
    with torch.inference_mode():
        modules = [module(torch.from_numpy(each)) for each in maps]
    fp32, int8 = (asked(open_model(path), maps) for path in (run_folder / FP32, bundle / MODEL))
    return Answers(
        np.stack([each.numpy() for each, _ in modules]),
        np.stack([heat.numpy() for _, heat in modules]),
        *fp32,
        int8[0],
    )


def asked(session: ort.InferenceSession, maps: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    rows = [session.run(["probabilities", "heat"], {"wafer": each}) for each in maps]
    return np.stack([row[0] for row in rows]), np.stack([row[1] for row in rows])


def temperature(bundle: Path) -> float:
    constants = onnx.load(bundle / MODEL).graph.initializer
    (found,) = (each for each in constants if each.name == TEMPERATURE)
    return float(onnx.numpy_helper.to_array(found))


def test_torch_and_the_float_graph_give_the_same_probabilities(answers: Answers) -> None:
    assert len(answers.torch) > 100
    assert answers.fp32 == pytest.approx(answers.torch, abs=2e-5)
    assert (answers.fp32.argmax(1) == answers.torch.argmax(1)).all()


def test_torch_and_the_float_graph_see_it_in_the_same_places(answers: Answers) -> None:
    assert answers.fp32_heat == pytest.approx(answers.torch_heat, abs=1e-3)


def test_eight_bits_decide_as_float_does(answers: Answers) -> None:
    assert (answers.int8.argmax(1) == answers.fp32.argmax(1)).mean() >= SAME_AS_FP32


def test_where_eight_bits_decide_otherwise_float_was_not_sure(answers: Answers) -> None:
    changed = answers.int8.argmax(1) != answers.fp32.argmax(1)
    first, second = np.sort(answers.fp32, axis=1)[:, :-3:-1].T
    assert ((first - second)[changed] < 0.3).all()


def test_eight_bits_give_nearly_the_same_probabilities(answers: Answers) -> None:
    assert np.abs(answers.int8 - answers.fp32).mean() < 0.01
    assert not np.array_equal(answers.int8, answers.fp32)


def test_the_same_wafer_gets_the_same_answer_whatever_came_before(
    exported: tuple[Path, Path, Path],
) -> None:
    session = open_model(exported[1] / MODEL)
    maps = read_npz(exported[2]).maps
    some = [np.ascontiguousarray(maps[index]) for index in range(0, 60, 3)]
    forwards, backwards = asked(session, some), asked(session, some[::-1])
    assert np.array_equal(forwards[0], backwards[0][::-1])
    assert np.array_equal(forwards[1], backwards[1][::-1])
