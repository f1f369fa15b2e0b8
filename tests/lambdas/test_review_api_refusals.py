import json

import pytest
from review_parts import (
    ADA,
    ALWAYS_TWO,
    ANN,
    BOB,
    CONTEXT,
    EVE,
    FAR,
    NIL,
    START_MS,
    Person,
    make_draw_key,
    request,
)

from lambdas import review_api
from lambdas.review.refusals import MAX_BODY_BYTES
from lambdas.review.visit import caller_of
from lambdas.review_api import Api, resolver

HTML = "<img src=x onerror=alert(1)>"


def answer_body(version=0, **changes):
    body = {"answer_id": "answer-01", "version": version, "verdict": "labels", "labels": ["Loc"]}
    return body | changes


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        pytest.param({"labels": ["Lok"]}, "labels", "'Lok'", id="an unknown label"),
        pytest.param({"labels": ["Loc", "loc"]}, "labels", "loc", id="a label twice"),
        pytest.param({"labels": ["none", "Loc"]}, "labels", "none", id="normal and a defect"),
        pytest.param({"labels": []}, "body", "labels", id="a verdict without its labels"),
        pytest.param({"verdict": "unknown"}, "body", "verdict", id="labels without their verdict"),
        pytest.param({"verdict": "maybe"}, "verdict", "'maybe'", id="an unknown verdict"),
        pytest.param({"version": -1}, "version", "-1", id="a version below 0"),
        pytest.param({"version": 10**40}, "version", "1000", id="a version that none can be"),
        pytest.param({"version": "x"}, "version", "'x'", id="a version that is no number"),
        pytest.param({"answer_id": "a/../b"}, "answer_id", "a/../b", id="an id with slashes"),
        pytest.param({"note": "x" * 2001}, "note", "xxx", id="a note too long"),
        pytest.param({"surprise": 1}, "surprise", "1", id="an unknown field"),
        pytest.param({"took_ms": -5}, "took_ms", "-5", id="a negative time"),
    ],
)
def test_a_bad_answer_is_refused_by_field_and_value_and_changes_nothing(
    portal, changes, field, value
):
    item = portal.store()
    before = portal.desk.work.read(item)

    refused = portal.call(ANN, "POST", f"/items/{item}/answer", answer_body(**changes))

    assert refused.status == 422
    assert refused.body["field"] == field
    assert value in refused.body["value"]
    assert refused.body["message"].startswith(f"{field}: expected ")
    assert portal.desk.work.read(item) == before
    assert portal.desk.work.history(item) == []


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        pytest.param("{", 422, id="no JSON"),
        pytest.param("", 422, id="nothing"),
        pytest.param("[]", 422, id="a list"),
        pytest.param("null", 422, id="null"),
        pytest.param('"text"', 422, id="a text"),
        pytest.param("[" * 100_000, 422, id="nested without end"),
        pytest.param('{"version": ' + "9" * 5000 + "}", 422, id="a number without end"),
        pytest.param('{"version": 1e999}', 422, id="a number beyond all"),
        pytest.param(json.dumps({"note": "x" * MAX_BODY_BYTES}), 413, id="too much"),
    ],
)
def test_a_body_that_is_none_is_refused(portal, raw, status):
    item = portal.store()

    refused = portal.call(ANN, "POST", f"/items/{item}/answer", raw=raw)

    assert refused.status == status
    assert refused.body["message"]


@pytest.mark.parametrize(
    "path",
    ["/items/a/b~1763699999000", "/items/..%2f~1763699999000", "/items/img1", "/items/img~1~x"],
)
def test_an_id_with_slashes_or_without_a_time_is_no_item(portal, path):
    assert portal.call(EVE, "GET", path).status in (404, 422)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"fab": "fa/ba"}, "fab"),
        ({"fab": "faba", "limit": 0}, "limit"),
        ({"fab": "faba", "limit": 101}, "limit"),
        ({"fab": "faba", "min_probability": 2}, "min_probability"),
        ({"fab": "faba", "from_ms": "yesterday"}, "from_ms"),
        ({"fab": "faba", "from_ms": 2, "to_ms": 1}, "to_ms"),
        ({"fab": "faba", "from_ms": "9" * 5000}, "from_ms"),
        ({"fab": "faba", "label": "Lok"}, "label"),
        ({"fab": "faba", "cursor": "nonsense"}, "cursor"),
        ({"fab": "faba", "cursor": "W10="}, "cursor"),
        ({"fab": "faba", "cursor": "WyJhIiwiTmFOIl0="}, "cursor"),
        ({"fab": "faba", "cursor": "WyIiLCIxIl0="}, "cursor"),
        ({}, "fab"),
    ],
)
def test_a_bad_query_is_refused_by_its_field(portal, query, field):
    refused = portal.call(EVE, "GET", "/wafers", **query)
    assert (refused.status, refused.body["field"]) == (422, field)


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PUT", "/labels/Lok", {"fab": "faba", "version": 1, "meaning": "x"}, "label"),
        ("PUT", "/labels/a.b", {"fab": "faba", "version": 0, "meaning": "x"}, "label"),
        ("POST", "/bulk/" + "x" * 2000 + "/undo", {"answer_id": "undo-0001"}, "batch"),
        ("GET", "/exports/x", None, "export"),
    ],
)
def test_a_bad_name_in_a_path_is_refused(portal, method, path, body, field):
    refused = portal.call(ADA, method, path, body)
    assert (refused.status, refused.body["field"]) == (422, field)


def test_a_token_without_a_name_may_do_nothing(portal):
    assert portal.call(Person(""), "POST", "/queue/next", {"fab": "faba"}).status == 403


def test_a_note_is_kept_as_the_text_it_is(portal):
    item = portal.store()

    portal.answer(ANN, portal.next(ANN)[0], "Loc", note=HTML)

    review = portal.detail(EVE, item).body["review"]
    assert review["history"][0]["note"] == HTML
    assert review["intact"] is True


def test_a_stale_version_is_refused_with_the_version_now(portal):
    item = portal.store()
    [held] = portal.next(ANN)

    refused = portal.call(ANN, "POST", f"/items/{item}/answer", answer_body(version=0))

    assert refused.status == 409
    assert refused.body["version"] == held["version"]
    assert portal.desk.work.history(item) == []


def test_who_holds_an_item_is_told_to_engineers_alone(portal):
    item = portal.store()
    [held] = portal.next(ANN)
    body = answer_body(version=held["version"])

    refused = portal.call(BOB, "POST", f"/items/{item}/answer", body)

    assert (refused.status, refused.body["held_by"]) == (409, "somebody else")
    [listed] = portal.call(EVE, "GET", "/items", fab="faba").body["items"]
    assert listed["held_by"] == "ann"


READING, LOOKING = {"fab": "faba"}, {"fab": "faba"}
BULK = {"fab": "faba", "items": [{"item": "img3~1763699999000", "version": 0}]}


@pytest.mark.parametrize(
    ("person", "method", "path", "body", "query"),
    [
        pytest.param(EVE, "POST", "/queue/next", {"fab": "faba"}, {}, id="an engineer reads"),
        pytest.param(
            ANN, "POST", "/queue/next", {"fab": "faba", "line": "adjudication"}, {}, id="decides"
        ),
        pytest.param(ANN, "GET", "/wafers", None, LOOKING, id="a reviewer searches"),
        pytest.param(ANN, "GET", "/lot", None, LOOKING | {"lot": "l"}, id="looks at a lot"),
        pytest.param(ANN, "GET", "/items", None, LOOKING | {"state": "settled"}, id="the settled"),
        pytest.param(ANN, "GET", "/rates", None, LOOKING, id="rates"),
        pytest.param(ANN, "GET", "/agreement", None, LOOKING, id="agreement"),
        pytest.param(ANN, "GET", "/audit", None, LOOKING, id="the audit log"),
        pytest.param(
            ANN,
            "POST",
            "/exports",
            {"fab": "faba", "format": "csv", "from_ms": 0, "to_ms": 1},
            {},
            id="exports",
        ),
        pytest.param(
            EVE,
            "PUT",
            "/labels/Loc",
            {"fab": "faba", "version": 0, "meaning": "x"},
            {},
            id="an engineer writes the label book",
        ),
        pytest.param(
            EVE,
            "POST",
            "/bulk",
            BULK | {"batch": "batch-001", "verdict": "unknown"},
            {},
            id="an engineer answers in bulk",
        ),
        pytest.param(NIL, "GET", "/catalogue", None, {}, id="nobody looks around"),
        pytest.param(NIL, "POST", "/queue/next", {"fab": "faba"}, {}, id="nobody reads"),
    ],
)
def test_a_role_that_is_missing_is_named(portal, person, method, path, body, query):
    portal.store()
    refused = portal.call(person, method, path, body, **query)
    assert refused.status == 403
    assert refused.body["message"].startswith("expected a member of ")


def every_way_to(item, fab):
    version = {"version": 1}
    deed = {"answer_id": "answer-01", "version": 1}
    answer = {**deed, "verdict": "unknown"}
    span = {"fab": fab, "format": "csv", "from_ms": 0, "to_ms": 1}
    text = {"fab": fab, "version": 0, "meaning": "x"}
    bulk = {"fab": fab, "verdict": "unknown", "items": [{"item": item, "version": 0}]}
    return [
        ("GET", f"/items/{item}", None, {}),
        ("GET", f"/items/{item}/picture", None, {}),
        ("POST", f"/items/{item}/answer", answer, {}),
        ("POST", f"/items/{item}/undo", deed, {}),
        ("POST", f"/items/{item}/release", version, {}),
        ("POST", f"/items/{item}/send-back", {**deed, "comment": "x"}, {}),
        ("POST", "/queue/next", {"fab": fab}, {}),
        ("POST", "/queue/heartbeat", {"items": [{"item": item, "version": 1}]}, {}),
        ("POST", "/bulk/preview", bulk, {}),
        ("POST", "/bulk", {**bulk, "batch": "batch-001"}, {}),
        ("POST", "/exports", span, {}),
        ("PUT", "/labels/Loc", text, {}),
        *[
            ("GET", path, None, {"fab": fab})
            for path in ("/items", "/wafers", "/rates", "/statistics", "/agreement", "/audit")
        ],
        ("GET", "/labels", None, {"fab": fab}),
        ("GET", "/lot", None, {"fab": fab, "lot": "lot47"}),
    ]


def test_anothers_fab_answers_as_if_it_were_not_there(portal):
    there = portal.store(lot="lot47", wafer=3)
    portal.answer(ANN, portal.next(ANN)[0], "Loc")
    absent = f"img9~{START_MS - 1000}"
    before = portal.desk.work.read(there)

    for (method, path, body, query), (_, no_path, no_body, no_query) in zip(
        every_way_to(there, "faba"), every_way_to(absent, "fabx"), strict=True
    ):
        found = portal.call(FAR, method, path, body, **query)
        nothing = portal.call(FAR, method, no_path, no_body, **no_query)

        assert found.status == nothing.status, path
        told, untold = json.dumps(found.body), json.dumps(nothing.body)
        assert told.replace(there, "X").replace("faba", "F") == untold.replace(absent, "X").replace(
            "fabx", "F"
        ), path
    assert portal.desk.work.read(there) == before


def test_a_lists_cursor_leads_into_no_other_fab(portal):
    portal.store(imgid="secret")
    for number in range(3):
        portal.store(imgid=f"own{number}", fab="fabb", timestamp=START_MS - 5000 + number)
    cursor = portal.call(EVE, "GET", "/wafers", fab="faba", limit=1).body["cursor"]
    eve_cursor = cursor or "WyJzZWNyZXQiLCIxNzYzNjk5OTk5MDAwIl0="

    page = portal.call(FAR, "GET", "/wafers", fab="fabb", cursor=eve_cursor).body

    assert {wafer["fab"] for wafer in page["wafers"]} <= {"fabb"}


def test_in_the_catalogue_are_ones_own_fabs_alone(portal):
    assert [fab["fab"] for fab in portal.call(FAR, "GET", "/catalogue").body["fabs"]] == ["fabb"]
    assert [fab["fab"] for fab in portal.call(ADA, "GET", "/catalogue").body["fabs"]] == [
        "faba",
        "fabb",
    ]


def test_an_admin_sees_every_fab_by_the_group_for_it_alone(portal):
    portal.store()
    local = Person("loc", ("admin", "engineer"))
    assert portal.call(local, "GET", "/items", fab="faba").status == 404
    assert portal.call(ADA, "GET", "/items", fab="faba").status == 200


@pytest.mark.parametrize(
    ("groups", "roles", "fabs"),
    [
        ("[reviewer fab:faba]", {"reviewer"}, {"faba"}),
        ("[admin fab:*]", {"admin"}, None),
        ("[fab:reviewer]", set(), {"reviewer"}),
        ("[Reviewer FAB:faba]", set(), set()),
        ("[]", set(), set()),
    ],
)
def test_roles_and_fabs_are_groups_spelled_exactly(groups, roles, fabs):
    caller = caller_of({"cognito:username": "ann", "cognito:groups": groups})
    assert (caller.name, caller.roles, caller.fabs) == ("ann", roles, fabs)


def test_who_reads_blind_does_not_find_the_answer_by_searching(portal):
    both = Person("bea", ("reviewer", "engineer", "fab:faba"))
    portal.under(ALWAYS_TWO).store(lot="lot47")
    portal.answer(ANN, portal.next(ANN)[0], "Donut", note="round")
    looked = [
        portal.call(both, "GET", "/wafers", fab="faba"),
        portal.call(both, "GET", "/wafers", fab="faba", label="Loc"),
        portal.call(both, "GET", "/wafers", fab="faba", max_probability=0.5),
        portal.call(both, "GET", "/lot", fab="faba", lot="lot47"),
        portal.call(both, "GET", "/items", fab="faba", state="second"),
        portal.call(both, "GET", "/items", fab="faba", state="second", label="Loc"),
        portal.call(both, "GET", "/audit", fab="faba"),
    ]
    for answer in looked:
        assert answer.status == 200
        for told in ("Donut", "Loc", "ann", "round", "0.4"):
            assert told not in json.dumps(answer.body), answer.body
    assert [len(answer.body.get("wafers", [])) for answer in looked[:3]] == [1, 0, 0]


def test_a_body_of_another_kind_is_refused_by_its_type(portal):
    item = portal.store()
    event = request(ANN, "POST", f"/items/{item}/answer", raw="<answer/>")
    event["headers"]["content-type"] = "application/xml"
    api = Api(portal.desk, resolver())

    answer = api.serve(event, CONTEXT, portal.telemetry)

    assert answer["statusCode"] == 415
    assert json.loads(answer["body"])["value"] == "'application/xml'"


def test_the_deployed_function_finds_its_way_by_its_environment(portal, monkeypatch):
    for name in ("predictions", "reviews", "events", "papers", "cameras"):
        monkeypatch.setenv(f"{name.upper()}_TABLE", name)
    monkeypatch.setenv("IMAGES_BUCKET", "images")
    monkeypatch.setenv("EXPORTS_BUCKET", "exports")
    monkeypatch.setenv("EXPORTS_QUEUE_URL", portal.queue_url)
    monkeypatch.setenv("FABS", "fabb,faba")
    monkeypatch.setenv("DRAW_KEY_ID", make_draw_key())
    review_api._api.cache_clear()

    answer = review_api.handler(request(ADA, "GET", "/me"), CONTEXT)

    review_api._api.cache_clear()
    assert json.loads(answer["body"])["fabs"] == ["faba", "fabb"]
