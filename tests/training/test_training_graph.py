import numpy as np
import onnxruntime as ort
import pytest
import torch

from fabwafer.bundle import FEATURES
from training.bundle.graph import build
from training.network.model import (
    Architecture,
    Network,
    Planes,
    WaferClassifier,
    multiply_adds,
    overlap,
)
from training.network.symmetry import VIEWS, Convolution, view
from training.worth.sessions import open_model

SHAPE = Architecture(side=25, widths=(32, 32, 64), blocks=(1, 1, 1))
DECISION = ["probabilities", "heat"]
GREYS = np.array([0, 127, 255], np.uint8)
SIZES = [(1, 1), (3, 70), (17, 24), (24, 24), (26, 31), (53, 59), (212, 95)]


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    network = Network(SHAPE).eval()
    for layer in network.modules():
        if isinstance(layer, Convolution):
            layer.mean.normal_(0, 0.1)
            layer.variance.uniform_(0.5, 2)
    return network


@pytest.fixture(scope="module")
def session(network: Network) -> ort.InferenceSession:
    return open_model(build(network, temperature=1.7).SerializeToString())


def codes(size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 3, size, dtype=np.uint8)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_graph_equals_the_module(
    network: Network, session: ort.InferenceSession, size: tuple[int, int]
) -> None:
    probabilities, heat = session.run(DECISION, {"wafer": codes(size)})
    with torch.inference_mode():
        expected, expected_heat = WaferClassifier(network, 1.7)(torch.from_numpy(codes(size)))
    assert probabilities == pytest.approx(expected.numpy(), abs=1e-6)
    assert heat == pytest.approx(expected_heat.numpy(), abs=1e-5)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_features_are_the_mean_of_the_last_map(
    network: Network, session: ort.InferenceSession, size: tuple[int, int]
) -> None:
    (features,) = session.run([FEATURES], {"wafer": codes(size)})
    with torch.inference_mode():
        planes = Planes(SHAPE.side)(torch.from_numpy(codes(size))[None])
        expected = network.features(planes).mean((0, 2, 3)).numpy()
    assert features.shape == (SHAPE.features,)
    assert features == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("scale", [2, 3, 7])
@pytest.mark.parametrize("size", [(17, 24), (26, 31), (53, 59)], ids=str)
def test_a_picture_drawn_larger_gets_the_same_answer(
    session: ort.InferenceSession, size: tuple[int, int], scale: int
) -> None:
    picture = np.kron(GREYS[codes(size)], np.ones((scale, scale), np.uint8))
    assert session.run(None, {"wafer": picture})[0] == pytest.approx(
        session.run(None, {"wafer": codes(size)})[0], abs=1e-6
    )


def test_greys_a_little_off_are_the_same_picture(session: ort.InferenceSession) -> None:
    off = GREYS[codes((26, 26))] // 2 + np.uint8(40)
    off[codes((26, 26)) == 2] = 240
    clean = session.run(None, {"wafer": codes((26, 26))})[0]
    assert session.run(None, {"wafer": off})[0] == pytest.approx(clean, abs=1e-6)


def test_a_picture_without_dies_gets_an_answer(session: ort.InferenceSession) -> None:
    probabilities, heat = session.run(DECISION, {"wafer": np.zeros((9, 9), np.uint8)})
    assert probabilities.sum() == pytest.approx(1)
    assert heat.max() == 0


def test_heat_lies_on_failing_dies_only(session: ort.InferenceSession) -> None:
    wafer = np.ones((25, 25), np.uint8)
    wafer[2:6, 3:9] = 2
    heat = session.run(None, {"wafer": wafer})[1]
    assert heat.shape == (7, 7)
    assert not heat[2:].any()
    assert heat.min() >= 0
    assert heat.max() <= 1


@pytest.mark.parametrize("length", [1, 5, 24, 25, 61, 300])
def test_every_cell_averages_all_that_it_covers(length: int) -> None:
    weights = overlap(length, 24)
    assert weights.sum(1).numpy() == pytest.approx(np.ones(24), abs=1e-5)
    assert weights.sum(0).numpy() == pytest.approx(np.full(length, 24 / length), abs=1e-4)


def test_a_scratch_one_die_wide_survives_shrinking() -> None:
    wafer = torch.ones(1, 200, 200, dtype=torch.uint8)
    wafer[0, 20:180, 97] = 2
    fails = Planes(24)(wafer)[0, 1]
    assert fails[4:20, 11].min() > 0.1
    assert fails.sum() * (200 / 24) ** 2 == pytest.approx(160, rel=1e-4)


@pytest.mark.parametrize("number", range(VIEWS))
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_turned_or_mirrored_wafer_gets_the_same_answer_and_a_turned_heat_map(
    session: ort.InferenceSession, size: tuple[int, int], number: int
) -> None:
    probabilities, heat = session.run(DECISION, {"wafer": codes(size)})
    other, other_heat = session.run(
        DECISION, {"wafer": np.ascontiguousarray(view(codes(size), number))}
    )
    assert other == pytest.approx(probabilities, abs=1e-6)
    assert other_heat == pytest.approx(view(heat, number), abs=1e-4)


def test_multiply_adds_are_counted_by_hand() -> None:
    shape = Architecture(side=25, widths=(32, 64), blocks=(1, 1), features=16)
    stem = 13 * 13 * 2 * 32 * 25
    first = 13 * 13 * 2 * 32 * 32 * 9
    second = 7 * 7 * (32 * 64 * 9 + 64 * 64 * 9 + 32 * 64)
    last = 7 * 7 * 64 * 16 * 9
    assert multiply_adds(Network(shape)) == stem + first + second + last
