"""Eight people ask for work at once: nothing is held by two, nothing is left behind, every answer is kept once."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from review_parts import ALWAYS_ONE, ALWAYS_TWO, ANN, AtomicWork, Person

from fabwafer.errors import ConflictError
from fabwafer.history import Verdict, is_intact
from lambdas.review.answer_bodies import AnswerBody
from lambdas.review.bodies import NextBody
from lambdas.review.work import answer_item, next_items

CLIENTS = [Person(f"reader{n}") for n in range(8)]
ITEMS = 60


def next_of(portal, person):
    return next_items(portal.visit(person), NextBody(fab="faba", count=3)).items


def says_loc(portal, person, item, version):
    body = AnswerBody(
        answer_id=f"{person.name}-{version}-0001",
        version=version,
        verdict=Verdict.LABELS,
        labels=("Loc",),
    )
    try:
        answer_item(portal.visit(person), item, body)
    except ConflictError:
        return False
    return True


def work_it_off(portal, person, claimed, kept, dies_after=None):
    taken = 0
    while items := next_of(portal, person):
        for held in items:
            claimed[held.item, held.version] += 1
            taken += 1
            if dies_after is not None and taken > dies_after:
                return
            if says_loc(portal, person, held.item, held.version):
                kept.append((held.item, person.name))


def race(portal, **dying):
    claimed, kept = Counter(), []
    with ThreadPoolExecutor(len(CLIENTS)) as pool:
        runs = [
            pool.submit(work_it_off, portal, person, claimed, kept, dying.get(person.name))
            for person in CLIENTS
        ]
        for run in runs:
            run.result()
    return claimed, kept


def settled(portal, items):
    works = portal.desk.work.read_all(items)
    return [item for item in items if works[item].review.state == "settled"]


def test_eight_clients_never_hold_the_same_item(portal):
    items = portal.under(ALWAYS_ONE).store_many(ITEMS)

    claimed, kept = race(portal)

    assert set(claimed.values()) == {1}
    assert sorted(item for item, _ in kept) == sorted(items)
    assert settled(portal, items) == items


def test_what_killed_clients_held_comes_back(portal):
    items = portal.under(ALWAYS_ONE).store_many(ITEMS)

    _, kept = race(portal, reader0=0, reader1=2, reader2=4)
    portal.later(61)
    _, later = race(portal)

    assert sorted(item for item, _ in kept + later) == sorted(items)


def test_of_many_answers_at_once_about_an_item_one_is_kept(portal):
    item = portal.under(ALWAYS_TWO).store()
    start = threading.Barrier(len(CLIENTS))

    def answer(person):
        start.wait()
        return says_loc(portal, person, item, 0)

    with ThreadPoolExecutor(len(CLIENTS)) as pool:
        taken = Counter(pool.map(answer, CLIENTS))

    assert taken == {True: 1, False: 7}
    work = portal.desk.work.read(item)
    events = portal.desk.work.history(item)
    assert is_intact(events, work.review.head, 1)


class Beaten(AtomicWork):
    """A table in which somebody else is always faster, as often as told."""

    times = 0

    def append(self, before, after, event):
        if self.times:
            type(self).times -= 1
            return False
        return super().append(before, after, event)


@pytest.mark.parametrize(("times", "status"), [(3, 200), (4, 503)])
def test_who_is_beaten_looks_again_a_few_times(portal, monkeypatch, times, status):
    item = portal.store()
    monkeypatch.setattr(Beaten, "times", times)
    portal.desk = replace(portal.desk, work=Beaten("reviews", "events"))

    answer = portal.answer(ANN, {"item": item, "version": 0}, "Loc")

    assert answer.status == status
    assert len(portal.desk.work.history(item)) == (status == 200)


class RestlessWork(AtomicWork):
    """A table in which somebody else is faster, every time."""

    def save(self, before, after):  # noqa: ARG002
        return False

    def append(self, before, after, event):  # noqa: ARG002
        return False


def restless(portal):
    portal.desk = replace(portal.desk, work=RestlessWork("reviews", "events"))


def test_an_answer_that_was_only_unlucky_may_come_again(portal):
    item = portal.store()
    [held] = portal.next(ANN)
    calm = portal.desk
    restless(portal)

    unlucky = portal.answer(ANN, held, "Loc")

    assert (unlucky.status, unlucky.headers["Retry-After"]) == (503, "1")
    portal.desk = calm
    assert portal.answer(ANN, held, "Loc").status == 200
    assert settled(portal, [item]) == [item]


def test_a_heartbeat_that_was_only_unlucky_loses_nothing(portal):
    portal.store()
    [held] = portal.next(ANN)
    restless(portal)

    body = {"items": [{"item": held["item"], "version": held["version"]}]}
    answer = portal.call(ANN, "POST", "/queue/heartbeat", body)

    assert answer.body == {"held": [], "lost": []}


def test_a_batch_says_which_items_were_only_unlucky(portal):
    [item] = portal.store_many(1)
    restless(portal)

    body = {
        "fab": "faba",
        "items": [{"item": item, "version": 0}],
        "verdict": "unknown",
        "batch": "batch-0001",
    }
    answer = portal.call(ANN, "POST", "/bulk", body)

    assert (answer.status, answer.body["refused"]) == (200, 1)
    assert "again" in answer.body["items"][0]["refused"]
