from dataclasses import replace

import pytest
from review_deeds import NOW_MS, QUESTION, TWO, deed, item, says

from fabwafer.history import GENESIS, Act, is_intact, readings, sealed
from fabwafer.review import answer, undo

LATER_MS = NOW_MS + 61_000


@pytest.fixture
def told():
    """An item that two have read, with its events."""
    first = answer(item(), deed(item(), "ann", note="a ring?"), says("Donut"), QUESTION, TWO)
    again = deed(first.review, "bob", at_ms=LATER_MS)
    second = answer(first.review, again, says("Loc"), QUESTION, TWO)
    return second.review, [first.event, second.event]


def test_every_event_names_the_one_before(told):
    review, events = told
    assert [event.previous for event in events] == [GENESIS, events[0].hash]
    assert review.head == events[1].hash
    assert is_intact(events, review.head, 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reviewer", "eve"),
        ("at_ms", 0),
        ("note", None),
        ("after", says("Loc")),
        ("settled", True),
        ("took_ms", 1),
        ("batch", "b"),
    ],
)
def test_an_altered_event_is_noticed(told, name, value):
    review, (first, second) = told
    altered = replace(first, **{name: value})
    assert not is_intact([altered, second], review.head, 2)


def test_an_altered_event_with_a_new_hash_is_noticed_by_the_next(told):
    review, (first, second) = told
    altered = sealed(replace(first, reviewer="eve"))
    assert not is_intact([altered, second], review.head, 2)


def test_a_missing_event_is_noticed_the_last_one_too(told):
    review, events = told
    assert not is_intact(events[1:], review.head, 2)
    assert not is_intact(events[:1], review.head, 2)
    assert not is_intact([], review.head, 2)


def test_the_second_event_tells_what_the_first_said(told):
    _, (_, second) = told
    assert (second.before, second.before_by) == (says("Donut"), "ann")


def test_what_was_taken_back_has_no_effect(told):
    review, events = told
    regret = deed(review, "bob", at_ms=LATER_MS)
    taken = undo(review, regret, QUESTION, TWO)
    every = [*events, taken.event]

    assert [reading.reviewer for reading in readings(every)] == ["ann"]
    assert taken.event.act is Act.UNDO


def test_a_check_and_its_undo_leave_the_answers_alone():
    sure = replace(TWO, honeypot_pool=1)
    first = answer(item(), deed(item(), "ann"), says("Loc"), QUESTION, sure)
    again = deed(first.review, "bob", at_ms=LATER_MS)
    second = answer(first.review, again, says("Loc"), QUESTION, sure)
    check = answer(second.review, deed(second.review, "cyd"), says("Donut"), QUESTION, sure)
    taken = undo(check.review, deed(check.review, "cyd"), QUESTION, sure)
    events = [change.event for change in (first, second, check, taken)]

    assert [event.act for event in events[2:]] == [Act.CHECK, Act.UNDO]
    assert readings(events) == second.review.readings
    assert is_intact(events, taken.review.head, 4)
