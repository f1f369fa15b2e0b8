"""Whichever way a reviewer looks: of what two people read they learn no answer before theirs is final."""

import json
from base64 import b64decode
from dataclasses import replace

import pytest
from review_parts import ALWAYS_TWO, ANN, BOB, EVE, Person

SLOW = replace(ALWAYS_TWO, undo_ms=20_000)
CHECKING = replace(SLOW, honeypot_pool=1, honeypot_share=1)
CYD = Person("cyd")
BEA = Person("bea", ("reviewer", "engineer", "fab:faba"))
TOLD = ("Loc", "0.4", "doubtful")
"""What the model said of the wafer, as it would stand in an answer."""


def ways(portal, person, item):
    """Every answer in which a reviewer may come across a wafer."""
    looked = [
        portal.detail(person, item),
        portal.call(person, "GET", f"/wafers/{item}/why"),
        portal.call(person, "GET", "/items", fab="faba"),
        *[
            portal.call(person, "GET", "/items", fab="faba", order=order)
            for order in ("urgent", "oldest", "newest", "novel", "unsure")
        ],
        portal.call(person, "GET", "/items", fab="faba", label="Loc"),
        portal.call(person, "GET", "/items", fab="faba", max_probability=0.5),
    ]
    if "engineer" in person.groups:
        looked += [
            portal.call(person, "GET", "/wafers", fab="faba"),
            portal.call(person, "GET", "/wafers", fab="faba", label="Loc"),
        ]
    return looked


def texts(portal, person, item):
    """What they tell, but for the labels that may be answered."""
    found = ways(portal, person, item)
    assert {each.status for each in found} == {200}
    for each in found:
        each.body.pop("labels", None)
    return json.dumps([each.body for each in found])


def undo(portal, person, item, version):
    body = {"answer_id": f"undo-{version:04}", "version": version}
    return portal.call(person, "POST", f"/items/{item}/undo", body)


@pytest.fixture
def item(portal):
    return portal.under(SLOW).store()


def settled_by_two(portal, *labels):
    """Let Ann say Loc, and Bob after her; return how the item stands for him."""
    portal.answer(ANN, portal.next(ANN)[0], "Loc")
    portal.later(21)
    return portal.answer(BOB, portal.next(BOB)[0], *(labels or ("Loc",))).body


@pytest.mark.parametrize("person", [ANN, BEA], ids=["a reviewer", "who looks around too"])
def test_the_models_answer_is_hidden_before_anybody_has_read_the_wafer(portal, item, person):
    told = texts(portal, person, item)
    assert not [each for each in TOLD if each in told]


def test_an_engineer_sees_what_waits_for_two_readers(portal, item):
    assert portal.detail(EVE, item).body["model_answer"]["label"] == "Loc"


@pytest.mark.usefixtures("item")
def test_the_first_reader_reads_blind_as_the_second_does(portal):
    [first] = portal.next(ANN)
    assert (first["blind"], first["model_answer"]) == (True, None)


@pytest.mark.usefixtures("item")
def test_no_order_by_what_the_model_said_places_a_hidden_wafer(portal):
    found = {
        order: portal.call(ANN, "GET", "/items", fab="faba", order=order).body["items"]
        for order in ("urgent", "oldest", "newest", "novel", "unsure")
    }
    listed = {order for order, items in found.items() if items}
    assert listed == {"oldest", "newest"}


HALF = replace(SLOW, second_share=0.5)
TELLING = {
    "label": ("/items", {"label": "Loc"}),
    "probability": ("/items", {"max_probability": 0.5}),
    "urgent": ("/items", {"order": "urgent"}),
    "unsure": ("/items", {"order": "unsure"}),
    "search": ("/wafers", {"label": "Loc"}),
    "audit": ("/audit", {"reviewer": "cyd"}),
}
"""Lists in which a wafer's place or presence tells what must not be known."""


def pages(portal, person, path, **query):
    """Every page of a list, one row each."""
    found, cursor = [], {}
    while cursor is not None:
        page = portal.call(person, "GET", path, fab="faba", limit=1, **query, **cursor).body
        found.append(page)
        cursor = {"cursor": page["cursor"]} if page["cursor"] else None
    return found


@pytest.mark.parametrize(("path", "query"), TELLING.values(), ids=TELLING)
def test_a_list_goes_on_past_hidden_wafers_and_names_none_of_them(portal, path, query):
    items = portal.under(HALF).store_many(12)
    hidden = [item for item in items if HALF.draws("second", item, 0.5)]
    if path == "/audit":
        for held in portal.next(CYD, 10) + portal.next(CYD, 10):
            portal.answer(CYD, held, "Loc")

    found = pages(portal, BEA, path, **query)

    name = "events" if path == "/audit" else path.removeprefix("/")
    rows = [row["item"] for page in found for row in page[name]]
    assert sorted(rows) == sorted(set(items) - set(hidden))
    cursors = [
        b64decode(page["cursor"], altchars=b"-_").decode() for page in found if page["cursor"]
    ]
    assert hidden
    assert not [item for item in hidden for cursor in cursors if item.split("~")[0] in cursor]


def test_a_list_of_hidden_wafers_alone_ends_at_once(portal):
    portal.under(SLOW).store_many(3)
    page = portal.call(ANN, "GET", "/items", fab="faba", label="Loc", limit=1).body
    assert page == {"items": [], "cursor": None}


def test_the_first_reader_learns_neither_the_state_nor_the_models_answer_but_keeps_their_own(
    portal, item
):
    portal.answer(ANN, portal.next(ANN)[0], "Donut", note="round")
    portal.later(3600)

    found = portal.detail(ANN, item).body

    assert (found["model_answer"], found["state"], found["review"]["state"]) == (None, None, "open")
    [own] = found["review"]["readings"]
    assert (own["labels"], own["note"]) == (["Donut"], "round")


@pytest.mark.parametrize("labels", ["Loc", "Donut"], ids=["who agreed", "who differed"])
def test_nobody_answers_looks_takes_it_back_and_answers_better(portal, item, labels):
    state = settled_by_two(portal, labels)

    for person in (ANN, BOB):
        found = portal.detail(person, item).body
        assert (found["model_answer"], found["state"], found["answer"]) == (None, None, None)
    portal.later(20)

    assert portal.detail(BOB, item).body["model_answer"]["label"] == "Loc"
    refused = undo(portal, BOB, item, state["version"])
    assert (refused.status, refused.body["expected"]) == (409, "a blind answer of the last 20 s")


def test_a_second_answer_is_taken_back_in_time(portal, item):
    state = settled_by_two(portal, "Donut")
    portal.later(19)

    again = undo(portal, BOB, item, state["version"])

    assert (again.status, again.body["model_answer"]) == (200, None)


def test_a_reviewer_learns_what_others_said_of_a_settled_wafer_but_not_who(portal, item):
    settled_by_two(portal)
    portal.later(20)

    def names(person):
        review = portal.detail(person, item).body["review"]
        readings = [each["reviewer"] for each in review["readings"]]
        assert [each["reviewer"] for each in review["history"]] == readings
        return readings

    assert names(BOB) == ["somebody else", "bob"]
    assert names(EVE) == ["ann", "bob"]


def test_a_refused_bulk_answer_does_not_tell_that_a_wafer_was_read_before(portal, item):
    portal.answer(ANN, portal.next(ANN)[0], "Loc")
    portal.later(21)
    [held] = portal.next(BOB)
    body = {"fab": "faba", "verdict": "labels", "labels": ["Loc"]}
    body["items"] = [{"item": item, "version": held["version"]}]

    [outcome] = portal.call(BOB, "POST", "/bulk/preview", body).body["items"]

    assert "first" not in outcome["refused"]


def test_a_dispute_is_no_reviewers_to_know(portal, item):
    settled_by_two(portal, "Donut")
    portal.later(3600)

    assert portal.detail(CYD, item).body["model_answer"] is None
    own = portal.detail(BOB, item).body
    assert (own["state"], own["review"]["state"]) == (None, "open")
    assert portal.detail(BEA, item).body["state"] == "disputed", "she may have to decide it"


def test_a_known_answer_is_not_found_out_by_answering_and_taking_it_back(portal):
    item = portal.under(CHECKING).store(imgid="known")
    settled_by_two(portal)
    portal.later(21)
    portal.store(imgid="open")
    pot = next(each for each in portal.next(CYD) if each["item"] == item)
    state = portal.answer(CYD, pot, "Donut").body

    assert portal.detail(CYD, item).body["model_answer"] is None
    portal.later(20)

    assert portal.detail(CYD, item).body["answer"]["labels"] == ["Loc"]
    assert undo(portal, CYD, item, state["version"]).status == 409
