import pytest

from fabwafer.release import Comparison, Cost, LabelWorth, Pair, Replay, Routed, Worth
from fabwafer.release_rule import ReleaseRules, judge

RULES = ReleaseRules()


def label(recall=0.9, precision=0.9, wafers=200):
    return LabelWorth(wafers=wafers, called=wafers, recall=recall, precision=precision, f1=recall)


def worth(labels=None, **changes):
    told = {
        "wafers": 2000,
        "macro_f1": 0.9,
        "accuracy": 0.97,
        "ece": 0.004,
        "accepted": 0.95,
        "escapes": 0.01,
        "labels": {"none": label(0.99, 0.99, 1400), "Loc": label(), "Donut": label()}
        | (labels or {}),
    }
    return Worth(**(told | changes))


def routed(**changes):
    return Routed(**({"alerts": 50, "reviews": 40, "refused": 1, "by_label": {}} | changes))


def replay(candidate=None, current=None):
    return Replay(
        wafers=1000, candidate=candidate or routed(), current=current or routed(), changed=10
    )


def comparison(candidate=None, **changes):
    told = {
        "candidate": "wafer-map@1.2.1",
        "current": "wafer-map@1.1.0",
        "test": Pair(candidate=candidate or worth(macro_f1=0.91), current=worth()),
        "candidate_cost": Cost(size_bytes=1_000_000, latency_ms=1.0),
        "current_cost": Cost(size_bytes=1_000_000, latency_ms=1.0),
    }
    return Comparison(**(told | changes))


def reasons(**changes):
    return judge(comparison(**changes), RULES).reasons


def test_a_candidate_that_is_better_is_released():
    assert judge(comparison(), RULES).passed


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (worth(macro_f1=0.89), "test: macro-F1: 0.890, at least 0.895"),
        (worth({"Loc": label(None, None)}, macro_f1=0.95), "test: Loc is lost"),
        (worth({"Loc": label(0.0)}, macro_f1=0.95), "test: Loc is lost: recall 0, 0.900"),
        (worth({"Loc": label(0.7)}, macro_f1=0.95), "test: recall of Loc: 0.700"),
        (worth({"Loc": label(0.9, 0.7)}, macro_f1=0.95), "test: precision of Loc: 0.700"),
        (worth(ece=0.03, macro_f1=0.95), "test: calibration error: 0.0300"),
        (worth(escapes=0.05, macro_f1=0.95), "test: defects that pass unseen: 0.0500"),
        (worth(accepted=0.8, macro_f1=0.95), "test: accepted without a person: 0.800"),
        (worth(), "no better than the current model"),
    ],
    ids=[
        *("macro-F1", "never called", "never found", "recall", "precision", "calibration"),
        *("escapes", "accepted", "no better"),
    ],
)
def test_a_candidate_that_is_worse_somewhere_is_refused_with_the_reason(candidate, reason):
    assert any(each.startswith(reason) for each in reasons(candidate=candidate))


def test_a_label_that_the_candidate_does_not_even_know_is_lost():
    known = worth(macro_f1=0.95).labels
    candidate = worth(macro_f1=0.95).model_copy(
        update={"labels": {name: each for name, each in known.items() if name != "Donut"}}
    )

    assert any(each.startswith("test: Donut is lost") for each in reasons(candidate=candidate))


def test_a_fall_within_chance_is_no_reason():
    rare = Pair(
        candidate=worth({"Donut": label(0.8, 0.9, 10)}, macro_f1=0.91),
        current=worth({"Donut": label(0.9, 0.9, 10)}),
    )

    assert reasons(test=rare) == ()


def test_a_class_that_the_current_model_never_finds_may_stay_unfound():
    unknown = Pair(
        candidate=worth({"Scratch": label(0.8)}, macro_f1=0.95),
        current=worth({"Scratch": label(0.0, None)}),
    )

    assert reasons(test=unknown) == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"candidate_cost": Cost(size_bytes=4_000_000, latency_ms=1)}, "size: 4000000 bytes"),
        ({"candidate_cost": Cost(size_bytes=1, latency_ms=1.9)}, "latency: 1.90 ms"),
        ({"replay": replay(routed(reviews=150))}, "replay: share reviews: 0.1500"),
        ({"replay": replay(routed(refused=50))}, "replay: share refused: 0.0500"),
        (
            {"recent": Pair(candidate=worth(accuracy=0.8, wafers=100), current=worth(wafers=100))},
            "recently reviewed: accuracy: 0.800",
        ),
    ],
    ids=["size", "latency", "reviews", "refused", "recent wafers"],
)
def test_what_it_costs_and_changes_counts_too(changes, reason):
    assert any(each.startswith(reason) for each in reasons(**changes))


def test_more_alerts_are_shown_and_no_reason():
    assert reasons(replay=replay(routed(alerts=400))) == ()


def test_a_few_recent_wafers_say_nothing():
    few = Pair(candidate=worth(accuracy=0.5, wafers=29), current=worth(wafers=29))

    assert reasons(recent=few) == ()


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (
            label(0.6, 0.9, 40),
            ["recently reviewed: recall of Loc: 0.600, at least 0.788 asked for"],
        ),
        (label(0.9, 0.6, 40), ["recently reviewed: precision of Loc: 0.600"]),
        (label(None, None, 40), ["recently reviewed: recall of Loc: 0.000"]),
        (label(0.8, 0.8, 40), []),
    ],
    ids=["recall", "precision", "never called", "within chance"],
)
def test_a_label_that_got_worse_on_recent_wafers_is_a_reason(candidate, reason):
    recent = Pair(
        candidate=worth({"Loc": candidate}, wafers=300),
        current=worth({"Loc": label(wafers=40)}, wafers=300),
    )

    found = reasons(recent=recent)
    assert len(found) == len(reason)
    assert all(told.startswith(asked) for told, asked in zip(found, reason, strict=True))


@pytest.mark.parametrize(
    "known", [label(1, 1, 9), label(1, 1, 40).model_copy(update={"called": 9})]
)
def test_a_label_of_a_few_recent_wafers_says_nothing(known):
    recent = Pair(
        candidate=worth({"Loc": label(0.0, None, 9)}, wafers=300),
        current=worth({"Loc": known}, wafers=300),
    )

    assert reasons(recent=recent) == ()


def test_better_on_recent_wafers_is_better():
    recent = Pair(candidate=worth(accuracy=0.99, wafers=200), current=worth(wafers=200))

    assert reasons(candidate=worth(), recent=recent) == ()


def test_a_first_model_is_judged_by_itself():
    alone = Pair(candidate=worth(macro_f1=0.4))

    [reason] = reasons(test=alone, current=None, current_cost=None)
    assert reason == "test: macro-F1: 0.400, at least 0.500 asked for"
