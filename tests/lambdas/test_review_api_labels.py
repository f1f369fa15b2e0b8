import csv
import json

import pytest
from review_parts import ADA, ALWAYS_TWO, ANN, BOB, EVE, FAR, START_MS, Person

from fabwafer.triage import Policy
from lambdas.stores import clients
from lambdas.write_export import Exporter

LOCAL = Person("lou", ("admin", "reviewer", "fab:faba"))
HANDICAPPED = Policy(
    model="wafer-map@1.0.0", labels=("none", "Center", "Loc", "Scratch"), normal="none"
)
TAUGHT = Policy(
    model="wafer-map@2.0.0", labels=("none", "Center", "Half-Moon", "Loc", "Scratch"), normal="none"
)


def add(portal, label="Half-Moon", person=ADA, **changes):
    portal.later(1)
    body = {"fab": "faba", "version": 0, "meaning": "One half of the wafer fails."}
    return portal.call(person, "PUT", f"/labels/{label}", body | changes)


def labels(portal, fab="faba", **query):
    return portal.call(ADA, "GET", "/labels", fab=fab, **query).body["labels"]


@pytest.fixture
def taught(portal, monkeypatch):
    """Two models, the second of which knows the label that the first lacks."""
    kept = {each.model.replace("@", "/"): each.model_dump_json() for each in (HANDICAPPED, TAUGHT)}
    monkeypatch.setattr(portal.desk.policies, "_read", kept.get)
    return portal


def test_an_admin_adds_a_label_that_no_model_has(portal):
    added = add(portal).body

    assert (added["label"], added["taught"], added["version"]) == ("Half-Moon", False, 1)
    book = {each["label"]: each["taught"] for each in labels(portal)}
    assert list(book)[-1] == "Half-Moon"
    assert [label for label, known in book.items() if not known] == ["Half-Moon"]


def test_an_added_label_may_be_answered_and_is_kept_as_it_is_spelled(portal):
    add(portal)
    item = portal.store()
    [held] = portal.next(ANN)
    assert "Half-Moon" in held["labels"]

    portal.answer(ANN, held, "half_moon")

    review = portal.detail(EVE, item).body["review"]
    assert (review["state"], review["answer"]["labels"]) == ("settled", ["Half-Moon"])


def test_an_added_label_may_be_answered_in_bulk(portal):
    items = portal.store_many(3)
    body = {
        "fab": "faba",
        "verdict": "labels",
        "labels": ["Half-Moon"],
        "items": [{"item": item, "version": 0} for item in items],
    }
    assert portal.call(ANN, "POST", "/bulk/preview", body).status == 422

    add(portal)

    done = portal.call(ANN, "POST", "/bulk", body | {"batch": "batch-001"}).body
    assert done["done"] == 3
    assert portal.detail(EVE, items[0]).body["review"]["answer"]["labels"] == ["Half-Moon"]


def test_a_label_beside_the_normal_one_is_refused_as_any_defect(portal):
    add(portal)
    portal.store()
    refused = portal.answer(ANN, portal.next(ANN)[0], "none", "Half-Moon")
    assert (refused.status, refused.body["field"]) == (422, "labels")


def test_a_label_is_for_the_fab_whose_book_has_it(portal):
    add(portal)
    assert "Half-Moon" not in [each["label"] for each in labels(portal, "fabb")]
    item = portal.store(fab="fabb")
    held = portal.next(FAR, fab="fabb")[0]
    assert "Half-Moon" not in held["labels"]
    assert portal.answer(FAR, held, "Half-Moon").status == 422
    assert "Half-Moon" not in portal.detail(FAR, item).body["labels"]


def test_labels_keep_their_places_when_another_is_added(portal):
    for label in ("Zebra", "Half-Moon", "Arc"):
        add(portal, label)
    assert [each["label"] for each in labels(portal)][-3:] == ["Zebra", "Half-Moon", "Arc"]
    add(portal, "Half-Moon", version=1, meaning="Better said.")
    assert [each["label"] for each in labels(portal)][-3:] == ["Zebra", "Half-Moon", "Arc"]


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        pytest.param("loc", "Loc, as it is spelled", id="a model's label in another spelling"),
        pytest.param("half_moon", "Half-Moon, as it is spelled", id="an added one in another"),
        pytest.param("9-Holes", "a letter, then", id="a digit first"),
        pytest.param("a.b", "a letter, then", id="a dot"),
        pytest.param("a%2Fb", "a letter, then", id="a slash"),
        pytest.param("A" * 33, "a letter, then", id="too long"),
    ],
)
def test_what_cannot_be_a_label_is_not_added(portal, label, expected):
    add(portal)
    refused = add(portal, label)
    assert (refused.status, refused.body["field"]) == (422, "label")
    assert expected in refused.body["expected"]


def test_all_fabs_spell_a_label_alike(portal):
    add(portal)
    refused = add(portal, "HalfMoon", fab="fabb")
    assert refused.status == 422
    assert add(portal, "Half-Moon", fab="fabb").status == 200


@pytest.mark.parametrize("person", [ANN, EVE, LOCAL], ids=["reviewer", "engineer", "of one fab"])
def test_only_an_admin_of_every_fab_adds_a_class_to_the_model_of_all(portal, person):
    assert add(portal, person=person).status == 403
    assert "Half-Moon" not in [each["label"] for each in labels(portal)]


def test_an_unknown_label_is_not_revised(portal):
    refused = add(portal, version=3)
    assert (refused.status, refused.body["field"]) == (422, "label")


def test_a_label_is_added_once(portal):
    add(portal)
    assert add(portal).status == 409


def test_a_model_that_lacks_a_label_and_one_that_knows_it_are_answered_alike(taught):
    portal = taught
    add(portal, model="wafer-map@1.0.0")
    portal.store(imgid="before", model="wafer-map@1.0.0")
    portal.store(imgid="after", model="wafer-map@2.0.0")

    for held in portal.next(ANN, count=2):
        assert held["labels"].count("Half-Moon") == 1
        assert portal.answer(ANN, held, "Half-Moon").status == 200

    assert not _view(portal, "wafer-map@1.0.0")["taught"]
    assert _view(portal, "wafer-map@2.0.0")["taught"]


def _view(portal, model):
    [found] = [each for each in labels(portal, model=model) if each["label"] == "Half-Moon"]
    return found


def test_a_label_that_a_handicapped_model_lacks_comes_after_those_it_knows(taught):
    add(taught, "Donut", model="wafer-map@1.0.0")
    taught.store(model="wafer-map@1.0.0")
    assert taught.next(ANN)[0]["labels"] == ["none", "Center", "Loc", "Scratch", "Donut"]


def test_wafers_are_found_by_an_added_label_once_a_model_says_it(taught):
    add(taught)
    item = taught.store(
        None, model="wafer-map@2.0.0", prediction="Half-Moon", timestamp=START_MS - 10
    )
    found = taught.call(EVE, "GET", "/wafers", fab="faba", label="half-moon").body["wafers"]
    assert [each["item"] for each in found] == [item]


def test_an_export_holds_an_added_label(portal):
    add(portal)
    portal.store()
    portal.answer(ANN, portal.next(ANN)[0], "Half-Moon")
    wish = {
        "fab": "faba",
        "format": "csv",
        "scope": "reviewed",
        "from_ms": 0,
        "to_ms": START_MS + 1,
    }
    desk = portal.desk
    export = portal.call(EVE, "POST", "/exports", wish).body["export"]
    exporter = Exporter(desk.wafers, desk.work, desk.papers, desk.images, desk.exports, desk.rules)

    order = {"export": export, "wish": wish, "requested_by": "eve", "reads": False}
    exporter.export(json.dumps(order))

    key = f"faba/{export}/faba-csv.csv"
    written = clients.s3().get_object(Bucket="exports", Key=key)["Body"].read().decode()
    assert [row["labels"] for row in csv.DictReader(written.splitlines())] == ["Half-Moon"]


def test_a_second_reader_and_an_adjudicator_may_answer_it_too(portal):
    portal.under(ALWAYS_TWO).store()
    add(portal)
    portal.answer(ANN, portal.next(ANN)[0], "Half-Moon")
    portal.answer(BOB, portal.next(BOB)[0], "Loc")
    [disputed] = portal.next(EVE, line="adjudication")
    assert portal.answer(EVE, disputed, "Half-Moon").body["answer"]["labels"] == ["Half-Moon"]
