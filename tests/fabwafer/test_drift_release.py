"""A release: the model calls a label otherwise, the process is as it was."""

import random

import pytest

from fabwafer.fab_watch import Fab
from fabwafer.process_drift import Calls, Rules, Watched, after_lot
from fabwafer.release import Comparison, Cost, Pair, Replay, Routed, Worth
from fabwafer.release_rates import with_release

RULES = Rules(threshold=7.0)
OLD, NEW = "m@1", "m@2"
LOT = 25
TRULY, FOUND_BEFORE, FOUND_SINCE = 0.02, 0.3, 0.9
FABS = 12
MONTH_LOTS = 600
WORTH = Worth(
    wafers=100, macro_f1=0.9, accuracy=0.9, ece=0.01, accepted=0.9, escapes=0.0, labels={}
)


def compared(new, old, wafers=5000, current=OLD):
    """What a release says of Scratch on the same wafers."""
    replay = Replay(
        wafers=wafers,
        candidate=Routed(alerts=0, reviews=0, refused=0, by_label={"Scratch": new}),
        current=Routed(alerts=0, reviews=0, refused=0, by_label={"Scratch": old}),
        changed=abs(new - old),
    )
    return Comparison(
        candidate=NEW,
        current=current,
        test=Pair(candidate=WORTH, current=WORTH),
        replay=replay,
        candidate_cost=Cost(size_bytes=1, latency_ms=1),
    )


def calls(rng, model, recall, times=1.0):
    """A lot of a fab whose lots are as clustered as WM-811K's, as a model with this recall tells it."""
    size = (1 - 0.037) / 0.037
    rate = times * TRULY
    share = rng.betavariate(rate * size, (1 - rate) * size)
    hits = sum(rng.random() < share * recall for _ in range(LOT))
    return Calls(model, hits, LOT)


def learned(rng, recall=FOUND_BEFORE):
    watched = Watched()
    for number in range(200):
        watched = after_lot(watched, calls(rng, OLD, recall), number, RULES)
    return watched


def released(watched, comparison):
    return with_release(Fab(labels={"Scratch": watched}), comparison, RULES).labels["Scratch"]


def measured(rng):
    """The replay of a release: 5,000 wafers of the last days through both models."""
    new = old = 0
    for _ in range(200):
        truly = calls(rng, NEW, 1.0).hits
        told = [rng.random() for _ in range(truly)]
        new += sum(each < FOUND_SINCE for each in told)
        old += sum(each < FOUND_BEFORE for each in told)
    return compared(new, old)


def rings_in_a_month(begun, model):
    """How often fabs ring for nothing while a model decides that finds nine of ten."""
    rings = 0
    for seed in range(FABS):
        rng = random.Random(seed)  # noqa: S311  a simulation
        watched = begun(rng)
        for number in range(MONTH_LOTS):
            before = watched.cusum.rings
            watched = after_lot(watched, calls(rng, model, FOUND_SINCE), number, RULES)
            rings += watched.cusum.rings and not before
    return rings


def test_a_release_that_triples_a_labels_recall_rings_no_more_often_than_a_model_of_long_ago():
    after = rings_in_a_month(lambda rng: released(learned(rng), measured(rng)), NEW)
    long_ago = rings_in_a_month(lambda rng: learned(rng, FOUND_SINCE), OLD)
    taken_for_the_old_model = rings_in_a_month(learned, OLD)
    assert after <= long_ago + 2
    assert taken_for_the_old_model >= FABS


def test_a_label_that_rises_fourfold_right_after_a_release_rings():
    found = 0
    for seed in range(FABS):
        rng = random.Random(seed)  # noqa: S311  a simulation
        watched = released(learned(rng), measured(rng))
        for number in range(40):
            watched = after_lot(watched, calls(rng, NEW, FOUND_SINCE, times=4), number, RULES)
        found += watched.cusum.rings
    assert found >= FABS - 1


@pytest.mark.parametrize(
    ("new", "old", "rate"),
    [(36, 36, 0.02), (200, 100, 0.039), (0, 0, 0.02), (50, 100, 0.01)],
    ids=["the same", "twice as many", "none on either side", "half as many"],
)
def test_the_new_models_rate_is_the_old_ones_as_the_replay_changed_it(new, old, rate):
    usual = Watched()
    for number in range(1000):
        usual = after_lot(usual, Calls(OLD, number % 2, LOT), number, RULES)
    after = released(usual, compared(new, old))
    assert after.of(NEW).usual.rate == pytest.approx(rate, rel=0.06)
    assert after.of(NEW).usual.lots == 200
    assert after.of(OLD) == usual.of(OLD)


def test_a_label_that_the_old_model_never_called_is_as_frequent_as_in_the_replay():
    usual = Watched()
    for number in range(200):
        usual = after_lot(usual, Calls(OLD, 0, LOT), number, RULES)
    after = released(usual, compared(100, 0))
    assert after.of(NEW).usual.rate == pytest.approx(0.02, rel=0.01)


@pytest.mark.parametrize(
    "comparison",
    [
        compared(90, 30, wafers=999),
        compared(90, 30).model_copy(update={"replay": None}),
        compared(90, 30, current=None),
        compared(90, 30, current="m@0"),
    ],
    ids=["few wafers", "no replay", "a first model", "beside one that never decided here"],
)
def test_a_release_that_measured_too_little_leaves_the_rate_to_the_models_own_lots(comparison):
    watched = learned(random.Random(1))  # noqa: S311  a simulation
    assert NEW not in released(watched, comparison).models


def test_what_the_models_own_lots_have_taught_stays():
    rng = random.Random(1)  # noqa: S311  a simulation
    watched = after_lot(learned(rng), calls(rng, NEW, FOUND_SINCE), 1, RULES)
    assert released(watched, compared(90, 30)) == watched
