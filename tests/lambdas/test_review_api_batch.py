"""A client's answers in one call: each is taken or refused as it would be alone."""

import json

import pytest
from review_parts import ALWAYS_TWO, ANN, BOB, EVE, NIL, START_MS

from lambdas.review.refusals import MAX_BODY_BYTES

NAMED = {"item": f"img1~{START_MS}", "answer_id": "answer-01"}


def sent(item, *labels, **changes):
    """One answer as it stands in a batch."""
    answer = {
        "item": item["item"],
        "answer_id": f"answer-{item['item'].replace('~', '-')}",
        "version": item["version"],
        "verdict": "labels",
        "labels": list(labels or ("Loc",)),
    }
    return answer | changes


def send(portal, *answers, person=ANN):
    return portal.call(person, "POST", "/answers", {"answers": list(answers)})


def alone(portal, answer, person=ANN):
    body = {name: value for name, value in answer.items() if name != "item"}
    return portal.call(person, "POST", f"/items/{answer['item']}/answer", body)


def test_all_that_waits_is_taken_in_one_call_and_in_its_order(portal):
    items = portal.store_many(20)
    held = [*portal.next(ANN, count=10)]
    answers = [sent(each) for each in reversed(held)]

    taken = send(portal, *answers)

    assert taken.status == 200
    outcomes = taken.body["outcomes"]
    assert [each["item"] for each in outcomes] == [each["item"] for each in answers]
    assert [each["answer_id"] for each in outcomes] == [each["answer_id"] for each in answers]
    assert {each["status"] for each in outcomes} == {200}
    works = portal.desk.work.read_all(items)
    assert sum(work.review.state == "settled" for work in works.values()) == 10


def test_the_same_answers_again_change_nothing(portal):
    portal.store_many(2)
    answers = [sent(each) for each in portal.next(ANN, count=2)]
    send(portal, *answers)

    again = send(portal, *answers).body["outcomes"]

    assert [each["body"]["repeated"] for each in again] == [True, True]
    assert len(portal.desk.work.history(answers[0]["item"])) == 1


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param({}, 200, id="an answer"),
        pytest.param({"version": 77}, 409, id="a stale version"),
        pytest.param({"labels": ["Lok"]}, 422, id="an unknown label"),
        pytest.param({"version": -1}, 422, id="a version below 0"),
        pytest.param({"version": None}, 422, id="no version"),
        pytest.param({"verdict": "unknown"}, 422, id="labels without their verdict"),
        pytest.param({"note": "x" * 2001}, 422, id="a note too long"),
        pytest.param({"surprise": 1}, 422, id="an unknown field"),
        pytest.param({"item": f"absent~{START_MS}"}, 404, id="no such item"),
    ],
)
def test_each_is_answered_as_it_would_be_alone(portal, changes, status):
    first, second = portal.store_many(2)
    bad = sent({"item": first, "version": 0}) | changes
    good = sent({"item": second, "version": 0})

    together = send(portal, bad, good).body["outcomes"]

    assert [each["status"] for each in together] == [status, 200]
    if status != 200:
        single = alone(portal, bad)
        assert (single.status, single.body) == (status, together[0]["body"])


def test_an_answer_looks_the_same_in_a_batch_as_alone(portal):
    first, second = portal.store_many(2)

    [outcome] = send(portal, sent({"item": first, "version": 0})).body["outcomes"]
    single = alone(portal, sent({"item": second, "version": 0}))

    assert outcome["body"] | {"item": second} == single.body


def test_a_batch_tells_a_reviewer_no_more_than_an_answer_does(portal):
    portal.under(ALWAYS_TWO).store()
    portal.answer(ANN, portal.next(ANN)[0], "Donut")
    [item] = portal.next(BOB)

    [outcome] = send(portal, sent(item), person=BOB).body["outcomes"]

    assert (outcome["body"]["state"], outcome["body"]["answer"]) == (None, None)


def test_who_only_looks_is_refused_answer_by_answer_and_who_has_no_role_at_once(portal):
    answer = sent({"item": portal.store(), "version": 0})

    [outcome] = send(portal, answer, person=EVE).body["outcomes"]

    assert outcome["status"] == 403
    assert send(portal, answer, person=NIL).status == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"answers": []}, "answers", id="none"),
        pytest.param({"answers": [NAMED] * 21}, "answers", id="more than twenty"),
        pytest.param({"answers": ["text"]}, "answers.0", id="no answer"),
        pytest.param({"answers": [{"item": "img1"}]}, "answers.0.item", id="no item's id"),
        pytest.param(
            {"answers": [{"item": NAMED["item"]}]}, "answers.0.answer_id", id="no answer's id"
        ),
        pytest.param({}, "answers", id="nothing"),
    ],
)
def test_what_no_outcome_could_be_told_of_refuses_the_whole_batch(portal, body, field):
    refused = portal.call(ANN, "POST", "/answers", body)
    assert (refused.status, refused.body["field"]) == (422, field)


def test_twenty_answers_with_the_longest_notes_are_not_too_large():
    answer = sent({"item": f"{'i' * 128}~{START_MS}", "version": 1}, note="\N{BUG}" * 2000)
    body = json.dumps({"answers": [answer] * 20}, ensure_ascii=False)
    assert len(body.encode()) < MAX_BODY_BYTES
