from dataclasses import replace

import pytest
from review_deeds import BAD_IMAGE, NOW_MS, ONE, QUESTION, deed, item, says

from fabwafer.history import Event
from fabwafer.oversight import days, honeypots, model_errors, settled, wilson
from fabwafer.review import answer, undo
from fabwafer.tally import HASTY_MS, counted
from fabwafer.triage import ReviewReason

AUDIT = replace(QUESTION, reason="audit")


def answered(number, given, question=AUDIT, **changes) -> Event:
    review = replace(item(), item=f"img{number}~1763699999000")
    return answer(review, deed(review, "ann", **changes), given, question, ONE).event


def test_a_models_error_is_estimated_from_the_audit_sample_alone():
    right = [answered(n, says("Loc")) for n in range(9)]
    wrong = answered(9, says("none"))
    asked_for = answered(10, says("none"), QUESTION)
    blurred = answered(11, BAD_IMAGE)
    suspected = answered(12, says("none"), replace(QUESTION, reason=ReviewReason.SUSPECTED.value))

    [share] = model_errors(counted([*right, wrong, asked_for, blurred, suspected])).values()

    assert (share.cases, share.hits) == (10, 1)
    assert share.low < 0.1 < share.high


def test_without_an_audit_there_is_no_estimate():
    assert model_errors(counted([answered(1, says("Loc"), QUESTION)])) == {}


def test_a_new_model_does_not_inherit_the_error_of_the_one_before():
    old = [answered(n, says("none"), replace(AUDIT, model="wafer-map@1.0.0")) for n in range(5)]
    new = replace(AUDIT, model="wafer-map@2.0.0")
    later = answered(5, says("Loc"), new, at_ms=NOW_MS + 86_400_000)

    found = model_errors(counted([*old, later]))

    told = [(model, share.cases, share.hits) for model, share in found.items()]
    assert told == [("wafer-map@2.0.0", 1, 0), ("wafer-map@1.0.0", 5, 5)]


@pytest.mark.parametrize(
    ("hits", "cases", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (1, 100, 0.0018, 0.0545),
    ],
)
def test_the_interval_is_wilsons(hits, cases, low, high):
    assert wilson(hits, cases) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_a_day_counts_what_was_quick_and_what_was_bulk():
    events = [
        answered(1, says("Loc"), took_ms=HASTY_MS - 1),
        answered(2, says("Loc"), took_ms=HASTY_MS),
        answered(3, says("Loc"), batch="b"),
    ]
    [day] = days(counted(events))
    assert (day.reviewer, day.answers, day.hasty, day.bulk) == ("ann", 3, 1, 1)


def test_what_was_taken_back_is_neither_work_nor_a_label():
    change = answer(item(), deed(item(), "ann"), says("Loc"), AUDIT, ONE)
    taken = undo(change.review, deed(change.review, "ann", at_ms=NOW_MS + 1), AUDIT, ONE)
    tally = counted([change.event, taken.event])
    assert days(tally) == []
    assert settled(tally) == 0


def test_nobody_was_checked_without_honeypots():
    assert honeypots(counted([answered(1, says("Loc"))])) == {}
