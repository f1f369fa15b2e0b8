from dataclasses import replace

import pytest
from review_deeds import (
    BAD_IMAGE,
    NOW_MS,
    ONE,
    POOLED,
    QUESTION,
    TWO,
    UNKNOWN,
    deed,
    item,
    says,
)

from fabwafer.errors import ConflictError
from fabwafer.history import Act
from fabwafer.leases import brings_honeypot, extend, lease, release
from fabwafer.review import adjudicate, answer, send_back, undo
from fabwafer.work_item import Queue, State

LATER_MS = NOW_MS + 61_000


def answered(review, who, given, rules=TWO, at_ms=NOW_MS):
    return answer(review, deed(review, who, at_ms=at_ms), given, QUESTION, rules).review


def disputed():
    return answered(answered(item(), "ann", says("Loc")), "bob", says("Donut"), at_ms=LATER_MS)


@pytest.mark.parametrize("given", [says("Loc"), says("Loc", "Scratch"), UNKNOWN, BAD_IMAGE])
def test_one_answer_settles_an_item_that_no_second_person_reads(given):
    review = answered(item(), "ann", given, ONE)

    assert (review.state, review.answer, review.queue) == (State.SETTLED, given, None)


def test_an_item_picked_for_a_second_reading_is_settled_by_two_who_agree():
    first = answered(item(), "ann", says("Loc"))
    second = answered(first, "bob", says("Loc"), at_ms=LATER_MS)

    assert (first.state, first.answer) == (State.SECOND, None)
    assert (second.state, second.answer) == (State.SETTLED, says("Loc"))


def test_two_who_disagree_leave_it_disputed_until_a_third_decides():
    review = disputed()
    decided = adjudicate(review, deed(review, "eve"), says("Donut"), QUESTION, TWO)

    assert (review.state, review.queue) == (State.DISPUTED, Queue.DISPUTED)
    assert decided.review.answer == says("Donut")
    assert decided.event.act is Act.ADJUDICATE


def test_nobody_decides_between_themselves_and_another():
    review = disputed()
    with pytest.raises(ConflictError, match="not answered yourself"):
        adjudicate(review, deed(review, "ann"), says("Loc"), QUESTION, TWO)


def test_the_first_reader_is_not_the_second():
    review = answered(item(), "ann", says("Loc"))
    with pytest.raises(ConflictError, match="still to be read"):
        answered(review, "ann", says("Loc"), at_ms=LATER_MS)


def test_the_share_of_second_readings_is_kept_and_an_item_always_decides_alike():
    picked = [ONE.draws("second", f"img{n}~1763699999000", 0.2) for n in range(5000)]
    assert 0.18 < sum(picked) / len(picked) < 0.22
    assert picked == [ONE.draws("second", f"img{n}~1763699999000", 0.2) for n in range(5000)]


def test_who_knows_an_items_id_and_no_key_cannot_tell_what_is_drawn():
    items = [f"img{n}~1763699999000" for n in range(1000)]
    one, other = replace(ONE, key=b"one"), replace(ONE, key=b"other")
    drawn = [{item for item in items if rules.draws("second", item, 0.2)} for rules in (one, other)]
    assert 20 < len(drawn[0] & drawn[1]) < 70, "as many as by chance"
    assert "key" not in repr(one)


def test_who_answered_first_may_think_again_before_the_second_gets_it():
    review = answered(item(), "ann", says("Loc"))
    assert review.queue is Queue.SECOND
    with pytest.raises(ConflictError, match="nobody else holds"):
        lease(review, "bob", NOW_MS + 4_999, TWO)
    assert lease(review, "bob", NOW_MS + 5_000, TWO).holder(NOW_MS + 5_000) == "bob"


def test_a_stale_version_is_refused_with_the_version_now():
    review = lease(item(), "ann", NOW_MS, ONE)
    with pytest.raises(ConflictError, match="version: expected 1, the item's version now") as told:
        answer(review, deed(review, "ann", version=0), says("Loc"), QUESTION, ONE)
    assert told.value.version == 1


def test_what_somebody_holds_nobody_else_answers():
    review = lease(item(), "ann", NOW_MS, ONE)
    with pytest.raises(ConflictError) as told:
        answered(review, "bob", says("Loc"), ONE)
    assert told.value.held_by == "ann"


def test_a_lease_ends_by_itself():
    review = lease(item(), "ann", NOW_MS, ONE)
    assert review.holder(NOW_MS + 59_999) == "ann"
    assert review.holder(NOW_MS + 60_000) is None
    assert lease(review, "bob", NOW_MS + 60_000, ONE).version == review.version + 1


def test_a_lease_is_extended_without_a_new_version():
    review = lease(item(), "ann", NOW_MS, ONE)
    longer = extend(review, "ann", 1, NOW_MS + 50_000, ONE)
    assert (longer.version, longer.holder(NOW_MS + 100_000)) == (1, "ann")


@pytest.mark.parametrize("who", ["bob"])
def test_nobody_extends_or_gives_back_what_another_holds(who):
    review = lease(item(), "ann", NOW_MS, ONE)
    with pytest.raises(ConflictError, match="an item that you hold"):
        extend(review, who, 1, NOW_MS, ONE)
    with pytest.raises(ConflictError, match="an item that you hold"):
        release(review, who, 1, anyones=False)
    assert release(review, who, 1, anyones=True).lease is None


def test_an_undo_restores_what_was_and_leaves_the_item_in_ones_hands():
    before = answered(item(), "ann", says("Loc"))
    after = answered(before, "bob", says("Donut"), at_ms=LATER_MS)
    undone = undo(after, deed(after, "bob", at_ms=LATER_MS), QUESTION, TWO)

    assert undone.review.readings == before.readings
    assert undone.review.state is State.SECOND
    assert undone.review.holder(LATER_MS) == "bob"
    assert (undone.event.before, undone.event.after) == (says("Donut"), says("Loc"))


def test_a_batch_taken_back_leaves_its_items_to_all():
    review = answer(item(), deed(item(), "ann", batch="b"), says("Loc"), QUESTION, ONE).review
    undone = undo(review, deed(review, "ann", batch="b"), QUESTION, ONE)
    assert (undone.review.lease, undone.review.queue) == (None, Queue.OPEN)


def test_an_answer_that_another_followed_is_not_undone():
    review = disputed()
    with pytest.raises(ConflictError, match="whose last answer is yours"):
        undo(review, deed(review, "ann"), QUESTION, TWO)


def test_what_is_sent_back_is_read_anew_by_anybody():
    settled = answered(item(), "ann", says("Loc"), ONE)
    again = send_back(settled, deed(settled, "eve", note="look again"), QUESTION).review

    assert (again.state, again.comment, again.readings) == (State.OPEN, "look again", ())
    assert answered(again, "ann", says("Donut"), ONE).answer == says("Donut")


def test_an_unanswered_item_is_not_sent_back():
    with pytest.raises(ConflictError, match="somebody has answered"):
        send_back(item(), deed(item(), "eve", note="why"), QUESTION)


def known(rules=POOLED):
    first = answered(item(), "ann", says("Loc"), rules)
    return answered(first, "bob", says("Loc"), rules, at_ms=LATER_MS)


def test_a_surely_settled_item_may_become_a_honeypot():
    assert (known().queue, known().wants_another("cyd")) == (Queue.CHECK, True)
    assert not known(TWO).is_honeypot


def test_what_was_answered_in_bulk_is_not_known_surely():
    first = answer(item(), deed(item(), "ann", batch="b"), says("Loc"), QUESTION, POOLED).review
    assert not answered(first, "bob", says("Loc"), POOLED, at_ms=LATER_MS).is_honeypot


def test_a_check_changes_no_label_and_comes_once_a_person():
    checked = answered(known(), "cyd", says("Donut"), POOLED)

    assert checked.answer == says("Loc")
    assert not checked.may_read("cyd")
    assert checked.may_read("dan")


def test_a_check_is_undone_like_any_answer():
    checked = answered(known(), "cyd", says("Donut"), POOLED)
    undone = undo(checked, deed(checked, "cyd"), QUESTION, POOLED).review
    assert (undone.checks, undone.readings) == ((), known().readings)
    assert undone.may_read("cyd")


def test_honeypots_come_at_the_share_that_is_asked_for():
    rules = replace(ONE, honeypot_share=0.05)
    brought = [brings_honeypot(f"img{n}~1", "ann", rules) for n in range(5000)]
    assert 0.04 < sum(brought) / len(brought) < 0.06
