from urllib.parse import parse_qs, urlsplit

import pytest
from review_parts import ADA, ALWAYS_TWO, ANN, BOB, EVE, START_MS, Person

from fabwafer.triage import ReviewReason
from lambdas.stores import clients
from lambdas.stores.tables import CameraTable
from lambdas.stores.values import serialized

DAY_MS = 86_400_000


def test_a_caller_is_told_who_they_are(portal):
    me = portal.call(ANN, "GET", "/me").body
    assert (me["name"], me["roles"], me["fabs"]) == ("ann", ["reviewer"], ["faba"])
    assert (me["lease_s"], me["most_bulk"]) == (60, 200)


def test_a_wafer_that_nobody_reviewed_can_be_looked_at(portal):
    item = portal.store(None, prediction="none", probability=0.99, sha256="a" * 64, edge_ms=1.5)

    found = portal.detail(EVE, item).body

    assert found["review"] is None
    assert found["model_answer"]["label"] == "none"
    assert (found["model_answer"]["accept"], found["model_answer"]["alert"]) == (0.8, 0.5)
    assert (found["sha256"], found["edge_ms"], found["normal"]) == ("a" * 64, 1.5, "none")


def test_a_pictures_address_can_be_had_anew(portal):
    item = portal.store()
    first = portal.call(ANN, "GET", f"/items/{item}/picture").body
    portal.later(400)
    second = portal.call(ANN, "GET", f"/items/{item}/picture").body
    assert second["expires_ms"] - first["expires_ms"] == 400_000
    assert "faba/camera1" in second["url"]


def test_a_picture_is_asked_for_in_its_own_region(portal):
    # The address for all regions redirects, to a host that was not signed.
    item = portal.store()
    url = urlsplit(portal.call(ANN, "GET", f"/items/{item}/picture").body["url"])
    assert url.hostname == "images.s3.eu-central-1.amazonaws.com"
    assert parse_qs(url.query)["X-Amz-Expires"] == ["300"]


def test_the_backlog_is_filtered_and_paged(portal):
    portal.store(imgid="a", prediction="Donut", probability=0.3)
    for number in range(4):
        portal.later(1)
        portal.store(imgid=f"b{number}", probability=0.1 * number)

    def names(**query):
        page = portal.call(ANN, "GET", "/items", fab="faba", **query).body
        return [each["item"].split("~")[0] for each in page["items"]], page["cursor"]

    assert names(label="Donut") == (["a"], None)
    assert names(order="newest", limit=2)[0] == ["b3", "b2"]
    assert names(order="urgent", limit=2)[0] == ["b0", "b1"]
    assert names(min_probability=0.15, label="Loc")[0] == ["b2", "b3"]
    first, cursor = names(limit=3)
    rest, end = names(limit=3, cursor=cursor)
    assert (first + rest, end) == (["a", "b0", "b1", "b2", "b3"], None)


def test_engineers_see_what_somebody_holds_whatever_its_state(portal):
    portal.under(ALWAYS_TWO).store_many(3)
    portal.answer(BOB, portal.next(BOB)[0], "Loc")
    held = {each["item"] for each in portal.next(ANN, count=3)}

    page = portal.call(EVE, "GET", "/items", fab="faba", holder="ann").body

    assert {each["item"] for each in page["items"]} == held
    assert {each["state"] for each in page["items"]} == {"open", "second"}
    assert portal.call(ANN, "GET", "/items", fab="faba", holder="bob").status == 403


def test_the_backlog_is_filtered_by_how_new_a_wafer_is(portal):
    portal.store(imgid="usual", novelty=0.2)
    novel = portal.store(imgid="novel", novelty=7.5)
    page = portal.call(ANN, "GET", "/items", fab="faba", min_novelty=1).body
    assert [each["item"] for each in page["items"]] == [novel]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"max_novelty": 1}, ["a", "b"]),
        ({"min_novelty": 1, "max_novelty": 5}, ["c"]),
        ({"opened_from_ms": START_MS + 2000}, ["c", "d", "e"]),
        ({"opened_to_ms": START_MS + 1000}, ["a", "b"]),
        ({"opened_to_ms": START_MS + 1000, "order": "newest"}, ["b", "a"]),
        ({"opened_to_ms": START_MS + 1000, "order": "urgent"}, ["b", "a"]),
        ({"opened_from_ms": START_MS + 2000, "order": "novel"}, ["d", "c", "e"]),
        ({"order": "novel"}, ["d", "c", "b", "a", "e"]),
        ({"order": "unsure"}, ["e", "d", "c", "b", "a"]),
        ({"order": "novel", "lot": "lot1"}, ["d", "a"]),
    ],
)
@pytest.mark.parametrize("limit", [2, 50])
def test_the_backlog_is_found_by_age_and_put_in_order_by_what_the_model_said(
    portal, query, found, limit
):
    for name, novelty in (("a", 0.1), ("b", 0.2), ("c", 3.5), ("d", 7.5), ("e", None)):
        said = {"probability": 0.7 - (portal.now_ms - START_MS) / 10_000, "novelty": novelty}
        lot = "lot1" if name in "ad" else "lot2"
        portal.store(imgid=name, lot=lot, **{k: v for k, v in said.items() if v is not None})
        portal.later(1)
    seen, cursor = [], {}
    while cursor is not None:
        wish = {"fab": "faba", "limit": limit} | query | cursor
        page = portal.call(ANN, "GET", "/items", **wish).body
        seen += [each["item"].split("~")[0] for each in page["items"]]
        cursor = {"cursor": page["cursor"]} if page["cursor"] else None
    assert seen == found


def test_an_age_that_ends_before_it_begins_is_refused(portal):
    span = {"opened_from_ms": 2, "opened_to_ms": 1}
    refused = portal.call(ANN, "GET", "/items", fab="faba", **span)
    assert (refused.status, refused.body["field"]) == (422, "opened_to_ms")


@pytest.mark.parametrize("order", ["novel", "unsure"])
def test_nobody_learns_from_an_order_what_the_model_said_of_what_they_read_blind(portal, order):
    both = Person("both", ("reviewer", "engineer", "fab:faba"))
    portal.under(ALWAYS_TWO).store()
    portal.answer(ANN, portal.next(ANN)[0], "Loc")
    query = {"fab": "faba", "state": "second", "order": order}
    assert portal.call(both, "GET", "/items", **query).body["items"] == []
    assert len(portal.call(EVE, "GET", "/items", **query).body["items"]) == 1


@pytest.mark.parametrize("order", ["urgent", "oldest", "newest", "novel", "unsure"])
def test_every_item_is_on_exactly_one_page(portal, order):
    items = portal.store_many(7)
    seen, cursor = [], {}
    while cursor is not None:
        page = portal.call(EVE, "GET", "/items", fab="faba", order=order, limit=3, **cursor).body
        seen += [each["item"] for each in page["items"]]
        cursor = {"cursor": page["cursor"]} if page["cursor"] else None
    assert sorted(seen) == sorted(items)


@pytest.fixture
def stocked(portal):
    """Wafers of two cameras, labels and models, a second apart, oldest first."""
    for number in range(12):
        portal.store(
            None,
            imgid=f"w{number:02}",
            timestamp=START_MS - 100_000 + 1000 * number,
            camera="camera1" if number % 2 else "camera2",
            lot="lot47" if number < 6 else "lot48",
            wafer=number,
            prediction="Loc" if number % 3 == 0 else "none",
            probability=round(0.5 + number / 100, 2),
            novelty=number,
            model="wafer-map@1.0.0" if number < 8 else "wafer-map@2.0.0",
        )
    return portal


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, range(11, -1, -1)),
        ({"camera": "camera2"}, [10, 8, 6, 4, 2, 0]),
        ({"lot": "lot47"}, [5, 4, 3, 2, 1, 0]),
        ({"label": "loc"}, [9, 6, 3, 0]),
        ({"label": "none", "camera": "camera2"}, [10, 8, 4, 2]),
        ({"label": "loc", "camera": "camera1"}, [9, 3]),
        ({"label": "loc", "lot": "lot48"}, [9, 6]),
        ({"model": "wafer-map@2.0.0"}, [11, 10, 9, 8]),
        ({"min_probability": 0.55, "max_probability": 0.57}, [7, 6, 5]),
        ({"min_novelty": 9, "max_novelty": 10}, [10, 9]),
        ({"from_ms": START_MS - 97_000, "to_ms": START_MS - 95_000}, [5, 4, 3]),
    ],
)
@pytest.mark.parametrize("limit", [2, 100])
def test_wafers_are_found_newest_first_on_however_many_pages(stocked, query, numbers, limit):
    found, cursor = [], {}
    while cursor is not None:
        wish = {"fab": "faba", "limit": limit} | query | cursor
        page = stocked.call(EVE, "GET", "/wafers", **wish).body
        assert len(page["wafers"]) <= limit
        found += [each["wafer"] for each in page["wafers"]]
        cursor = {"cursor": page["cursor"]} if page["cursor"] else None
    assert found == list(numbers)


def test_what_somebody_holds_is_found_among_the_wafers(portal):
    for number, camera in enumerate(("camera1", "camera2", "camera1")):
        at_ms = START_MS - 10_000 + 1000 * number
        portal.store(imgid=f"w{number}", camera=camera, timestamp=at_ms, novelty=number)
    portal.next(ANN, count=3)
    portal.store(imgid="free")

    def found(**query):
        query = {"fab": "faba", "holder": "ann"} | query
        page = portal.call(EVE, "GET", "/wafers", **query).body
        return [each["item"].split("~")[0] for each in page["wafers"]]

    assert found() == ["w2", "w1", "w0"]
    assert found(camera="camera1") == ["w2", "w0"]
    assert found(max_novelty=1) == ["w1", "w0"]
    assert found(min_novelty=1, label="loc") == ["w2", "w1"]
    assert found(from_ms=START_MS - 9000, to_ms=START_MS - 8500) == ["w1"]
    assert found(lot="nowhere") == found(holder="bob") == []


def test_a_lot_shows_its_wafers_with_what_people_said(portal):
    item = portal.store(lot="lot 47/x", wafer=3)
    portal.store(None, imgid="other", lot="lot 47/x", wafer=4)
    portal.answer(ANN, portal.next(ANN)[0], "Donut")

    wafers = portal.call(EVE, "GET", "/lot", fab="faba", lot="lot 47/x").body["wafers"]

    assert {each["wafer"]: (each["state"], each["answer"]) for each in wafers} == {
        3: ("settled", {"verdict": "labels", "labels": ["Donut"]}),
        4: (None, None),
    }
    assert item in [each["item"] for each in wafers]


def test_the_defect_rate_is_counted_by_day(stocked):
    stocked.store(None, imgid="before", timestamp=START_MS - DAY_MS, prediction="none")

    found = stocked.call(EVE, "GET", "/rates", fab="faba", days=3).body["buckets"]

    assert [(each["wafers"], each["defects"]) for each in found] == [(0, 0), (1, 0), (12, 4)]
    assert found[2]["rate"] == pytest.approx(4 / 12)
    assert found[0]["rate"] is None
    one = stocked.call(EVE, "GET", "/rates", fab="faba", camera="camera2", days=1).body
    assert one["buckets"][0]["labels"] == {"Loc": 2, "none": 4}


def test_a_day_that_was_counted_is_counted_anew_while_wafers_may_still_come(stocked):
    def today():
        return stocked.call(EVE, "GET", "/rates", fab="faba", days=1).body["buckets"][0]["wafers"]

    assert today() == 12
    stocked.store(None, imgid="late", timestamp=START_MS - 1)
    assert today() == 12
    stocked.later(61)
    assert today() == 13


def test_statistics_tell_backlog_work_and_the_models_error(portal):
    portal.store(imgid="open")
    portal.later(5)
    portal.store(ReviewReason.AUDIT, imgid="audit", probability=0.99)
    for held in portal.next(ANN, count=2):
        if held["item"].startswith("audit"):
            portal.answer(ANN, held, "Donut", took_ms=400)

    found = portal.call(EVE, "GET", "/statistics", fab="faba").body

    backlog = {each["state"]: each for each in found["backlog"]}
    assert (backlog["open"]["count"], backlog["open"]["oldest_ms"]) == (1, START_MS)
    assert found["reviewers"][0] | {"day": ""} == {
        "day": "",
        "reviewer": "ann",
        "answers": 1,
        "bulk": 0,
        "hasty": 1,
    }
    [error] = found["audit"]
    assert (found["settled"], error["wafers"], error["errors"]) == (1, 1, 1)
    own = portal.call(ANN, "GET", "/statistics", fab="faba").body
    assert [each["state"] for each in own["backlog"]] == ["open"]
    assert (own["settled"], own["audit"]) == (None, [])
    assert portal.call(BOB, "GET", "/statistics", fab="faba").body["reviewers"] == []


def test_agreement_is_told_by_label_reviewer_and_week(portal):
    portal.under(ALWAYS_TWO).store_many(2)
    for person, labels in ((ANN, ("Loc", "Loc")), (BOB, ("Loc", "Donut"))):
        held = sorted(portal.next(person, count=2), key=lambda each: each["item"])
        for item, label in zip(held, labels, strict=True):
            portal.answer(person, item, label)

    found = portal.call(EVE, "GET", "/agreement", fab="faba").body

    assert (found["overall"]["pairs"], found["overall"]["percent"]) == (2, 0.5)
    assert [each["name"] for each in found["reviewers"]] == ["ann", "bob"]
    assert [each["name"] for each in found["labels"]] == ["Donut", "Loc"]
    assert len(found["weeks"]) == 1


def test_the_audit_log_tells_who_when_from_and_to(portal):
    item = portal.store()
    state = portal.answer(ANN, portal.next(ANN)[0], "Loc").body
    portal.later(1)
    undo = {"answer_id": "undo-0001", "version": state["version"]}
    portal.call(ANN, "POST", f"/items/{item}/undo", undo)

    newest, first = portal.call(EVE, "GET", "/audit", fab="faba").body["events"]

    assert (newest["act"], newest["before"]["labels"], newest["after"]) == ("undo", ["Loc"], None)
    assert (first["act"], first["before"], first["after"]["labels"]) == ("answer", None, ["Loc"])
    assert newest["previous"] == first["hash"]
    of_bob = portal.call(EVE, "GET", "/audit", fab="faba", reviewer="bob").body
    assert of_bob["events"] == []


def test_the_audit_log_is_paged(portal):
    for item in [portal.next(ANN)[0] for _ in portal.store_many(5)]:
        portal.answer(ANN, item, "Loc")
        portal.later(1)
    seen, cursor = [], {}
    while cursor is not None:
        page = portal.call(EVE, "GET", "/audit", fab="faba", limit=2, **cursor).body
        seen += [each["hash"] for each in page["events"]]
        cursor = {"cursor": page["cursor"]} if page["cursor"] else None
    assert len(seen) == len(set(seen)) >= 1


def test_the_label_book_says_what_a_label_means(portal):
    labels = portal.call(ANN, "GET", "/labels", fab="faba").body["labels"]
    loc = next(each for each in labels if each["label"] == "Loc")
    assert [each["label"] for each in labels if each["normal"]] == ["none"]
    assert "Edge-Loc" in [each["label"] for each in loc["neighbours"]]


def test_the_label_book_is_rewritten_by_who_saw_its_latest_version(portal):
    item = portal.store()
    text = {
        "fab": "faba",
        "version": 0,
        "meaning": "A cluster.",
        "neighbours": [{"label": "Edge-Loc", "difference": "touches the rim"}],
        "examples": [item],
    }
    assert portal.call(ADA, "PUT", "/labels/Loc", text).body["version"] == 1

    stale = portal.call(ADA, "PUT", "/labels/Loc", text)
    newer = portal.call(ADA, "PUT", "/labels/Loc", text | {"version": 1, "meaning": "A blob."})

    assert (stale.status, stale.body["version"]) == (409, 1)
    assert (newer.body["version"], newer.body["changed_by"]) == (2, "ada")
    assert portal.desk.papers.read("label/faba/Loc", "000001")["meaning"] == "A cluster."
    labels = portal.call(ANN, "GET", "/labels", fab="faba").body["labels"]
    assert "A blob." in [each["meaning"] for each in labels]


def test_a_label_books_example_is_a_wafer_of_that_fab(portal):
    there = portal.store(fab="fabb")
    text = {"fab": "faba", "version": 0, "meaning": "x", "examples": [there]}
    refused = portal.call(ADA, "PUT", "/labels/Loc", text)
    assert (refused.status, refused.body["field"]) == (422, "examples")


def test_a_lot_of_more_wafers_than_one_call_reads_is_whole(portal):
    for number in range(120):
        portal.store(None, imgid=f"w{number:03}", timestamp=START_MS + number, lot="big")
    wafers = portal.call(EVE, "GET", "/lot", fab="faba", lot="big").body["wafers"]
    assert [each["item"][:4] for each in wafers] == [f"w{number:03}" for number in range(120)]


def test_a_camera_is_shown_as_last_heard_of(portal):
    CameraTable("cameras").put_newer(
        {
            "fab": "faba",
            "camera": "camera1",
            "received_ms": START_MS,
            "model": "wafer-map@1.0.0",
            "version": "0.1.0",
            "degraded": ["disk"],
        }
    )
    [fab] = portal.call(ANN, "GET", "/catalogue").body["fabs"]
    assert fab["cameras"] == [
        {
            "camera": "camera1",
            "heartbeat_ms": START_MS,
            "model": "wafer-map@1.0.0",
            "version": "0.1.0",
            "degraded": ["disk"],
        }
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("readings", [{"reviewer": "ann", "verdict": "labels", "labels": ["Donut"], "seq": 1}]),
        ("answer", {"verdict": "labels", "labels": ["Donut"]}),
        ("head", "0" * 64),
    ],
)
def test_a_label_that_was_changed_past_its_events_is_told(portal, field, value):
    item = portal.store()
    portal.answer(ANN, portal.next(ANN)[0], "Loc")
    row = portal.desk.work.read(item).row
    altered = {field: value}
    if field == "readings":
        altered[field] = [{**row["readings"][0], **value[0]}]
    clients.dynamodb().put_item(TableName="reviews", Item=serialized({**row, **altered}))

    assert portal.detail(EVE, item).body["review"]["intact"] is False
    assert portal.call(EVE, "GET", f"/wafers/{item}/why").body["review"]["intact"] is False


def test_a_wafer_whose_prediction_expired_is_still_known_by_its_review(portal):
    item = portal.store()
    imgid, timestamp = item.split("~")
    key = {"imgid": {"S": imgid}, "timestamp": {"N": timestamp}}
    clients.dynamodb().delete_item(TableName="predictions", Key=key)

    found = portal.detail(ANN, item).body

    assert (found["review"]["state"], found["model_answer"]["label"]) == ("open", "Loc")
    assert portal.next(ANN)[0]["item"] == item
