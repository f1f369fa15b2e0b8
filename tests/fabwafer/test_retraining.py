from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabwafer.errors import ContractError
from fabwafer.retraining import Situation, TrainingRules, counted, need, next_version

DAY_MS = 86_400_000
NOW_MS = 1_763_700_000_000
RULES = TrainingRules(wanted=100, new_class=30, least=20, every_days=7, cap_usd=50, pause_h=24)
QUIET = Situation(
    now_ms=NOW_MS,
    new_labels={},
    settled=500,
    known=frozenset({"none", "Loc", "Donut"}),
    since_ms=NOW_MS - DAY_MS,
    estimate_usd=5.0,
)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"asked_by": "eve"}, "eve asked for it"),
        ({"new_labels": {"Loc": 60, "Donut": 50}}, "110 new labels, 100 wanted"),
        ({"new_labels": {"Scratch": 30}}, "30 labels of Scratch, which the model in use"),
        ({"new_labels": {"Loc": 20}, "drift": ("faba: Loc tripled",)}, "drift: faba: Loc tripled"),
        ({"new_labels": {"Loc": 20}, "since_ms": NOW_MS - 7 * DAY_MS}, "7 days since"),
    ],
    ids=["a person", "enough labels", "an unknown class", "drift", "the calendar"],
)
def test_any_of_these_starts_a_training(changes, why):
    found = need(replace(QUIET, **changes), RULES)

    assert found.due
    assert found.reasons[0].startswith(why)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"running": "000004"}, "training 000004 is under way"),
        ({"rollout": "000002"}, "rollout 000002 is under way"),
        ({"settled": 0}, "nothing to learn from"),
        ({"spent_usd": 45.0, "estimate_usd": 6.0}, "the month's cap of 50.00 USD: 45.00 spent"),
        (
            {"estimate_usd": None},
            "the month's cap of 50.00 USD: nobody knows what a training costs",
        ),
        ({"failures": 1, "failed_ms": NOW_MS - DAY_MS // 2}, "the last 1 failed: next try in 12 h"),
        ({"failures": 2, "failed_ms": NOW_MS - DAY_MS}, "the last 2 failed: next try in 24 h"),
        ({"lacking": ("the base data: s3://b/base/",)}, "lacks the base data: s3://b/base/"),
    ],
    ids=[
        "training",
        "rollout",
        "nothing settled",
        "cap",
        "no price",
        "failure",
        "failed again",
        "no data",
    ],
)
def test_any_of_these_holds_it_back(changes, why):
    enough = replace(QUIET, new_labels={"Loc": 60, "Donut": 50})
    found = need(replace(enough, **changes), RULES)

    assert not found.due
    assert any(reason.startswith(why) for reason in found.reasons)


def test_a_person_need_not_wait_after_a_failure():
    failed = replace(QUIET, asked_by="eve", failures=3, failed_ms=NOW_MS)

    assert need(failed, RULES).due


def test_many_answers_of_one_kind_alone_start_nothing():
    found = need(replace(QUIET, new_labels={"none": 1000}), RULES)

    assert not found.due
    assert found.reasons == (
        "needs 50 more labels: 1000 new, 100 wanted, of one label at most 50 count",
    )


@pytest.mark.parametrize("why", ["drift", "calendar"])
def test_drift_and_calendar_ask_for_some_new_labels(why):
    changes = {"drift": ("moved",)} if why == "drift" else {"since_ms": 0}

    assert not need(replace(QUIET, new_labels={"Loc": 19}, **changes), RULES).due


def test_the_calendar_says_when_it_comes_next():
    assert need(QUIET, RULES).next_run_ms == NOW_MS + 6 * DAY_MS
    assert need(QUIET, replace(RULES, every_days=0)).next_run_ms is None


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 300)),
    st.sampled_from("abc"),
    st.integers(1, 200),
)
def test_one_more_answer_never_counts_for_less(labels, label, wanted):
    more = labels | {label: labels.get(label, 0) + 1}

    assert counted(labels, wanted) <= counted(more, wanted) <= sum(more.values())


@pytest.mark.parametrize(
    ("current", "training", "version"),
    [("1.1.0", 1, "1.2.1"), ("1.2.1", 2, "1.3.2"), ("1.1.0-without-donut", 3, "1.2.3")],
)
def test_a_candidates_version_is_above_the_current_one(current, training, version):
    assert next_version(current, training) == version


def test_a_version_that_cannot_be_followed_is_refused():
    with pytest.raises(ContractError, match=r"model version.*'newest'"):
        next_version("newest", 1)
