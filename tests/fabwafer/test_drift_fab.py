"""A fab's wafers through all detectors."""

import random
from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from fabwafer.fab_signals import Detector, rung, signals
from fabwafer.fab_watch import Fab, Rules, after_wafers, without_model
from fabwafer.lots_under_way import Seen, ended, with_wafer

RULES = Rules.of(20)
LABELS = ("Loc", "Scratch")
FIGURES = {"pass": 127.0, "sharpness": 0.9}
HOUR_MS = 3_600_000


def wafers(lots, first=0, scratch=0.04, seed=3, **changes):
    """Lots of 25 from one camera, a wafer a second."""
    rng = random.Random(seed)  # noqa: S311  a simulation
    for number in range(first, first + lots):
        for place in range(25):
            seen = Seen(
                camera="camera1",
                lot=f"lot{number}",
                at_ms=(number * 25 + place) * 1000,
                label="Scratch" if rng.random() < scratch else "none",
                model="m@1",
                figures={name: value + rng.gauss(0, 0.3) for name, value in FIGURES.items()},
            )
            yield replace(seen, **changes)


def watch(fab, seen):
    every = list(seen)
    return after_wafers(fab, every, LABELS, every[-1].at_ms if every else 0, RULES)


@pytest.fixture(scope="module")
def usual():
    return watch(Fab(), wafers(220))


def ringing(fab):
    return {(each.detector, each.what) for each in signals(fab, RULES) if each.cusum.rings}


def test_an_ordinary_fab_is_quiet(usual):
    assert ringing(watch(usual, wafers(100, first=220, seed=4))) == set()


def test_a_label_that_triples_rings_as_the_process(usual):
    after = watch(usual, wafers(60, first=220, scratch=0.16))
    assert ringing(after) == {(Detector.PROCESS, "Scratch")}


def test_a_picture_that_changes_rings_as_the_camera_and_nothing_else(usual):
    after = watch(usual, wafers(20, first=220, figures=FIGURES | {"pass": 150.0}))
    assert ringing(after) == {(Detector.CAMERA, "camera1 pass")}


def test_a_label_that_was_never_seen_is_watched_from_the_first_lot(usual):
    assert usual.labels["Loc"].usual.lots >= 200


def test_refused_pictures_say_nothing_of_process_and_model(usual):
    after = watch(usual, wafers(30, first=220, label=None))
    assert after.labels == usual.labels
    assert after.models == usual.models


def test_what_has_rung_before_does_not_ring_again(usual):
    first = signals(watch(usual, wafers(60, first=220, scratch=0.16)), RULES)
    assert [each.what for each in rung(signals(usual, RULES), first)] == ["Scratch"]
    assert rung(first, first) == []


def test_a_fab_is_json_and_back(usual):
    adapter = TypeAdapter(Fab)
    with_open_lot = watch(usual, list(wafers(1, first=400, scores={"none": 0.9, "Loc": 0.1}))[:7])
    assert adapter.validate_json(adapter.dump_json(with_open_lot)) == with_open_lot


def test_a_model_can_be_learned_anew():
    scores = {"none": 0.9, "Loc": 0.1}
    fab = watch(Fab(), wafers(3, scores=scores))
    assert fab.models["m@1"].doubt.lots == 3
    assert without_model(fab, "m@1").models == {}


def test_a_fab_with_more_lots_rings_later():
    busy, small, tiny = Rules.of(100), Rules.of(10), Rules.of(0.01)
    assert busy.process.threshold > RULES.process.threshold > small.process.threshold
    assert tiny.process.threshold > 0


@pytest.mark.parametrize("lot", ["lot1", None], ids=["a lot", "no lot"])
def test_a_lot_ends_with_its_25th_wafer(lot):
    under_way, over = {}, []
    for number in range(25):
        under_way, over = with_wafer(under_way, Seen("camera1", lot, number, "none"))
    assert under_way == {}
    assert [each.wafers for each in over] == [25]


def test_a_lot_ends_when_it_has_been_silent():
    under_way, _ = with_wafer({}, Seen("camera1", "lot1", 5, "none"))
    assert ended(under_way, 5) == (under_way, [])
    assert ended(under_way, 6) == ({}, list(under_way.values()))


def test_the_oldest_lots_end_when_there_are_too_many():
    under_way = {}
    for number in range(70):
        under_way, _ = with_wafer(under_way, Seen("camera1", f"lot{number}", number, "none"))
    rest, over = ended(under_way, 0)
    assert (len(rest), [each.last_ms for each in over]) == (64, list(range(6)))


def test_lots_of_two_cameras_are_two():
    first, _ = with_wafer({}, Seen("camera1", "lot1", 5, "none"))
    both, _ = with_wafer(first, Seen("camera2", "lot1", 5, "none"))
    assert len(both) == 2
