import base64
import json
import time
from dataclasses import replace

import pytest
from review_parts import ANN, START_MS

from fabwafer.triage import ReviewReason
from lambdas.batch import QueueRefusedError
from lambdas.fabs import FabsFailedError
from lambdas.loop.ledger import Ledger
from lambdas.loop.picking import Picker
from lambdas.loop.records import BudgetPaper
from lambdas.open_review import open_batch
from lambdas.pick_reviews import _wired, handler, pick_all
from lambdas.stores import clients
from lambdas.stores.channels import Queue
from lambdas.stores.tables import ReviewTable

DAY_MS = 86_400_000
NOON_MS = START_MS // DAY_MS * DAY_MS + DAY_MS // 2
MODEL = "wafer-map@1.0.0"


class FullQueue(Queue):
    def send(self, bodies):
        super().send(bodies[1:])
        return {0}


class Overtaken(Ledger):
    def revise(self, paper):
        assert super().revise(paper) is not None
        return super().revise(paper)


class Broken(Picker):
    def pick(self, fab, now_ms):
        if fab == "faba":
            raise OSError("the table is away")
        return super().pick(fab, now_ms)


class Fab:
    """A fab's wafers, and who picks among them."""

    def __init__(self, portal, **changes):
        self.portal = portal
        url = clients.sqs().create_queue(QueueName="review")["QueueUrl"]
        self.queue = Queue(url)
        self.picker = Picker(
            **{
                "wafers": portal.desk.wafers,
                "reviews": portal.desk.work,
                "ledger": Ledger(portal.desk.papers),
                "queue": self.queue,
                "budget": 6,
                "spread_h": 0,
            }
            | changes
        )

    def accepted(self, imgid, novelty=1.0, embedding=None, **changes):
        said = {"probability": 0.99, "model": MODEL, "timestamp": NOON_MS - 60_000}
        if embedding is not None:
            said["embedding"] = base64.b64encode(bytes(n % 256 for n in embedding)).decode()
        return self.portal.store(None, imgid=imgid, novelty=novelty, **said | changes)

    def crowd(self, count, **changes):
        return [
            self.accepted(f"w{n:02}", novelty=n / 10, embedding=(100, n), **changes)
            for n in range(count)
        ]

    def pick(self, now_ms=NOON_MS):
        return self.picker.pick("faba", now_ms)

    def requests(self):
        found = []
        while (
            messages := clients.sqs()
            .receive_message(QueueUrl=self.queue.url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
            .get("Messages", [])
        ):
            for each in messages:
                clients.sqs().delete_message(
                    QueueUrl=self.queue.url, ReceiptHandle=each["ReceiptHandle"]
                )
                found.append(json.loads(each["Body"]))
        return found


@pytest.fixture
def fab(portal):
    portal.now_ms = NOON_MS
    return Fab(portal)


def budget(portal):
    return Ledger(portal.desk.papers).read(BudgetPaper, "faba/2025-11-21")


def test_half_of_the_picks_are_novel_and_half_varied(fab):
    fab.crowd(20)

    found = fab.pick()

    assert found.picked == {"novel": 3, "diverse": 3}
    asked = fab.requests()
    assert [each["imgid"] for each in asked if each["reason"] == "novel"] == ["w19", "w18", "w17"]
    assert len({each["imgid"] for each in asked}) == 6


def test_a_picked_wafer_becomes_a_work_item_as_any_other(fab, telemetry):
    item = fab.accepted("odd", novelty=9.5, embedding=(1, 2), lot="lot7", wafer=3)
    fab.pick()
    bodies = fab.requests()
    records = [{"messageId": str(n), "body": json.dumps(body)} for n, body in enumerate(bodies)]

    open_batch({"Records": records}, ReviewTable("reviews"), telemetry)

    [held] = fab.portal.next(ANN)
    assert (held["item"], held["lot"], held["wafer"]) == (item, "lot7", 3)
    assert held["model_answer"]["reason"] == "novel"
    assert held["model_answer"]["novelty"] == 9.5


def test_a_days_budget_is_not_exceeded(fab):
    fab.crowd(20)
    fab.pick()
    fab.requests()

    assert fab.pick().picked == {}

    assert fab.requests() == []
    assert sum(budget(fab.portal).picked.values()) == 6


def test_the_next_day_has_a_budget_of_its_own(fab):
    fab.crowd(20)
    fab.pick()
    for number in range(8):
        fab.accepted(f"next{number}", timestamp=NOON_MS + DAY_MS - 1, embedding=(number, 5))
    assert sum(fab.pick(NOON_MS + DAY_MS).picked.values()) == 6


def test_a_budget_is_released_over_the_day(portal):
    fab = Fab(portal, budget=10, spread_h=24)
    fab.crowd(20)
    assert sum(fab.pick(NOON_MS).picked.values()) == 5


def test_two_runs_at_once_pick_once(fab):
    fab.crowd(20)

    fab.picker = replace(fab.picker, ledger=Overtaken(fab.portal.desk.papers))

    assert fab.pick().picked == {}

    assert fab.requests() == []


@pytest.mark.parametrize(
    "reason", [ReviewReason.DOUBTFUL, ReviewReason.AUDIT, ReviewReason.REFUSED]
)
def test_what_is_under_review_is_not_asked_again(fab, reason):
    fab.portal.store(reason, imgid="asked", timestamp=NOON_MS - 1000, novelty=99.0)
    free = fab.accepted("free", novelty=0.1)
    fab.pick()
    assert [f"{each['imgid']}~{each['timestamp']}" for each in fab.requests()] == [free]


def test_what_was_picked_before_is_not_picked_again(fab, telemetry):
    fab.crowd(4)
    fab.pick()
    records = [
        {"messageId": str(n), "body": json.dumps(body)} for n, body in enumerate(fab.requests())
    ]
    open_batch({"Records": records}, ReviewTable("reviews"), telemetry)
    assert fab.pick().picked == {}


def test_a_wafer_of_the_day_before_yesterday_is_not_picked(fab):
    fab.accepted("old", timestamp=NOON_MS - DAY_MS - 1)
    assert fab.pick().wafers == 0
    assert fab.requests() == []


def test_a_neighbour_of_what_is_under_review_is_no_diversity(portal):
    fab = Fab(portal, budget=2)
    same = base64.b64encode(bytes((100, 0))).decode()
    asked = {"timestamp": NOON_MS - 1000, "model": MODEL, "embedding": same}
    portal.store(imgid="asked", **asked)
    fab.accepted("copy", novelty=None, embedding=(100, 0))
    fab.accepted("other", novelty=None, embedding=(0, 100))
    fab.pick()
    assert [(each["imgid"], each["reason"]) for each in fab.requests()] == [("other", "diverse")]


def test_features_that_cannot_be_read_leave_a_wafer_to_its_novelty(fab):
    fab.portal.store(
        None, imgid="odd", timestamp=NOON_MS - 1, probability=0.99, novelty=3.0, embedding="*"
    )
    assert fab.pick().picked == {"novel": 1}


def test_a_request_that_the_queue_refuses_is_a_fault_and_stays_within_the_budget(portal):
    fab = Fab(portal)
    fab.picker = replace(fab.picker, queue=FullQueue(fab.queue.url))
    fab.crowd(20)
    with pytest.raises(QueueRefusedError):
        fab.pick()
    assert len(fab.requests()) == 5
    assert sum(budget(portal).picked.values()) == 6


def test_a_fab_that_fails_does_not_stop_the_others(fab, telemetry, caplog):
    fab.accepted("odd", fab="fabb", novelty=3.0)

    with pytest.raises(FabsFailedError, match="faba"):
        pick_all(Broken(**vars(fab.picker)), ["faba", "fabb"], NOON_MS, telemetry)

    assert [each["fab"] for each in fab.requests()] == ["fabb"]
    assert "the table is away" in caplog.text


def test_the_handler_picks_in_every_fab_that_it_is_told(fab, context, monkeypatch):
    told = {
        "PREDICTIONS_TABLE": "predictions",
        "REVIEWS_TABLE": "reviews",
        "PAPERS_TABLE": "papers",
        "REVIEW_QUEUE_URL": fab.queue.url,
        "FABS": "faba,fabb",
        "PICK_SPREAD_H": "0",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    now_ms = round(time.time() * 1000)
    fab.accepted("here", timestamp=now_ms - 1000)
    fab.accepted("there", timestamp=now_ms - 1000, fab="fabb")
    _wired.cache_clear()

    handler({}, context)

    assert {(each["fab"], each["imgid"]) for each in fab.requests()} == {
        ("faba", "here"),
        ("fabb", "there"),
    }
    _wired.cache_clear()
