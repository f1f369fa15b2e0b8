import time

import numpy as np
import pytest
from PIL import Image, ImageFilter

from edge_component.patterns import generate_label
from edge_component.picture_state import picture_state
from edge_component.pictures import Grey
from fabwafer.messages import PictureState

LEVELS = np.array([0, 127, 255], np.uint8)
DIES = generate_label("Loc", np.random.default_rng(3))


def state_of(levels: Grey) -> PictureState:
    state = picture_state(levels)
    assert state is not None
    return state


def drawn(dies: Grey, side: int = 6) -> Image.Image:
    """Draw a die grid with so many pixels a die."""
    return Image.fromarray(np.kron(LEVELS[dies], np.ones((side, side), np.uint8)))


def test_a_drawn_map_tells_its_size_its_dies_and_three_pure_levels() -> None:
    state = state_of(LEVELS[DIES])
    assert (state.height, state.width) == DIES.shape
    assert state.dies == int((DIES > 0).sum())
    assert (state.levels, state.sharpness, state.tilt_deg) == ((0.0, 127.0, 255.0), 1.0, None)


def test_a_die_grid_and_its_picture_tell_the_same() -> None:
    assert picture_state(DIES) == picture_state(LEVELS[DIES])


def test_a_level_without_a_pixel_has_no_mean() -> None:
    assert state_of(np.full((9, 9), 127, np.uint8)).levels == (None, 127.0, None)


@pytest.mark.parametrize("level, dies", [(0, 0), (127, 81)], ids=["a lens cap", "all one level"])
def test_a_picture_without_contrast_is_not_sharp(level: int, dies: int) -> None:
    state = state_of(np.full((9, 9), level, np.uint8))
    assert (state.sharpness, state.dies) == (0.0, dies)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 2), (4096, 1), (700, 700)])
@pytest.mark.parametrize("seed", [1, 2])
def test_every_picture_has_a_lawful_state(shape: tuple[int, int], seed: int) -> None:
    levels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    assert PictureState.model_validate_json(state_of(levels).model_dump_json()).width == shape[1]


def test_a_picture_in_colour_has_none() -> None:
    assert picture_state(np.zeros((5, 5, 3), np.uint8)) is None


def test_a_lens_out_of_focus_is_less_sharp_the_more_it_is() -> None:
    blurred = [drawn(DIES).filter(ImageFilter.GaussianBlur(radius)) for radius in (0, 1, 2)]
    sharpness = [state_of(np.asarray(each)).sharpness for each in blurred]
    assert sharpness[0] == 1
    assert sharpness[0] > 1.5 * sharpness[1] > 1.5 * sharpness[2]


@pytest.mark.parametrize("label", ["none", "Center", "Edge-Ring", "Random", "Near-full", "Scratch"])
def test_the_process_hardly_touches_the_sharpness_of_a_blurred_picture(label: str) -> None:
    dies = generate_label(label, np.random.default_rng(4))
    blurred = drawn(dies).filter(ImageFilter.GaussianBlur(1))
    assert state_of(np.asarray(blurred)).sharpness == pytest.approx(0.42, abs=0.12)


def test_a_weaker_lamp_shows_in_the_levels_and_not_in_the_sharpness() -> None:
    state = state_of((LEVELS[DIES] * 0.8).astype(np.uint8))
    assert state.levels == (0.0, 101.0, 204.0)
    assert state.sharpness == 1


@pytest.mark.parametrize("turned_deg", [-6, 0, 4, 12])
def test_a_camera_that_was_turned_shows_in_the_tilt(turned_deg: int) -> None:
    turned = drawn(DIES).rotate(-turned_deg, Image.Resampling.BILINEAR)
    assert state_of(np.asarray(turned)).tilt_deg == pytest.approx(turned_deg, abs=1.5)


def test_a_wafer_of_the_usual_size_costs_less_than_a_millisecond() -> None:
    grey = np.random.default_rng(5).integers(0, 256, (64, 64), dtype=np.uint8)
    spent_s = []
    for _ in range(30):
        begin = time.perf_counter()
        picture_state(grey)
        spent_s.append(time.perf_counter() - begin)
    assert min(spent_s) < 0.001
