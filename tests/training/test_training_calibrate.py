from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from training.bundle.calibrate import (
    MAX_ESCAPES,
    MAX_WRONG_CALLS,
    NEVER,
    accept_policy,
    accept_thresholds,
    fit_temperature,
    upper_bound,
)
from training.worth.metrics import Bools, Decisions

LABELS = ("none", "Center", "Loc")


def made_up(count: int, seed: int = 1) -> Decisions:
    """Calibrated by construction: the truth is drawn from the probabilities."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 4, (count, 3)) + [2, 0, 0]
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = (generator.random((count, 1)) > probabilities.cumsum(1)).sum(1)
    return Decisions(
        truth=truth,
        predicted=probabilities.argmax(1),
        probabilities=probabilities,
        accepted=np.zeros(count, bool),
        lots=np.arange(count) // 20,
        labels=LABELS,
        normal=0,
    )


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_is_found_again(temperature: float) -> None:
    decisions = made_up(20_000)
    powered = decisions.probabilities**temperature
    spoilt = powered / powered.sum(1, keepdims=True)
    assert fit_temperature(spoilt, decisions.truth) == pytest.approx(temperature, rel=0.05)


def test_the_bound_is_above_what_is_seen_and_closes_in() -> None:
    few, many = (np.arange(n) % 50 == 0 for n in (500, 50_000))
    bounds = [upper_bound(bad, np.arange(len(bad)), 0.05) for bad in (few, many)]
    assert bounds[0] > bounds[1] > 0.02
    assert bounds[1] < 0.022


def test_wafers_that_err_lot_by_lot_count_for_less() -> None:
    alone = np.arange(5000) % 25 == 0
    together = np.arange(5000) // 25 % 25 == 0
    lots = np.arange(5000) // 25
    assert upper_bound(together, lots, 0.05) > 1.5 * upper_bound(alone, lots, 0.05)


def test_without_errors_lots_are_counted_not_wafers() -> None:
    none_bad = np.zeros(1000, bool)
    assert upper_bound(none_bad, np.arange(1000) // 20, 0.05) == pytest.approx(
        1 - 0.05 ** (1 / 50), rel=1e-6
    )


LOTS = np.repeat(np.arange(500), [2] * 420 + [14] * 80)
LARGE = LOTS >= 420


def too_low(draw: Callable[[np.random.Generator], Bools], share: float) -> float:
    """How often a bound of 97.5 % is below the true share."""
    generator = np.random.default_rng(1)
    return float(np.mean([upper_bound(draw(generator), LOTS, 0.025) < share for _ in range(200)]))


def test_the_bound_holds_for_errors_that_are_scattered() -> None:
    assert too_low(lambda generator: generator.random(len(LOTS)) < 0.021, 0.021) < 0.06


def test_the_bound_is_too_low_for_rare_whole_lots_as_the_documents_say() -> None:
    def draw(generator: np.random.Generator) -> Bools:
        whole = (generator.random(500) < 0.02)[LOTS]
        return np.where(LARGE, whole, generator.random(len(LOTS)) < 0.022)

    assert 0.1 < too_low(draw, float(np.where(LARGE, 0.02, 0.022).mean())) < 0.4


@pytest.mark.parametrize("bad_wafers", [1, 2, 5])
def test_a_few_errors_promised_ten_times_more_than_none(bad_wafers: int) -> None:
    lots = np.arange(17_000) // 20
    none_bad = np.zeros(17_000, bool)
    few = none_bad.copy()
    few[np.arange(bad_wafers) * 700] = True
    assert upper_bound(few, lots, 0.05) >= upper_bound(none_bad, lots, 0.05)


def test_all_bad_is_bounded_by_one() -> None:
    assert upper_bound(np.ones(40, bool), np.arange(40), 0.05) == pytest.approx(1)


def test_nothing_seen_promises_nothing() -> None:
    assert upper_bound(np.zeros(0, bool), np.zeros(0, int), 0.05) == 1


def test_thresholds_keep_their_promise_on_wafers_they_have_not_seen() -> None:
    thresholds = accept_thresholds(made_up(30_000))
    fresh = made_up(200_000, seed=2)
    called = fresh.predicted != 0
    passes = ~called & (fresh.confidence >= thresholds["none"].value)
    calls = called & (fresh.confidence >= thresholds["defects"].value)
    assert (passes & (fresh.truth != 0)).sum() / (fresh.truth != 0).sum() <= MAX_ESCAPES
    assert (calls & (fresh.truth != fresh.predicted)).sum() / calls.sum() <= MAX_WRONG_CALLS
    assert passes.mean() > 0.3
    assert calls.mean() > 0.2


def test_too_few_wafers_certify_nothing() -> None:
    thresholds = accept_thresholds(made_up(30))
    assert {name: each.value for name, each in thresholds.items()} == {
        "none": NEVER,
        "defects": NEVER,
    }


def test_a_worse_model_gets_stricter_thresholds() -> None:
    decisions = made_up(30_000)
    swapped = decisions.truth.copy()
    swapped[::10] = (swapped[::10] + 1) % 3
    good = accept_thresholds(decisions)
    bad = accept_thresholds(replace(decisions, truth=swapped))
    assert bad["none"].value > good["none"].value
    assert bad["defects"].value > good["defects"].value


def test_every_label_gets_a_threshold() -> None:
    thresholds = accept_thresholds(made_up(30_000))
    policy = accept_policy(thresholds, LABELS)
    assert policy["none"] == thresholds["none"].value
    assert policy["Center"] == policy["Loc"] == thresholds["defects"].value
