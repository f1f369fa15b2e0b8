import csv
import hashlib
import io
import json
import zipfile
from dataclasses import replace

import pytest
from lambda_events import batch, failed
from lambda_pictures import png
from review_parts import ALWAYS_TWO, ANN, CONTEXT, EVE, FAR, START_MS, Person, make_draw_key

from lambdas import write_export
from lambdas.stores import clients
from lambdas.write_export import Exporter, write_batch

BEA = Person("bea", ("reviewer", "engineer", "fab:faba"))
EXPORT_OF_FABB = {"fab": "fabb", "format": "csv", "from_ms": 0, "to_ms": START_MS}


@pytest.fixture
def exporter(portal):
    desk = portal.desk
    return Exporter(desk.wafers, desk.work, desk.papers, desk.images, desk.exports, ALWAYS_TWO)


@pytest.fixture
def stocked(portal):
    """A settled defect, a disputed one, a normal wafer and one of another fab."""
    portal.store(imgid="loc", lot="lot/47", wafer=1, model="m@1", scores={"Loc": 0.4})
    portal.answer(ANN, portal.next(ANN)[0], "Loc", "Scratch", note="=1+1")
    portal.store(None, imgid="fine", prediction="none", probability=0.99, model="m@1")
    portal.store(imgid="open")
    portal.store(imgid="there", fab="fabb")
    day = "faba/camera1/2025/11/21"
    for name in ("loc", "fine"):
        key = f"{day}/{name}-{START_MS - 1000}.png"
        clients.s3().put_object(Bucket="images", Key=key, Body=png(size=(30, 20)))
    return portal


def ordered(portal, kind, person=EVE, **changes):
    wish = {"fab": "faba", "format": kind, "from_ms": 0, "to_ms": START_MS} | changes
    return portal.call(person, "POST", "/exports", wish)


def written(portal, exporter, kind, person=EVE, **changes):
    """Order, write and fetch an export."""
    export = ordered(portal, kind, person, **changes).body["export"]
    queued = clients.sqs().receive_message(QueueUrl=portal.queue_url)["Messages"]
    assert (
        failed(write_batch(batch(*[m["Body"] for m in queued]), exporter, portal.telemetry)) == []
    )
    state = portal.call(person, "GET", f"/exports/{export}").body
    [found] = clients.s3().list_objects_v2(Bucket="exports")["Contents"]
    return state, clients.s3().get_object(Bucket="exports", Key=found["Key"])["Body"].read()


def test_an_export_waits_until_it_is_written_and_has_an_address_then(stocked, exporter):
    before = ordered(stocked, "csv").body
    clients.sqs().purge_queue(QueueUrl=stocked.queue_url)
    after, _ = written(stocked, exporter, "csv")

    assert (before["state"], before.get("url")) == ("waiting", None)
    assert (after["state"], after["wafers"], after["requested_by"]) == ("done", 3, "eve")
    assert "X-Amz-Signature" in after["url"]
    assert after["expires_ms"] > stocked.now_ms


def test_a_table_holds_every_wafer_the_normal_ones_too(stocked, exporter):
    _, body = written(stocked, exporter, "csv")
    rows = {row["imgid"]: row for row in csv.DictReader(io.StringIO(body.decode()))}

    assert set(rows) == {"loc", "fine", "open"}
    assert rows["loc"] | {"labels": "", "reviewers": ""} == rows["loc"] | {
        "labels": "",
        "reviewers": "",
        "verdict": "labels",
        "model": "m@1",
        "scores": '{"Loc": 0.4}',
        "prediction": "Loc",
        "probability": "0.4",
    }
    assert (rows["loc"]["labels"], rows["loc"]["reviewers"]) == ("Loc+Scratch", "ann")
    assert rows["loc"]["notes"] == "'=1+1", "a spreadsheet must not run it"
    assert (rows["fine"]["verdict"], rows["open"]["state"]) == ("", "open")


def test_only_what_people_settled_is_in_an_export_of_reviewed_wafers(stocked, exporter):
    _, body = written(stocked, exporter, "csv", scope="reviewed")
    assert [row["imgid"] for row in csv.DictReader(io.StringIO(body.decode()))] == ["loc"]


def test_a_manifest_is_what_training_reads(stocked, exporter):
    _, body = written(stocked, exporter, "manifest")
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        lines = [json.loads(line) for line in file.read("manifest.jsonl").splitlines()]
        missing = [json.loads(line) for line in file.read("without_picture.jsonl").splitlines()]
        for line in lines:
            assert file.read(line["image"]) == png(size=(30, 20))

    labels = {line["imgid"]: line.get("labels") for line in lines}
    assert labels == {"loc": ["Loc", "Scratch"], "fine": None}
    assert [line["imgid"] for line in missing] == ["open"]


def test_folders_are_named_by_class_and_lot(stocked, exporter):
    _, body = written(stocked, exporter, "folders")
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        names = sorted(file.namelist())
        rows = [json.loads(line) for line in file.read(".wafers.jsonl").splitlines()]
    moment = START_MS - 1000
    assert names == [
        f".unreviewed/none/fine-{moment}.png",
        ".wafers.jsonl",
        f"Loc+Scratch/lot%2F47/loc-{moment}.png",
    ]
    assert {row["imgid"] for row in rows} == {"loc", "fine", "open"}


def test_coco_has_an_annotation_for_every_label_and_every_wafer_an_image(stocked, exporter):
    _, body = written(stocked, exporter, "coco")
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        coco = json.loads(file.read("annotations.json"))
        files = set(file.namelist())

    images = {image["imgid"]: image for image in coco["images"]}
    assert set(images) == {"loc", "fine", "open"}
    assert (images["loc"]["width"], images["loc"]["height"]) == (30, 20)
    assert images["loc"]["file_name"] in files
    names = {category["id"]: category["name"] for category in coco["categories"]}
    assert {names[each["category_id"]] for each in coco["annotations"]} == {"Loc", "Scratch"}
    assert {each["image_id"] for each in coco["annotations"]} == {images["loc"]["id"]}
    assert coco["annotations"][0]["bbox"] == [0, 0, 30, 20]


@pytest.mark.parametrize(
    ("wish", "names"),
    [
        ({"lot": "lot/47"}, ["loc"]),
        ({"camera": "camera1"}, ["fine", "loc", "open"]),
        ({"camera": "camera2"}, []),
        ({"lot": "lot/47", "camera": "camera2"}, []),
        ({"from_ms": START_MS - 10}, []),
    ],
)
def test_an_export_may_be_of_a_lot_a_camera_or_a_time(stocked, exporter, wish, names):
    _, body = written(stocked, exporter, "csv", **wish)
    rows = csv.DictReader(io.StringIO(body.decode()))
    assert sorted(row["imgid"] for row in rows) == names


def test_an_export_too_large_says_what_would_fit(stocked, exporter):
    small = replace(exporter, most_wafers=2)
    export = ordered(stocked, "csv").body["export"]
    [message] = clients.sqs().receive_message(QueueUrl=stocked.queue_url)["Messages"]

    assert failed(write_batch(batch(message["Body"]), small, stocked.telemetry)) == []

    state = stocked.call(EVE, "GET", f"/exports/{export}").body
    assert (state["state"], state["url"]) == ("failed", None)
    assert state["problem"].startswith("expected at most 2 wafers")


def test_another_fabs_export_is_not_there(stocked):
    export = ordered(stocked, "csv").body["export"]
    assert stocked.call(FAR, "GET", f"/exports/{export}").status == 404
    assert stocked.call(FAR, "GET", f"/exports/{'0' * 32}").status == 404


def test_the_deployed_function_writes_what_is_queued(stocked, monkeypatch):
    names = ("predictions", "reviews", "events", "papers")
    for name in names:
        monkeypatch.setenv(f"{name.upper()}_TABLE", name)
    monkeypatch.setenv("IMAGES_BUCKET", "images")
    monkeypatch.setenv("EXPORTS_BUCKET", "exports")
    monkeypatch.setenv("DRAW_KEY_ID", make_draw_key())
    export = ordered(stocked, "csv").body["export"]
    [message] = clients.sqs().receive_message(QueueUrl=stocked.queue_url)["Messages"]
    write_export._exporter.cache_clear()

    assert failed(write_export.handler(batch(message["Body"]), CONTEXT)) == []

    write_export._exporter.cache_clear()
    assert stocked.call(EVE, "GET", f"/exports/{export}").body["state"] == "done"


def test_a_first_answer_that_does_not_count_yet_is_in_no_export(stocked, exporter):
    stocked.under(ALWAYS_TWO)
    stocked.answer(ANN, stocked.next(ANN)[0], "Donut", note="secret")
    _, body = written(stocked, exporter, "csv")
    assert "Donut" not in body.decode()
    assert "secret" not in body.decode()


def cells(body):
    return {row["imgid"]: row for row in csv.DictReader(io.StringIO(body.decode()))}


def test_who_may_get_a_wafer_to_read_blind_finds_no_answer_to_it_in_their_export(stocked, exporter):
    _, body = written(stocked, exporter, "csv", BEA)

    rows = cells(body)

    hidden, told = rows["open"], rows["fine"]
    assert (told["prediction"], told["probability"]) == ("none", "0.99")
    shown = {"item", "imgid", "fab", "camera", "timestamp", "image_key"}
    assert {name for name, cell in hidden.items() if cell} == shown
    assert rows["loc"]["verdict"] == "labels", "settled by one, and nobody reads it again"


@pytest.mark.parametrize("kind", ["manifest", "folders", "coco"])
def test_no_form_of_an_export_tells_what_is_hidden(stocked, exporter, kind):
    _, body = written(stocked, exporter, kind, BEA)
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        lines = [
            line
            for name in file.namelist()
            if name.endswith(("jsonl", "json"))
            for line in file.read(name).decode().replace("}, {", "}\n{").splitlines()
        ]
    [line] = [line for line in lines if '"imgid": "open"' in line]
    assert "probability" not in line
    assert "Loc" not in line


def test_a_reviewer_fetches_no_export_that_somebody_else_asked_for(stocked, exporter):
    state, _ = written(stocked, exporter, "csv")
    assert stocked.call(BEA, "GET", f"/exports/{state['export']}").status == 404
    assert stocked.call(BEA, "GET", "/exports", fab="faba").body["exports"] == []
    own = ordered(stocked, "csv", BEA).body["export"]
    assert [
        each["export"] for each in stocked.call(BEA, "GET", "/exports", fab="faba").body["exports"]
    ] == [own]


def test_an_order_that_comes_twice_is_written_once(stocked, exporter):
    ordered(stocked, "csv")
    [message] = clients.sqs().receive_message(QueueUrl=stocked.queue_url)["Messages"]
    bodies = batch(message["Body"], message["Body"])
    assert failed(write_batch(bodies, exporter, stocked.telemetry)) == []
    first = clients.s3().list_objects_v2(Bucket="exports")["Contents"]
    assert failed(write_batch(bodies, exporter, stocked.telemetry)) == []
    assert clients.s3().list_objects_v2(Bucket="exports")["Contents"] == first


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"format": "xls"}, "format"),
        ({"to_ms": 0}, "body"),
        ({"to_ms": 10**40 + 1}, "to_ms"),
        ({"from_ms": -1}, "from_ms"),
        ({"lot": ""}, "lot"),
        ({"scope": "some"}, "scope"),
    ],
)
def test_a_bad_order_is_refused(portal, changes, field):
    refused = ordered(portal, changes.pop("format", "csv"), **changes)
    assert (refused.status, refused.body["field"]) == (422, field)


def test_earlier_exports_are_listed_newest_first_for_their_fab_alone(stocked):
    names = []
    for kind in ("csv", "coco", "folders"):
        names.append(ordered(stocked, kind).body["export"])
        stocked.later(1)
    stocked.call(FAR, "POST", "/exports", EXPORT_OF_FABB)

    listed = stocked.call(EVE, "GET", "/exports", fab="faba").body["exports"]

    assert [each["export"] for each in listed] == names[::-1]
    assert {each["requested_by"] for each in listed} == {"eve"}
    [theirs] = stocked.call(FAR, "GET", "/exports", fab="fabb").body["exports"]
    assert theirs["fab"] == "fabb"


def test_only_who_looks_around_sees_exports_and_only_of_their_fabs(stocked):
    assert stocked.call(ANN, "GET", "/exports", fab="faba").status == 403
    assert stocked.call(EVE, "GET", "/exports", fab="fabb").status == 404


def test_an_export_that_fails_says_so_and_one_that_works_later_says_that(
    stocked, exporter, monkeypatch
):
    export = ordered(stocked, "csv").body["export"]
    [message] = clients.sqs().receive_message(QueueUrl=stocked.queue_url)["Messages"]
    with monkeypatch.context() as patched:
        patched.setattr(Exporter, "_kept", lambda *_: 1 / 0)
        answer = write_batch(batch(message["Body"]), exporter, stocked.telemetry)
    state = stocked.call(EVE, "GET", f"/exports/{export}").body

    assert failed(answer) == ["m0"], "the queue brings it again"
    assert (state["state"], state["url"]) == ("failed", None)
    assert "tried again" in state["problem"]

    assert failed(write_batch(batch(message["Body"]), exporter, stocked.telemetry)) == []
    state = stocked.call(EVE, "GET", f"/exports/{export}").body
    assert (state["state"], state["problem"]) == ("done", None)


def test_exported_events_are_enough_for_anybody_to_check_the_chain(stocked, exporter):
    back = {"answer_id": "back-0001", "version": 2, "comment": "again"}
    stocked.call(EVE, "POST", f"/items/loc~{START_MS - 1000}/send-back", back)
    stocked.later(60)

    _, body = written(stocked, exporter, "events", to_ms=stocked.now_ms)

    events = [json.loads(line) for line in body.decode().splitlines()]
    assert [event["act"] for event in events] == ["answer", "send_back"]
    previous = "0" * 64
    for event in events:
        told = event.pop("hash")
        text = json.dumps(event, sort_keys=True, separators=(",", ":"))
        assert (event["previous"], hashlib.sha256(text.encode()).hexdigest()) == (previous, told)
        previous = told


def test_exported_events_are_a_whole_fabs(stocked):
    refused = ordered(stocked, "events", camera="camera1")
    assert (refused.status, refused.body["field"]) == (422, "body")


def test_events_about_what_is_hidden_from_who_asks_are_left_out(stocked, exporter):
    stocked.under(ALWAYS_TWO)
    stocked.answer(ANN, stocked.next(ANN)[0], "Donut")
    _, body = written(stocked, exporter, "events", BEA, to_ms=stocked.now_ms + 1)
    assert {json.loads(line)["item"] for line in body.decode().splitlines()} == {
        f"loc~{START_MS - 1000}"
    }
