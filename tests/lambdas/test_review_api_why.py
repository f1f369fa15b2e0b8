import hashlib
import json

import pytest
from review_parts import ADA, ALWAYS_TWO, ANN, BOB, EVE, FAR, START_MS

from fabwafer.triage import Policy, ReviewReason
from lambdas.loop.ledger import Ledger
from lambdas.loop.lineage import learned, lessons, remember
from lambdas.loop.records import ModelPaper, ModelState
from lambdas.loop.training_records import DatasetPaper, TrainingPaper, TrainingState
from lambdas.stores import clients

OLD, NEW = "wafer-map@1.0.0", "wafer-map@1.1.0"
PNG = b"a picture"
SHA = hashlib.sha256(PNG).hexdigest()
MANIFEST, KEY = "a" * 64, "b" * 64
PROMISE = {"confidence": 0.95, "max_escapes": 0.02}


@pytest.fixture
def chained(portal, monkeypatch):
    """A wafer with every link: archived, classified by a signed model, answered, learned from."""
    policy = Policy(model=OLD, accept={"Loc": 0.6}, novelty=1.5).model_dump_json()
    monkeypatch.setattr(portal.desk.policies, "_read", {OLD.replace("@", "/"): policy}.get)
    ledger = Ledger(portal.desk.papers)
    ledger.keep_new(model_paper(OLD, ModelState.RETIRED))
    ledger.keep_new(model_paper(NEW, ModelState.CURRENT))
    ledger.keep_new(dataset_paper("000001"))
    ledger.keep_new(training_paper("000001", model=NEW))
    return portal


def model_paper(name, state):
    return ModelPaper(
        name=name,
        state=state,
        created_ms=1,
        key=f"bundles/{name}/1/wafer-map.zip",
        manifest_sha256=MANIFEST,
        signing_key=KEY,
        promise=PROMISE,
    )


def dataset_paper(number):
    return DatasetPaper(
        name=number,
        created_ms=7,
        key=f"datasets/{number}/manifest.jsonl",
        sha256="c" * 64,
        labels={"Donut": 1},
        reviewers={"ann": 1},
        conflicting=0,
        unsettled=0,
        excluded={},
        last_event_ms=START_MS,
    )


def training_paper(number, **changes):
    said = {"state": TrainingState.COMPLETED, "job": f"fabwafer-{number}-abc"} | changes
    return TrainingPaper(name=number, why=("enough",), dataset=number, started_ms=8, **said)


def store(portal, reason=ReviewReason.DOUBTFUL, **changes):
    item = portal.store(reason, **{"model": OLD, "serial": 4, "sha256": SHA} | changes)
    key = portal.desk.wafers.read(item)["image_key"]
    portal.desk.images.put_new(str(key), PNG, SHA, {})
    return item


def why(portal, item, person=EVE):
    answer = portal.call(person, "GET", f"/wafers/{item}/why")
    assert answer.status == 200, answer.body
    return answer.body


def test_the_chain_leads_from_the_picture_to_the_model_that_learned_from_it(chained):
    item = store(chained)
    chained.answer(ANN, chained.next(ANN)[0], "Donut")
    remember(chained.desk.papers, [item], "000001")

    found = why(chained, item)

    assert found["gaps"] == []
    assert found["picture"]["sha256"] == found["picture"]["archived_sha256"] == SHA
    assert found["model"] == {
        "model": OLD,
        "serial": 4,
        "state": "retired",
        "manifest_sha256": MANIFEST,
        "signing_key": KEY,
        "dataset": None,
        "begun_from": None,
    }
    thresholds = {"accept": 0.6, "alert": 0.5, "novelty": 1.5, "refusal": {}, "promise": PROMISE}
    assert found["thresholds"] == thresholds
    assert found["rule"] == {
        "label": "Loc",
        "probability": 0.4,
        "defect": True,
        "accepted": False,
        "alerted": False,
        "reason": "doubtful",
    }
    [reading] = found["review"]["readings"]
    assert (reading["reviewer"], reading["labels"]) == ("ann", ["Donut"])
    assert found["learned"] == [
        {
            "dataset": "000001",
            "created_ms": 7,
            "sha256": "c" * 64,
            "wafers": 1,
            "training": "completed",
            "job": "fabwafer-000001-abc",
            "model": NEW,
            "model_state": "current",
        }
    ]


def test_a_wafer_that_needed_nobody_has_a_whole_chain_too(chained):
    found = why(chained, store(chained, None, probability=0.99))
    assert (found["gaps"], found["review"], found["learned"]) == ([], None, [])
    assert found["rule"]["accepted"] is True


def test_what_was_picked_later_says_why_it_was_asked(chained):
    found = why(chained, store(chained, ReviewReason.DIVERSE, probability=0.99))
    assert (found["rule"]["reason"], found["rule"]["accepted"]) == ("diverse", True)


def test_missing_links_are_named(portal):
    item = portal.store(model="wafer-map@9.9.9", serial=2)
    assert why(portal, item)["gaps"] == [
        "The picture is not in the archive.",
        "The camera told no hash of the picture.",
        "No thresholds are kept of wafer-map@9.9.9.",
        "The camera checked a signature of wafer-map@9.9.9, but nothing is kept of that model.",
    ]


def test_a_picture_that_is_not_the_one_classified_is_told(chained):
    item = store(chained, sha256="d" * 64)
    assert why(chained, item)["gaps"] == [
        "The picture in the archive is not the one that the camera classified."
    ]


def test_a_dataset_keeps_telling_of_an_answer_that_was_sent_back(chained):
    item = store(chained)
    state = chained.answer(ANN, chained.next(ANN)[0], "Donut").body
    remember(chained.desk.papers, [item], "000001")
    body = {"answer_id": "back-0001", "version": state["version"], "comment": "look again"}
    chained.call(EVE, "POST", f"/items/{item}/send-back", body)
    assert why(chained, item)["gaps"] == ["A dataset holds an answer that no longer counts."]


def test_who_is_to_read_a_wafer_blind_is_told_nothing_about_it(chained):
    chained.under(ALWAYS_TWO)
    item = store(chained)
    chained.answer(ANN, chained.next(ANN)[0], "Donut")

    found = why(chained, item, BOB)

    assert found["blind"] is True
    told = json.dumps(found)
    assert not [each for each in ("Donut", "Loc", "ann", SHA, OLD) if each in told]


def test_a_reviewer_sees_the_chain_of_a_settled_wafer(chained):
    item = store(chained)
    chained.answer(ANN, chained.next(ANN)[0], "Donut")
    assert why(chained, item, BOB)["review"]["answer"]["labels"] == ["Donut"]


def test_anothers_fabs_wafer_is_not_there(chained):
    item = store(chained)
    found = chained.call(FAR, "GET", f"/wafers/{item}/why")
    absent = chained.call(FAR, "GET", f"/wafers/img9~{START_MS}/why")
    assert (found.status, absent.status) == (404, 404)


def test_a_wafer_whose_prediction_expired_keeps_its_chain(chained):
    item = store(chained)
    imgid, timestamp = item.split("~")
    key = {"imgid": {"S": imgid}, "timestamp": {"N": timestamp}}
    clients.dynamodb().delete_item(TableName="predictions", Key=key)
    found = why(chained, item, ADA)
    assert (found["rule"]["label"], found["picture"]["archived_sha256"]) == ("Loc", SHA)


def test_a_wafer_knows_every_dataset_that_holds_it_the_latest_first(portal):
    papers = portal.desk.papers
    for number in ("000001", "000003"):
        remember(papers, [f"w{n}~{START_MS}" for n in range(12)], number)
    remember(papers, [f"w1~{START_MS}"], "000003")

    assert learned(papers, f"w1~{START_MS}") == ("000003", "000001")
    assert learned(papers, f"w99~{START_MS}") == ()


def test_a_lesson_tells_what_there_is_of_dataset_training_and_model(portal):
    ledger = Ledger(portal.desk.papers)
    for number in ("000001", "000002", "000003"):
        remember(portal.desk.papers, ["w~1"], number)
    ledger.keep_new(dataset_paper("000002"))
    ledger.keep_new(training_paper("000002", state=TrainingState.RUNNING))
    ledger.keep_new(dataset_paper("000003"))
    ledger.keep_new(training_paper("000003", model=NEW))

    newest, running, lost = lessons(ledger, "w~1")

    assert (newest.training.model, newest.model) == (NEW, None)
    assert (running.training.state, running.training.model) == (TrainingState.RUNNING, None)
    assert (lost.number, lost.dataset, lost.training, lost.model) == ("000001", None, None, None)
