import pytest
from review_parts import ALWAYS_TWO, ANN, BOB, EVE, START_MS

BATCH = "batch-0001"


def bulk(portal, ids, *labels, batch=BATCH, person=ANN, path="/bulk", **changes):
    body = {
        "fab": "faba",
        "items": [{"item": item, "version": 0} for item in ids],
        "verdict": "labels",
        "labels": list(labels or ("Loc",)),
    } | changes
    if path == "/bulk":
        body["batch"] = batch
    return portal.call(person, "POST", path, body)


def undo(portal, batch=BATCH, person=ANN, answer_id="undo-0001"):
    return portal.call(person, "POST", f"/bulk/{batch}/undo", {"answer_id": answer_id})


def states(portal, items):
    return [portal.detail(EVE, item).body["review"]["state"] for item in items]


def test_a_preview_says_what_would_happen_and_changes_nothing(portal):
    items = portal.store_many(3)
    [held] = portal.next(BOB)

    looked = bulk(portal, items, path="/bulk/preview").body

    assert (looked["done"], looked["refused"]) == (2, 1)
    [refused] = [each for each in looked["items"] if each["refused"]]
    assert refused["item"] == held["item"]
    assert states(portal, items) == ["open"] * 3
    assert portal.call(EVE, "GET", "/audit", fab="faba").body["events"] == []


def test_one_answer_goes_to_all_and_is_marked_as_bulk(portal):
    items = portal.store_many(12)

    done = bulk(portal, items, "donut").body

    assert (done["done"], done["refused"]) == (12, 0)
    events = portal.call(EVE, "GET", "/audit", fab="faba").body["events"]
    assert {(each["batch"], each["bulk"]) for each in events} == {(BATCH, True)}
    assert {tuple(each["after"]["labels"]) for each in events} == {("Donut",)}


def test_the_same_batch_again_changes_nothing(portal):
    items = portal.store_many(3)
    bulk(portal, items)

    again = bulk(portal, items).body

    assert (again["done"], again["refused"]) == (3, 0)
    assert len(portal.call(EVE, "GET", "/audit", fab="faba").body["events"]) == 3


def test_a_batchs_id_is_not_for_another_batch(portal):
    items = portal.store_many(2)
    bulk(portal, items[:1])
    refused = bulk(portal, items[1:])
    assert (refused.status, refused.body["field"]) == (422, "batch")
    assert states(portal, items[1:]) == ["open"]


def test_the_whole_batch_is_taken_back_at_once(portal):
    items = portal.store_many(5)
    bulk(portal, items)

    undone = undo(portal).body

    assert (undone["done"], undone["refused"]) == (5, 0)
    assert states(portal, items) == ["open"] * 5
    assert len(portal.next(BOB, count=5)) == 5
    assert undo(portal).body["done"] == 5, "the same undo again is none"


def test_what_somebody_touched_since_stays_as_it_is(portal):
    items = portal.under(ALWAYS_TWO).store_many(2)
    bulk(portal, items)
    [second] = portal.next(BOB)
    portal.answer(BOB, second, "Loc")

    undone = undo(portal).body

    assert (undone["done"], undone["refused"]) == (1, 1)
    assert sorted(states(portal, items)) == ["open", "settled"]


def test_anothers_batch_is_not_there(portal):
    bulk(portal, portal.store_many(1))
    assert undo(portal, person=BOB).status == 404


def test_a_second_reading_is_never_done_in_bulk(portal):
    [item] = portal.under(ALWAYS_TWO).store_many(1)
    portal.answer(BOB, portal.next(BOB)[0], "Loc")
    portal.later(1)

    refused = bulk(portal, [item], items=[{"item": item, "version": 2}], path="/bulk/preview").body

    assert refused["items"][0]["refused"].startswith(
        "item: expected an item that can be answered along"
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"labels": ["Lok"]}, "labels"),
        ({"items": []}, "items"),
        ({"items": [{"item": f"img{n}~{START_MS}", "version": 0} for n in range(201)]}, "items"),
        ({"items": [{"item": f"img~{START_MS}", "version": 0}] * 2}, "body"),
    ],
)
def test_a_bad_batch_changes_nothing(portal, changes, field):
    items = portal.store_many(2)
    refused = bulk(portal, items, **changes)
    assert (refused.status, refused.body["field"]) == (422, field)
    assert states(portal, items) == ["open"] * 2


def test_items_of_another_fab_are_not_found_in_a_batch(portal):
    there = portal.store(fab="fabb")
    done = bulk(portal, [there, *portal.store_many(1)]).body
    assert [bool(each["refused"]) for each in done["items"]] == [True, False]
    assert portal.desk.work.read(there).review.version == 0
