"""Who gets what next: what somebody skips goes to others first, and nobody starves behind what they have read."""

from collections import Counter
from dataclasses import replace
from typing import ClassVar

import pytest
from review_parts import ADA, ALWAYS_TWO, ANN, BOB, EVE, AtomicWork

from fabwafer.work_item import Queue
from lambdas.stores import reviews


@pytest.fixture
def small_looks(monkeypatch):
    """What takes thousands of items in the cloud takes a few here."""
    monkeypatch.setattr(reviews, "_LOOKED_AT", 3)
    monkeypatch.setattr("lambdas.review.handout._WINDOW", 3)


def skip(portal, person, held, **changes):
    body = {"version": held["version"], "skip": True} | changes
    answer = portal.call(person, "POST", f"/items/{held['item']}/release", body)
    assert answer.status == 200, answer.body
    return held["item"]


def names(items):
    return [each["item"] for each in items]


def test_what_somebody_skips_comes_to_them_after_everything_else(portal):
    portal.store_many(3)
    skipped = skip(portal, ANN, portal.next(ANN)[0])

    dealt = names(portal.next(ANN, count=3))

    assert len(dealt) == 3
    assert dealt[-1] == skipped


def test_what_somebody_skips_is_the_next_for_others(portal):
    portal.store_many(3)
    skipped = skip(portal, ANN, portal.next(ANN)[0])
    assert names(portal.next(BOB)) == [skipped]


def test_who_skipped_the_only_item_gets_it_again(portal):
    portal.store()
    skipped = skip(portal, ANN, portal.next(ANN)[0])
    assert names(portal.next(ANN)) == [skipped]


def test_what_is_given_back_without_being_skipped_comes_again_at_once(portal):
    portal.store_many(3)
    [held] = portal.next(ANN)
    skip(portal, ANN, held, skip=False)
    assert names(portal.next(ANN)) == [held["item"]]


def test_an_item_that_an_admin_frees_was_skipped_by_nobody(portal):
    portal.store_many(2)
    [held] = portal.next(ANN)
    skip(portal, ADA, held)
    assert names(portal.next(ANN)) == [held["item"]]


def test_a_second_reading_that_was_skipped_is_for_somebody_else_first(portal):
    portal.under(ALWAYS_TWO).store_many(2)
    for held in portal.next(ANN, count=2):
        portal.answer(ANN, held, "Loc")
    skipped = skip(portal, BOB, portal.next(BOB)[0])

    assert skipped not in names(portal.next(BOB))
    assert skipped in names(portal.next(replace(ANN, name="cyd"), count=2))


def test_what_is_sent_back_was_skipped_by_nobody(portal):
    item = portal.store()
    skip(portal, ANN, portal.next(ANN)[0])
    state = portal.answer(BOB, portal.next(BOB)[0], "Loc").body
    back = {"answer_id": "back-0001", "version": state["version"], "comment": "look at the rim"}
    portal.call(EVE, "POST", f"/items/{item}/send-back", back)
    portal.later(1)
    portal.store(imgid="newer", probability=0.4)

    assert names(portal.next(ANN)) == [item]


def test_an_item_remembers_only_the_last_ones_who_skipped_it(portal):
    item = portal.store()
    for number in range(21):
        somebody = replace(ANN, name=f"person{number:02}")
        skip(portal, somebody, portal.next(somebody)[0])
    remembered = portal.desk.work.read(item).review.skipped
    assert remembered == tuple(f"person{number:02}" for number in range(1, 21))


@pytest.mark.usefixtures("small_looks")
def test_who_skips_very_many_still_gets_what_they_did_not_skip(portal):
    portal.store_many(9)
    skipped = {skip(portal, ANN, portal.next(ANN)[0]) for _ in range(8)}

    dealt = names(portal.next(ANN, count=2))

    assert len(skipped) == 8
    assert dealt[0] not in skipped
    assert dealt[1] in skipped


@pytest.mark.usefixtures("small_looks")
def test_very_many_own_first_readings_hide_no_work(portal):
    portal.under(ALWAYS_TWO).store_many(9)
    for number in range(9):
        somebody = BOB if number == 8 else ANN
        portal.answer(somebody, portal.next(somebody)[0], "Loc")

    assert len(portal.next(ANN, count=2)) == 1
    assert len(portal.next(BOB, count=2)) == 2


class CountedWork(AtomicWork):
    """A table that counts how often a queue is looked through."""

    looks: ClassVar[Counter] = Counter()

    def waiting(self, fab, queue, *asked):
        self.looks[queue] += 1
        return super().waiting(fab, queue, *asked)


def test_who_alone_has_read_everything_looks_through_it_once_a_call(portal):
    portal.under(ALWAYS_TWO).store_many(3)
    while items := portal.next(ANN):
        portal.answer(ANN, items[0], "Loc")
    portal.desk = replace(portal.desk, work=CountedWork("reviews", "events"))
    CountedWork.looks.clear()

    assert portal.next(ANN) == []

    assert CountedWork.looks == {Queue.OPEN: 1, Queue.SECOND: 1}
