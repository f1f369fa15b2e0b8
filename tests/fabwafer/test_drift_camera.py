"""The camera moved: sums over what pictures show beside the wafer."""

import random

import pytest

from fabwafer.camera_drift import FIGURES, Rules, Usual, after_group, figures
from fabwafer.messages import PictureState

RULES = Rules(threshold=8.0)
STEADY = {"no die": 2.0, "pass": 128.0, "fail": 250.0, "sharpness": 0.8, "tilt": 0.1}


def groups(watched, means, count):
    rng = random.Random(5)  # noqa: S311  a simulation
    for number in range(count):
        noisy = {name: value * (1 + rng.gauss(0, 0.01)) for name, value in means.items()}
        watched = after_group(watched, noisy, number, RULES)
    return watched


def ringing(watched):
    return {name for name, each in watched.items() if each.cusum.rings}


def test_a_steady_camera_is_quiet():
    assert ringing(groups({}, STEADY, 300)) == set()


@pytest.mark.parametrize("name", STEADY)
@pytest.mark.parametrize("direction", [1, -1], ids=["higher", "lower"])
def test_whatever_of_a_picture_moves_rings(name, direction):
    learned = groups({}, STEADY, RULES.arm_groups)
    moved = STEADY | {name: STEADY[name] + direction * max(3.0, 0.2 * STEADY[name])}
    assert ringing(groups(learned, moved, 6)) == {name}


def test_one_odd_lot_rings_nothing():
    learned = groups({}, STEADY, RULES.arm_groups)
    odd = after_group(learned, dict.fromkeys(STEADY, 1e6), 1, RULES)
    assert ringing(odd) == set()


def test_a_figure_of_drawn_maps_that_never_varies_may_differ_by_a_little():
    learned = {}
    for number in range(RULES.arm_groups):
        learned = after_group(learned, {"pass": 127.0}, number, RULES)
    for number in range(50):
        learned = after_group(learned, {"pass": 127.4}, number, RULES)
    assert ringing(learned) == set()


def test_a_camera_that_stays_moved_is_learned_anew():
    learned = groups({}, STEADY, RULES.arm_groups)
    moved = groups(learned, STEADY | {"pass": 200.0}, 3 * RULES.arm_groups)
    assert ringing(moved) == set()
    assert moved["pass"].usual.mean == pytest.approx(200, abs=2)


def test_figures_are_those_that_a_picture_shows():
    picture = PictureState(
        width=40, height=10, dies=100, levels=(0.0, 127.5, None), sharpness=1.0, tilt_deg=None
    )
    assert figures(picture) == {
        "no die": 0.0,
        "pass": 127.5,
        "sharpness": 1.0,
        "size": 20.0,
        "dies": 0.25,
    }
    assert set(figures(picture)) < set(FIGURES)


def test_mean_and_spread_are_those_of_the_groups():
    usual = Usual()
    for value in (1.0, 2.0, 3.0):
        usual = usual.plus(value)
    assert (usual.mean, usual.squares) == (2.0, 2.0)
