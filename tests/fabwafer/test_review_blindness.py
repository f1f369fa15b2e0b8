from dataclasses import replace

import pytest
from review_deeds import NOW_MS, ONE, POOLED, QUESTION, TWO, deed, item, says

from fabwafer.blindness import is_hidden, reads_blind
from fabwafer.errors import ConflictError
from fabwafer.review import adjudicate, answer, undo

LATER_MS = NOW_MS + 61_000
OVER_MS = LATER_MS + TWO.undo_ms


def answered(review, who, *labels, rules=TWO, at_ms=NOW_MS):
    return answer(review, deed(review, who, at_ms=at_ms), says(*labels), QUESTION, rules).review


def first(rules=TWO):
    return answered(item(), "ann", "Loc", rules=rules)


def second(*labels, rules=TWO):
    return answered(first(rules), "bob", *labels, rules=rules, at_ms=LATER_MS)


def decided():
    review = second("Donut")
    return adjudicate(
        review, deed(review, "eve", at_ms=LATER_MS), says("Loc"), QUESTION, TWO
    ).review


def checked():
    return answered(second("Loc", rules=POOLED), "cyd", "Donut", rules=POOLED, at_ms=LATER_MS)


def hidden(review, who, at_ms=OVER_MS, rules=TWO, looks=False):
    return is_hidden(review, who, at_ms, rules, looks=looks)


@pytest.mark.parametrize(
    ("review", "who", "is_told"),
    [
        pytest.param(item(), "ann", False, id="whoever may get an open item that two read"),
        pytest.param(first(), "ann", False, id="the first reader, who may think again"),
        pytest.param(first(), "bob", False, id="the second reader"),
        pytest.param(second("Donut"), "ann", True, id="a reader of a dispute"),
        pytest.param(second("Donut"), "cyd", False, id="who may be checked with it one day"),
        pytest.param(second("Loc"), "cyd", True, id="anybody when it is settled and no honeypot"),
    ],
)
def test_what_two_people_read_is_hidden_from_reviewers_until_it_is_settled(review, who, is_told):
    assert hidden(review, who) is not is_told


def test_what_one_person_reads_is_hidden_from_nobody():
    assert not hidden(item(), "ann", rules=ONE)
    assert not hidden(first(ONE), "bob", rules=ONE)


def test_both_readers_get_it_without_an_answer():
    assert reads_blind(item(), "ann", TWO)
    assert reads_blind(first(), "bob", TWO)
    assert not reads_blind(item(), "ann", ONE)


def test_who_decides_disputes_sees_them():
    assert not hidden(second("Donut"), "eve", looks=True)
    assert hidden(first(), "eve", looks=True), "but may still become the second reader"


@pytest.mark.parametrize("who", ["ann", "bob", "cyd"])
@pytest.mark.parametrize("labels", ["Loc", "Donut"], ids=["settled", "disputed"])
def test_nobody_sees_what_came_of_it_while_the_second_answer_can_be_taken_back(who, labels):
    assert hidden(second(labels), who, at_ms=OVER_MS - 1)


def test_a_second_answer_is_not_taken_back_once_its_giver_may_have_seen_the_others():
    review = second("Donut")
    assert undo(review, deed(review, "bob", at_ms=OVER_MS - 1), QUESTION, TWO)
    assert not hidden(review, "bob", at_ms=OVER_MS)
    with pytest.raises(ConflictError, match="a blind answer of the last 5 s"):
        undo(review, deed(review, "bob", at_ms=OVER_MS), QUESTION, TWO)


def test_a_first_answer_may_go_as_long_as_it_waits_for_its_second():
    review = first()
    assert undo(review, deed(review, "ann", at_ms=OVER_MS), QUESTION, TWO)


def test_a_decision_may_be_taken_back_for_it_was_not_blind():
    review = decided()
    late = replace(deed(review, "eve"), at_ms=OVER_MS * 2)
    assert undo(review, late, QUESTION, TWO)


def test_a_known_answer_is_told_to_who_was_checked_with_it_when_theirs_is_final():
    review = checked()
    assert hidden(review, "cyd", at_ms=OVER_MS - 1, rules=POOLED)
    assert not hidden(review, "cyd", rules=POOLED)
    assert hidden(review, "dan", rules=POOLED)
    with pytest.raises(ConflictError, match="a blind answer"):
        undo(review, deed(review, "cyd", at_ms=OVER_MS), QUESTION, POOLED)
