"""Statistics and agreement come from sums of days: what was read once is not read again, and nothing is missed."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from review_parts import ALWAYS_TWO, ANN, BOB, EVE, FAR, START_MS

from lambdas.review import day_sums
from lambdas.stores.reviews import WorkTable

DAY_S = 86_400
MIDNIGHT_S = DAY_S - START_MS // 1000 % DAY_S


@pytest.fixture
def reads(monkeypatch) -> Iterator[list[int]]:
    """How many events each reading of the log brought."""
    found: list[int] = []
    events_of = WorkTable.events_of

    def counting(self, *args, **kwargs):
        events, end = events_of(self, *args, **kwargs)
        found.append(len(events))
        return events, end

    monkeypatch.setattr(WorkTable, "events_of", counting)
    return found


def answer_one(portal, person=ANN, *labels, **changes):
    [held] = portal.next(person)
    return held["item"], portal.answer(person, held, *(labels or ("Loc",)), **changes).body


def undo(portal, person, item, version):
    body = {"answer_id": f"undo-{version:04}", "version": version}
    assert portal.call(person, "POST", f"/items/{item}/undo", body).status == 200


def statistics(portal, **query):
    return portal.call(EVE, "GET", "/statistics", fab="faba", **query).body


def work_done(portal):
    return {
        (each["day"], each["reviewer"]): each["answers"] for each in statistics(portal)["reviewers"]
    }


def test_an_event_that_was_counted_is_not_read_again(portal, reads):
    portal.store_many(3)
    for _ in range(3):
        answer_one(portal)
    portal.later(300)

    first, second = statistics(portal), statistics(portal)

    assert first == second
    assert sum(reads) == 3


def test_what_was_answered_a_moment_ago_is_counted_at_once(portal):
    portal.store_many(2)
    answer_one(portal)
    assert statistics(portal)["settled"] == 1
    answer_one(portal)
    assert statistics(portal)["settled"] == 2


def test_a_day_that_is_over_asks_for_no_events(portal, reads):
    portal.store()
    answer_one(portal)
    portal.later(MIDNIGHT_S + 200)
    statistics(portal)
    reads.clear()

    portal.later(60)

    assert list(work_done(portal).values()) == [1]
    assert reads == [0]  # of today


def test_an_event_that_comes_into_the_index_late_is_counted(portal):
    portal.store_many(2)
    portal.later(MIDNIGHT_S - 1)
    held, other = portal.next(ANN, count=2)
    portal.answer(ANN, held, "Loc")
    now_ms = portal.now_ms
    portal.later(60)
    assert statistics(portal)["settled"] == 1
    portal.now_ms = now_ms
    portal.answer(ANN, other, "Loc")

    portal.now_ms = now_ms + 90_000

    assert statistics(portal)["settled"] == 2
    assert list(work_done(portal).values()) == [2]


def test_an_undo_on_another_day_takes_the_answer_from_its_day(portal):
    portal.store_many(2)
    answer_one(portal)
    item, state = answer_one(portal)
    portal.later(DAY_S)
    before = statistics(portal)
    undo(portal, ANN, item, state["version"])

    after = statistics(portal)

    assert [each["answers"] for each in before["reviewers"]] == [2]
    assert [each["answers"] for each in after["reviewers"]] == [1]
    assert (before["settled"], after["settled"]) == (2, 1)


def test_what_is_sent_back_on_another_day_is_settled_no_more_but_was_work(portal):
    portal.store()
    item, state = answer_one(portal)
    portal.later(DAY_S)
    assert statistics(portal)["settled"] == 1
    back = {"answer_id": "back-0001", "version": state["version"], "comment": "look again"}
    portal.call(EVE, "POST", f"/items/{item}/send-back", back)

    assert statistics(portal)["settled"] == 0
    assert list(work_done(portal).values()) == [1]


def test_a_pair_that_is_taken_back_agrees_with_nobody(portal):
    portal.under(replace(ALWAYS_TWO, undo_ms=1500 * DAY_S)).store()
    answer_one(portal)
    portal.later(2 * DAY_S)
    item, state = answer_one(portal, BOB)
    agreement = {"path": "/agreement", "fab": "faba"}
    assert portal.call(EVE, "GET", **agreement).body["overall"]["pairs"] == 1
    portal.later(DAY_S)
    undo(portal, BOB, item, state["version"])

    assert portal.call(EVE, "GET", **agreement).body["overall"]["pairs"] == 0


def test_days_are_whole_days_today_the_last(portal):
    portal.store()
    answer_one(portal)
    assert statistics(portal, days=1)["settled"] == 1
    portal.later(MIDNIGHT_S)
    assert statistics(portal, days=1)["settled"] == 0
    assert statistics(portal, days=2)["settled"] == 1


def test_where_there_is_too_much_to_count_at_once_the_next_request_goes_on(portal, monkeypatch):
    monkeypatch.setattr(day_sums, "_MOST_EVENTS", 2)
    monkeypatch.setattr(day_sums, "_LEAST_EVENTS", 2)
    portal.store_many(5)
    for _ in range(5):
        answer_one(portal)
        portal.later(1)
    portal.later(300)

    seen = [(found["settled"], found["complete"]) for found in map(statistics, [portal] * 5)]

    assert seen[-1] == (5, True)
    assert not seen[0][1]
    assert [settled for settled, _ in seen] == sorted(settled for settled, _ in seen)


def test_another_fabs_events_are_in_its_own_sums(portal):
    portal.store()
    answer_one(portal)
    far = portal.call(FAR, "GET", "/statistics", fab="fabb")
    assert (far.body["settled"], far.body["reviewers"]) == (0, [])
