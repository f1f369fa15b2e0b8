from collections.abc import Callable

import numpy as np
import onnxruntime as ort
import pytest
import torch
from generated_wafers import draw_wafer

from training.bundle.graph import build
from training.bundle.refusal import levels_of, shape_of
from training.data.maps import Codes, eight_views
from training.network.model import Architecture, Network, Planes
from training.worth.discs import DISCS
from training.worth.drawings import Random
from training.worth.foreign import FOREIGN
from training.worth.sessions import open_model
from training.worth.spoilt import GREYS, SPOILT

SIDE = 49
FAR_OFF = {"levels": 22.0, "shape": 0.1}
WAFERS = [draw_wafer(np.random.default_rng(number), number % 4) for number in range(12)]


@pytest.fixture(scope="module")
def session() -> ort.InferenceSession:
    torch.manual_seed(0)
    shape = Architecture(side=SIDE, widths=(32, 32, 32), blocks=(1, 1, 1))
    return open_model(build(Network(shape)).SerializeToString())


@pytest.fixture(scope="module")
def measured(session: ort.InferenceSession) -> Callable[[Codes], dict[str, float]]:
    def of(picture: Codes) -> dict[str, float]:
        values = session.run(list(FAR_OFF), {"wafer": np.ascontiguousarray(picture)})
        return dict(zip(FAR_OFF, map(float, values), strict=True))

    return of


def refused(values: dict[str, float]) -> bool:
    return any(values[name] > limit for name, limit in FAR_OFF.items())


Measured = Callable[[Codes], dict[str, float]]


@pytest.mark.parametrize("name", [name for name in FOREIGN if name != "coloured"])
def test_the_graph_measures_what_the_modules_measure(measured: Measured, name: str) -> None:
    picture = FOREIGN[name](np.random.default_rng(4)).copy()
    values = measured(picture)
    tensor = torch.from_numpy(picture)
    assert values["levels"] == pytest.approx(float(levels_of(tensor)), rel=1e-3, abs=0.05)
    planes = Planes(SIDE)(tensor[None])[0]
    assert values["shape"] == pytest.approx(float(shape_of(planes)), rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("scale", [1, 2, 5])
@pytest.mark.parametrize("number", range(4))
def test_nothing_is_wrong_with_a_wafer(measured: Measured, number: int, scale: int) -> None:
    picture = np.kron(GREYS[WAFERS[number]], np.ones((scale, scale), np.uint8))
    assert measured(picture) == pytest.approx({"levels": 0.0, "shape": 0.0}, abs=0.07)
    assert measured(WAFERS[number]) == pytest.approx(measured(picture), abs=1e-4)


def test_a_turned_or_mirrored_picture_is_judged_alike(measured: Measured) -> None:
    picture = SPOILT["half"](np.random.default_rng(0), WAFERS[2])
    expected = measured(picture)
    for view in eight_views(picture):
        assert measured(view) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("shift", [-20, 20])
def test_levels_a_little_off_are_no_reason_to_refuse(measured: Measured, shift: int) -> None:
    off = GREYS[WAFERS[1]].astype(int) + shift
    assert not refused(measured(off.clip(0, 255).astype(np.uint8)))


@pytest.mark.parametrize("levels", [(0, 64, 128), (0, 85, 170), (0, 200, 255), (85, 170, 255)])
def test_other_levels_for_the_same_dies_are_refused(
    measured: Measured, levels: tuple[int, ...]
) -> None:
    assert refused(measured(np.array(levels, np.uint8)[WAFERS[1]]))


@pytest.mark.parametrize("name", [name for name in FOREIGN if name not in {"coloured", "disc"}])
def test_pictures_of_other_things_are_refused_by_levels_and_shape_alone(
    measured: Measured, name: str
) -> None:
    generator = np.random.default_rng(9)
    assert all(refused(measured(FOREIGN[name](generator))) for _ in range(10))


@pytest.mark.parametrize("name", [name for name in SPOILT if name != "off_levels"])
def test_near_misses_are_refused_by_levels_and_shape_alone(measured: Measured, name: str) -> None:
    generator = np.random.default_rng(10)
    assert all(refused(measured(SPOILT[name](generator, wafer))) for wafer in WAFERS)


@pytest.mark.parametrize("name", DISCS)
def test_a_disc_in_three_levels_is_no_reason_to_refuse(measured: Measured, name: str) -> None:
    generator = np.random.default_rng(6)
    assert sum(refused(measured(DISCS[name](generator))) for _ in range(10)) < 5


@pytest.mark.parametrize("draw", (FOREIGN | DISCS).values(), ids=FOREIGN | DISCS)
def test_a_picture_follows_from_its_seed(draw: Callable[[Random], Codes]) -> None:
    first, again, other = (draw(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)
    assert first.dtype == np.uint8
