from dataclasses import replace

import pytest
from review_parts import ADA, ALWAYS_TWO, ANN, BOB, EVE

from fabwafer.triage import ReviewReason


def test_the_most_urgent_item_comes_first_with_all_that_is_needed_to_answer(portal):
    portal.store(imgid="sure", probability=0.7)
    doubtful = portal.store(imgid="doubtful", probability=0.1, scores={"Loc": 0.1, "none": 0.05})

    [item] = portal.next(ANN)

    assert item["item"] == doubtful
    assert item["model_answer"]["label"] == "Loc"
    assert item["model_answer"]["scores"] == {"Loc": 0.1, "none": 0.05}
    assert item["labels"][0] == "none"
    assert item["lease_until_ms"] == portal.now_ms + 60_000
    assert "X-Amz-Signature" in item["picture"]["url"]


def test_a_refused_picture_says_why(portal):
    portal.store(ReviewReason.REFUSED, refused="colour")
    [item] = portal.next(ANN)
    assert (item["model_answer"]["reason"], item["model_answer"]["refused"]) == (
        "refused",
        "colour",
    )


def test_an_item_is_one_persons_until_it_is_answered(portal):
    portal.store()
    [item] = portal.next(ANN)

    assert portal.next(BOB) == []
    assert [each["item"] for each in portal.next(ANN)] == [item["item"]]


def test_what_may_still_be_undone_does_not_hide_what_one_holds(portal):
    portal.under(replace(ALWAYS_TWO, undo_ms=30_000)).store_many(13)
    for _ in range(12):
        portal.answer(ANN, portal.next(ANN)[0], "Loc")
    [held] = portal.next(ANN)

    assert [each["item"] for each in portal.next(ANN)] == [held["item"]]


def test_ones_own_first_readings_hide_no_item_that_somebody_abandoned(portal):
    portal.under(replace(ALWAYS_TWO, undo_ms=1000)).store(imgid="abandoned", probability=0)
    [abandoned] = portal.next(BOB)
    for number in range(45):
        portal.store(imgid=f"mine{number}")
        portal.answer(ANN, portal.next(ANN)[0], "Loc")
    portal.later(120)

    assert [each["item"] for each in portal.next(ANN)] == [abandoned["item"]]


def test_an_expired_lease_comes_back_without_anybodys_help(portal):
    portal.store()
    [first] = portal.next(ANN)
    portal.later(61)

    [second] = portal.next(BOB)

    assert second["item"] == first["item"]
    assert second["version"] > first["version"]
    refused = portal.answer(ANN, first, "Loc")
    assert refused.status == 409
    assert refused.body["version"] == second["version"]


def test_an_answer_after_the_lease_is_taken_if_nobody_else_came(portal):
    portal.store()
    [item] = portal.next(ANN)
    portal.later(61)

    assert portal.answer(ANN, item, "Loc").status == 200


def test_a_heartbeat_keeps_an_item(portal):
    portal.store()
    [item] = portal.next(ANN)
    held = {"items": [{"item": item["item"], "version": item["version"]}]}
    portal.later(50)

    kept = portal.call(ANN, "POST", "/queue/heartbeat", held).body
    portal.later(50)

    assert kept["held"][0]["lease_until_ms"] == portal.now_ms + 10_000
    assert portal.next(BOB) == []


def test_a_heartbeat_names_what_is_lost(portal):
    portal.store()
    [item] = portal.next(ANN)
    portal.later(61)
    portal.next(BOB)

    held = {"items": [{"item": item["item"], "version": item["version"]}]}
    answer = portal.call(ANN, "POST", "/queue/heartbeat", held).body

    assert answer == {"held": [], "lost": [item["item"]]}


def test_one_answer_settles_an_item(portal):
    item = portal.store()
    portal.answer(ANN, portal.next(ANN)[0], "edge_loc")

    review = portal.detail(EVE, item).body["review"]

    assert review["state"] == "settled"
    assert review["answer"] == {"verdict": "labels", "labels": ["Edge-Loc"]}
    assert review["history"][0]["reviewer"] == "ann"
    assert review["intact"] is True


def test_the_same_answer_again_changes_nothing(portal):
    item = portal.store()
    [held] = portal.next(ANN)
    portal.answer(ANN, held, "Loc")

    again = portal.answer(ANN, held, "Loc")

    assert (again.status, again.body["repeated"]) == (200, True)
    assert len(portal.detail(EVE, item).body["review"]["history"]) == 1


def test_a_second_reader_sees_neither_the_first_answer_nor_the_models(portal):
    portal.under(ALWAYS_TWO).store(novelty=3.5, scores={"Loc": 0.4}, heat=[[0.5]])
    portal.answer(ANN, portal.next(ANN)[0], "Donut", note="looks round")

    [item] = portal.next(BOB)

    assert item["blind"] is True
    assert item["model_answer"] is None
    assert item["readings"] == []
    seen = str([item, portal.detail(BOB, item["item"]).body])
    for told in ("Donut", "looks round", "ann", "0.4", "3.5", "doubtful"):
        assert told not in seen.replace(str(item["labels"]), "")


def test_the_first_reader_does_not_get_the_second_reading(portal):
    portal.under(ALWAYS_TWO).store()
    portal.answer(ANN, portal.next(ANN)[0], "Loc")

    assert portal.next(ANN) == []


def test_two_who_disagree_need_a_third_who_decides(portal):
    item = portal.under(ALWAYS_TWO).store()
    portal.answer(ANN, portal.next(ANN)[0], "Loc")
    portal.answer(BOB, portal.next(BOB)[0], "Donut")

    [disputed] = portal.next(EVE, line="adjudication")
    decided = portal.answer(EVE, disputed, "Donut")

    assert [each["labels"] for each in disputed["readings"]] == [["Loc"], ["Donut"]]
    assert decided.body["answer"] == {"verdict": "labels", "labels": ["Donut"]}
    acts = [each["act"] for each in portal.detail(EVE, item).body["review"]["history"]]
    assert acts == ["answer", "answer", "adjudicate"]


def test_an_undo_gives_the_item_back_as_it_was(portal):
    item = portal.store()
    state = portal.answer(ANN, portal.next(ANN)[0], "Loc").body

    undo = {"answer_id": "undo-0001", "version": state["version"]}
    again = portal.call(ANN, "POST", f"/items/{item}/undo", undo)

    assert again.status == 200
    assert again.body["model_answer"]["label"] == "Loc"
    assert portal.detail(EVE, item).body["review"]["state"] == "open"
    assert portal.answer(ANN, again.body, "Donut").status == 200


def test_nobody_undoes_anothers_answer(portal):
    item = portal.store()
    state = portal.answer(ANN, portal.next(ANN)[0], "Loc").body

    undo = {"answer_id": "undo-0001", "version": state["version"]}

    assert portal.call(BOB, "POST", f"/items/{item}/undo", undo).status == 409


def test_what_is_sent_back_is_read_anew_with_the_comment(portal):
    item = portal.store()
    state = portal.answer(ANN, portal.next(ANN)[0], "Loc").body
    back = {"answer_id": "back-0001", "version": state["version"], "comment": "look at the rim"}

    assert portal.call(EVE, "POST", f"/items/{item}/send-back", back).body["state"] == "open"

    [again] = portal.next(BOB)
    assert (again["item"], again["comment"]) == (item, "look at the rim")


def test_who_gives_an_item_back_leaves_it_to_the_next(portal):
    item = portal.store()
    [held] = portal.next(ANN)

    portal.call(ANN, "POST", f"/items/{item}/release", {"version": held["version"]})

    assert [each["item"] for each in portal.next(BOB)] == [item]


def test_an_admin_frees_what_somebody_else_holds(portal):
    item = portal.store()
    [held] = portal.next(ANN)
    wish = {"version": held["version"]}

    assert portal.call(BOB, "POST", f"/items/{item}/release", wish).status == 409
    assert portal.call(ADA, "POST", f"/items/{item}/release", wish).status == 200


def test_a_wafer_of_known_answer_is_brought_along_and_changes_no_label(portal):
    every = replace(ALWAYS_TWO, honeypot_pool=1, honeypot_share=1)
    item = portal.under(every).store(imgid="known")
    portal.answer(ANN, portal.next(ANN)[0], "Loc")
    portal.answer(BOB, portal.next(BOB)[0], "Loc")
    portal.store(imgid="open")
    cyd = replace(ANN, name="cyd")

    items = {each["item"]: each for each in portal.next(cyd)}
    portal.answer(cyd, items[item], "Donut")

    assert items[item]["blind"] is True
    review = portal.detail(EVE, item).body["review"]
    assert review["answer"]["labels"] == ["Loc"]
    assert review["history"][-1]["act"] == "check"
    report = portal.call(EVE, "GET", "/agreement", fab="faba").body
    assert report["honeypots"] == [{"reviewer": "cyd", "shown": 1, "right": 0}]


@pytest.mark.parametrize(
    ("verdict", "labels"), [("unknown", []), ("bad_image", []), ("labels", ["Loc", "Scratch"])]
)
def test_an_answer_may_be_several_labels_or_that_there_is_none(portal, verdict, labels):
    item = portal.store()

    answer = portal.answer(ANN, portal.next(ANN)[0], verdict=verdict, labels=labels)

    assert answer.status == 200
    found = portal.detail(EVE, item).body["answer"]
    assert found == {"verdict": verdict, "labels": labels}


def test_asking_again_for_what_one_holds_brings_no_more_honeypots(portal):
    every = replace(ALWAYS_TWO, honeypot_pool=1, honeypot_share=1)
    for number in range(4):
        portal.under(every).store(imgid=f"known{number}")
        portal.answer(ANN, portal.next(ANN)[0], "Loc")
        portal.answer(BOB, portal.next(BOB)[0], "Loc")
    portal.store(imgid="open")
    cyd = replace(ANN, name="cyd")

    seen = [{each["item"] for each in portal.next(cyd)} for _ in range(6)]

    assert len(set.union(*seen)) == 2, "the open one, and one that is known"


def test_a_new_wafer_brings_no_honeypot_to_who_still_holds_one(portal):
    every = replace(ALWAYS_TWO, honeypot_pool=1, honeypot_share=1)
    for number in range(2):
        portal.under(every).store(imgid=f"known{number}")
        portal.answer(ANN, portal.next(ANN)[0], "Loc")
        portal.answer(BOB, portal.next(BOB)[0], "Loc")
    portal.store(imgid="open1")
    cyd = replace(ANN, name="cyd")
    portal.next(cyd)
    portal.store(imgid="open2")

    assert len(portal.next(cyd, count=10)) == 3
