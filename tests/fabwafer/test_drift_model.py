"""The model got worse: doubt that no mix of labels explains."""

import math
import random

import pytest

from fabwafer.burst_audit import (
    AUDIT_LABELS,
    Audit,
    Outcome,
    outcome,
    sample,
    wrong_to_confirm,
)
from fabwafer.model_drift import (
    Doubtful,
    Rules,
    Watched,
    after_lot,
    label_weights,
    usual_error,
)

RULES = Rules(threshold=6.0)
DAY_MS = 86_400_000


def wafer(label, sure, other="none"):
    return Doubtful(label, {label: sure, other: round(1 - sure, 6)})


def lot(rng, scratches=0.05, sure=0.99, sure_of_scratches=0.7):
    """25 wafers; scratches are what the model doubts."""
    drawn = [rng.random() < scratches for _ in range(25)]
    return [
        wafer("Scratch", sure_of_scratches + rng.gauss(0, 0.03))
        if each
        else wafer("none", min(1.0, sure + rng.gauss(0, 0.004)), "Scratch")
        for each in drawn
    ]


def through(watched, count, **kinds):
    rng = random.Random(7)  # noqa: S311  a simulation
    for number in range(count):
        watched = after_lot(watched, lot(rng, **kinds), number, RULES)
    return watched


@pytest.fixture(scope="module")
def learned():
    return through(Watched(), RULES.arm_lots)


def test_a_model_that_is_as_good_as_ever_is_quiet(learned):
    assert not through(learned, 300).cusum.rings


@pytest.mark.parametrize(
    "kinds",
    [
        pytest.param({"sure": 0.95}, id="more doubt"),
        pytest.param({"sure_of_scratches": 0.99, "scratches": 0.2}, id="surer than it ever was"),
    ],
)
def test_doubt_that_no_mix_explains_rings(learned, kinds):
    assert through(learned, 40, **kinds).cusum.rings


def test_three_times_as_many_doubtful_patterns_are_another_mix_and_no_worse_model(learned):
    assert not through(learned, 100, scratches=0.15).cusum.rings


def test_nothing_rings_before_200_lots():
    watched = through(Watched(), RULES.arm_lots - 40)
    assert not through(watched, 40, sure=0.5).cusum.rings


def test_weights_undo_the_confusion():
    confusion = {"a": {"a": 90.0, "b": 20.0}, "b": {"a": 10.0, "b": 80.0}}
    true = {"a": 0.5, "b": 2.0}
    mix = {
        given: sum(count * true[truth] for truth, count in row.items())
        for given, row in confusion.items()
    }
    total = sum(mix.values())
    found = label_weights(confusion, mix)
    for truth, times in true.items():
        assert found[truth] == pytest.approx(times * 200 / total, rel=0.05)


def test_weights_are_never_negative_even_where_an_inverse_would_be():
    confusion = {"a": {"a": 60.0, "b": 40.0}, "b": {"a": 40.0, "b": 60.0}}
    assert min(label_weights(confusion, {"a": 100.0}).values()) >= 0


def test_a_model_nobody_saw_has_no_weights():
    assert label_weights({}, {"a": 3.0}) == {}
    assert usual_error(Watched()) == 0


def test_its_usual_error_is_its_own_doubt(learned):
    assert usual_error(learned) == pytest.approx(0.95 * 0.01 + 0.05 * 0.3, abs=0.006)


def chance(wrong, error):
    """How likely a model with this error has at least so many of 40 wrong."""
    return sum(
        math.comb(AUDIT_LABELS, k) * error**k * (1 - error) ** (AUDIT_LABELS - k)
        for k in range(wrong, AUDIT_LABELS + 1)
    )


@pytest.mark.parametrize("error", [0.01, 0.02, 0.1])
def test_an_audit_confirms_what_a_usual_model_shows_once_in_twenty_times_at_most(error):
    wrong = wrong_to_confirm(AUDIT_LABELS, error)
    assert chance(wrong, error) <= 0.05 < chance(wrong - 1, error)


def test_a_model_that_expects_no_error_is_allowed_one_in_a_hundred():
    assert wrong_to_confirm(AUDIT_LABELS, 0.0) == wrong_to_confirm(AUDIT_LABELS, 0.01)


def test_a_sample_is_40_random_wafers_and_always_the_same():
    items = [f"img{number}~1" for number in range(100)]
    drawn = sample(items)
    assert drawn is not None
    assert len(set(drawn)) == AUDIT_LABELS
    assert drawn == sample(reversed(items))
    assert sample(items[:39]) is None


@pytest.mark.parametrize(
    ("right", "wrong", "unusable", "days", "expected"),
    [
        pytest.param(0, 0, 0, 0, Outcome.OPEN, id="nobody has answered"),
        pytest.param(3, 6, 0, 0, Outcome.CONFIRMED, id="wrong often enough already"),
        pytest.param(38, 2, 0, 0, Outcome.DISMISSED, id="all answered, right"),
        pytest.param(36, 1, 3, 0, Outcome.DISMISSED, id="bad images do not count"),
        pytest.param(5, 1, 0, 4, Outcome.UNANSWERED, id="too few in three days"),
        pytest.param(24, 1, 0, 4, Outcome.DISMISSED, id="enough in three days"),
        pytest.param(0, 0, 40, 0, Outcome.UNANSWERED, id="bad images only"),
    ],
)
def test_an_audit_ends_by_its_answers_or_after_three_days(right, wrong, unusable, days, expected):
    items = tuple(f"img{number}~1" for number in range(AUDIT_LABELS))
    audit = Audit("wafer-map@1.0.0", 0, items, 0.02, right, wrong, unusable)
    assert outcome(audit, days * DAY_MS) is expected
