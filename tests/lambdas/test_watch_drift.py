import json
import time
from dataclasses import replace

import pytest
from lambda_events import batch
from review_parts import ANN, START_MS
from training_parts import comparison

from fabwafer.burst_audit import Outcome
from fabwafer.cusum import Cusum
from fabwafer.fab_watch import Fab, Model, Rules
from fabwafer.lots_under_way import Seen
from fabwafer.model_drift import Watched as Doubt
from fabwafer.process_drift import Known as KnownLabel
from fabwafer.process_drift import Watched
from fabwafer.release import Replay
from fabwafer.triage import ReviewReason
from fabwafer.usual_rate import Baseline
from lambdas import watch_drift
from lambdas.fabs import FabsFailedError
from lambdas.loop.drift_audits import Audits
from lambdas.loop.drift_state import Known, known_of, with_known
from lambdas.loop.drift_wafers import seen_of
from lambdas.loop.drifting import RequestsRefusedError, Watcher
from lambdas.loop.ledger import Ledger
from lambdas.loop.records import DriftPaper, ModelPaper, ModelState
from lambdas.open_review import open_batch
from lambdas.stores import clients
from lambdas.stores.channels import AlertTopic, Queue
from lambdas.stores.tables import ReviewTable
from lambdas.telemetry import Telemetry
from lambdas.watch_drift import handler, look_at_all

MODEL, SECOND = "wafer-map@1.0.0", "wafer-map@1.2.0"
HOUR_MS = 3_600_000
USUAL = Watched({MODEL: KnownLabel(Baseline(200, 5000, 200, 16))})
SUSPECTED = Model(
    START_MS,
    Doubt(
        lots=200,
        wafers={"Loc": {"Loc": 980.0, "none": 20.0}},
        doubts={"Loc": {"Loc": 15.0, "none": 5.0}},
        more=Cusum(6.0, START_MS - HOUR_MS, START_MS - HOUR_MS // 2),
    ),
)


class FullQueue(Queue):
    def send(self, bodies):
        return set(range(len(bodies)))


class DeadTopic(AlertTopic):
    def publish(self, *_):
        raise OSError("nobody is there")


class Overtaken(Ledger):
    def revise(self, paper):
        assert super().revise(paper) is not None
        return super().revise(paper)


class Broken(Watcher):
    def look(self, fab, now_ms):
        if fab == "faba":
            raise OSError("the table is away")
        return super().look(fab, now_ms)


class Fabs:
    """A fab with a camera, its wafers, and who watches it."""

    def __init__(self, portal):
        self.portal = portal
        self.requests = Queue(clients.sqs().create_queue(QueueName="review")["QueueUrl"])
        self.mail = clients.sqs().create_queue(QueueName="mail")["QueueUrl"]
        arn = clients.sns().create_topic(Name="notices")["TopicArn"]
        clients.sns().subscribe(
            TopicArn=arn, Protocol="sqs", Endpoint="arn:aws:sqs:eu-central-1:123456789012:mail"
        )
        self.ledger = Ledger(portal.desk.papers)
        self.watcher = Watcher(
            wafers=portal.desk.wafers,
            cameras=portal.desk.cameras,
            ledger=self.ledger,
            policies=portal.desk.policies,
            reviews=self.requests,
            topic=AlertTopic(arn),
            audits=Audits(portal.desk.wafers, portal.desk.work),
            rules=Rules.of(20),
            settle_ms=60_000,
        )
        self.now_ms = START_MS + HOUR_MS

    def knows(self, **known):
        start = {"cursors": {"camera1": START_MS - HOUR_MS}} | known
        paper = DriftPaper(name="faba", cursor_ms=0)
        assert self.ledger.keep_new(with_known(paper, Known(**start), [], []))

    def wafers(self, count, label="none", first=0, **changes):
        for number in range(first, first + count):
            self.portal.store(
                None,
                imgid=f"wafer-{number:04}",
                timestamp=START_MS + number,
                prediction=label,
                lot=f"lot{number // 25}",
                **{"model": MODEL} | changes,
            )

    def look(self, **changes):
        return replace(self.watcher, **changes).look("faba", self.now_ms)

    @property
    def paper(self):
        return self.ledger.read(DriftPaper, "faba")

    @property
    def known(self):
        return known_of(self.paper)

    def sent(self, url):
        bodies = []
        while (
            found := clients.sqs()
            .receive_message(QueueUrl=url, MaxNumberOfMessages=10)
            .get("Messages")
        ):
            for each in found:
                clients.sqs().delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
                bodies.append(json.loads(each["Body"]))
        return bodies

    def notices(self):
        return [json.loads(each["Message"]) for each in self.sent(self.mail)]

    def answer_all(self, label):
        """People answer what was sent to them: the queue, its function and the API in between."""
        bodies = [json.dumps(each) for each in self.sent(self.requests.url)]
        open_batch(batch(*bodies), ReviewTable("reviews"), Telemetry("test"))
        while taken := self.portal.next(ANN, 10):
            for item in taken:
                assert self.portal.answer(ANN, item, label).status == 200


@pytest.fixture
def fabs(portal):
    return Fabs(portal)


def test_every_prediction_is_looked_at_once(fabs):
    fabs.knows()
    fabs.wafers(30)
    assert (fabs.look().wafers, fabs.look().wafers) == (30, 0)
    assert fabs.paper.cursor_ms == START_MS + 29
    assert fabs.known.fab.labels["Scratch"].usual.lots == 1


def test_a_prediction_that_is_too_fresh_waits_for_the_next_look(fabs):
    fabs.knows()
    fabs.wafers(5)
    fabs.now_ms = START_MS + 60_000 + 2
    assert fabs.look().wafers == 3
    fabs.now_ms += HOUR_MS
    assert fabs.look().wafers == 2


def test_a_camera_that_comes_back_from_an_outage_is_not_missed(fabs):
    fabs.knows(cursors={"camera1": START_MS - HOUR_MS, "camera2": START_MS - HOUR_MS})
    fabs.wafers(5)
    fabs.look()
    fabs.wafers(3, first=100, camera="camera2")
    fabs.portal.store(None, imgid="late", timestamp=START_MS - 5, camera="camera2")
    assert fabs.look().wafers == 4


def test_the_first_look_finds_a_fabs_cameras_by_their_heartbeats(fabs):
    fabs.portal.desk.cameras.put_newer({"fab": "faba", "camera": "camera1", "received_ms": 1})
    fabs.wafers(3)
    assert fabs.look().wafers == 3
    assert fabs.known.cursors == {"camera1": START_MS + 2}


def test_a_label_that_triples_is_told_once(fabs):
    fabs.knows(fab=Fab(labels={"Scratch": USUAL}))
    fabs.wafers(30, "Scratch")
    looked = fabs.look()
    assert [each.what for each in looked.rang] == ["Scratch"]
    [notice] = fabs.notices()
    assert (notice["kind"], notice["fab"], notice["detector"]) == ("drift", "faba", "process")
    assert "Scratch" in notice["subject"]
    [alarm] = fabs.paper.alarms
    assert (alarm["detector"], alarm["what"]) == ("process", "Scratch")
    assert fabs.paper.shown["process"][0]["what"] == "Scratch"
    fabs.look()
    assert fabs.notices() == []
    assert len(fabs.paper.alarms) == 1


def test_a_release_that_calls_a_label_more_often_is_no_drift(fabs):
    fabs.knows(fab=Fab(labels={"Scratch": USUAL}))
    counts = {"alerts": 0, "reviews": 0, "refused": 0}
    replay = {
        "wafers": 5000,
        "current": {**counts, "by_label": {"Scratch": 200}},
        "candidate": {**counts, "by_label": {"Scratch": 800}},
        "changed": 600,
    }
    told = comparison(SECOND, MODEL, replay=Replay(**replay))
    paper = ModelPaper(
        name=SECOND,
        state=ModelState.CURRENT,
        created_ms=START_MS,
        key="bundles/it.zip",
        manifest_sha256="0" * 64,
        comparison=told,
    )
    assert fabs.ledger.keep_new(paper)
    for start in range(0, 150, 25):
        fabs.wafers(4, "Scratch", first=start, model=SECOND)
        fabs.wafers(21, first=start + 4, model=SECOND)
    assert fabs.look().rang == ()
    assert fabs.known.fab.labels["Scratch"].usual.rate == pytest.approx(0.16, abs=0.01)
    fabs.wafers(60, "Scratch", first=150, model=SECOND)
    assert [each.what for each in fabs.look().rang] == ["Scratch"]


def test_a_notice_that_nobody_took_is_sent_by_the_next_look(fabs):
    fabs.knows(fab=Fab(labels={"Scratch": USUAL}))
    fabs.wafers(30, "Scratch")
    with pytest.raises(OSError, match="nobody"):
        fabs.look(topic=DeadTopic(fabs.watcher.topic.arn))
    assert len(fabs.known.notices) == 1
    fabs.look()
    assert len(fabs.notices()) == 1
    assert fabs.known.notices == ()
    fabs.look()
    assert fabs.notices() == []


def test_of_two_looks_at_once_the_second_does_nothing(fabs):
    fabs.knows(fab=Fab(labels={"Scratch": USUAL}))
    fabs.wafers(30, "Scratch")
    looked = fabs.look(ledger=Overtaken(fabs.ledger.papers))
    assert not looked.taken
    assert fabs.notices() == []


def test_a_suspected_model_is_audited_by_40_wafers_and_nobody_is_alarmed(fabs):
    fabs.knows(fab=Fab(models={MODEL: SUSPECTED}))
    fabs.wafers(45, "Loc")
    fabs.look()
    fabs.look()
    sent = fabs.sent(fabs.requests.url)
    assert len(sent) == 40
    assert {each["reason"] for each in sent} == {"suspected"}
    assert fabs.notices() == []
    assert fabs.paper.alarms == ()
    [shown] = fabs.paper.shown["audits"]
    assert (shown["model"], shown["outcome"]) == (MODEL, "open")


def test_an_audit_waits_until_there_are_40_wafers(fabs):
    fabs.knows(fab=Fab(models={MODEL: SUSPECTED}))
    fabs.wafers(39, "Loc")
    fabs.look()
    assert fabs.known.audits == {}
    fabs.wafers(1, "Loc", first=39)
    fabs.look()
    assert len(fabs.known.audits[MODEL].items) == 40


def test_requests_that_the_queue_refuses_are_sent_by_the_next_look(fabs):
    fabs.knows(fab=Fab(models={MODEL: SUSPECTED}))
    fabs.wafers(40, "Loc")
    with pytest.raises(RequestsRefusedError):
        fabs.look(reviews=FullQueue(fabs.requests.url))
    fabs.look()
    assert len(fabs.sent(fabs.requests.url)) == 40


def test_a_model_that_people_contradict_got_worse(fabs):
    fabs.knows(fab=Fab(models={MODEL: SUSPECTED}))
    fabs.wafers(40, "Loc")
    fabs.look()
    fabs.answer_all("Scratch")
    looked = fabs.look()
    assert [each.audit.outcome for each in looked.findings] == [Outcome.CONFIRMED]
    [notice] = fabs.notices()
    assert (notice["detector"], notice["what"], notice["wrong"]) == ("model", MODEL, 40)
    [alarm] = fabs.paper.alarms
    assert alarm["figures"]["outcome"] == "confirmed"
    assert fabs.look().findings == ()
    assert fabs.sent(fabs.requests.url) == []


def test_a_suspicion_that_people_do_not_share_is_dismissed_and_the_model_learned_anew(fabs):
    fabs.knows(fab=Fab(models={MODEL: SUSPECTED}))
    fabs.wafers(40, "Loc")
    fabs.look()
    fabs.answer_all("Loc")
    looked = fabs.look()
    assert [each.audit.outcome for each in looked.findings] == [Outcome.DISMISSED]
    assert fabs.notices() == []
    assert MODEL not in fabs.known.fab.models
    assert fabs.known.audits == {}


def test_an_audit_that_nobody_answers_is_told_after_three_days(fabs):
    fabs.knows(fab=Fab(models={MODEL: SUSPECTED}))
    fabs.wafers(40, "Loc")
    fabs.look()
    fabs.now_ms += 4 * 24 * HOUR_MS
    fabs.look()
    [notice] = fabs.notices()
    assert notice["outcome"] == "unanswered"


@pytest.mark.parametrize(
    ("label", "outcome"), [("Scratch", Outcome.CONFIRMED), ("Loc", Outcome.DISMISSED)]
)
def test_answers_that_come_after_three_days_still_decide_an_audit(fabs, label, outcome):
    fabs.knows(fab=Fab(models={MODEL: SUSPECTED}))
    fabs.wafers(40, "Loc")
    fabs.look()
    fabs.now_ms += 4 * 24 * HOUR_MS
    assert [each.audit.outcome for each in fabs.look().findings] == [Outcome.UNANSWERED]
    assert fabs.look().findings == ()
    fabs.answer_all(label)
    assert [each.audit.outcome for each in fabs.look().findings] == [outcome]
    assert fabs.look().findings == ()


def test_a_refused_picture_is_in_no_audit(fabs):
    fabs.knows(fab=Fab(models={MODEL: SUSPECTED}))
    refused = {
        fabs.portal.store(
            ReviewReason.REFUSED, imgid=f"bad-{n}", timestamp=START_MS, model=MODEL, refused="shape"
        )
        for n in range(3)
    }
    fabs.wafers(39, "Loc")
    fabs.look()
    assert fabs.known.audits == {}
    fabs.wafers(1, "Loc", first=39)
    fabs.look()
    assert refused.isdisjoint(fabs.known.audits[MODEL].items)


def test_a_record_tells_all_that_the_detectors_want(fabs):
    item = fabs.portal.store(
        None,
        lot="lot1",
        model=MODEL,
        scores={"Loc": 0.4, "none": 0.6},
        picture={
            "width": 20,
            "height": 20,
            "dies": 300,
            "levels": (0.0, 127.0, None),
            "sharpness": 1.0,
        },
    )
    assert seen_of(fabs.portal.desk.wafers.read(item)) == Seen(
        camera="camera1",
        lot="lot1",
        at_ms=START_MS - 1000,
        label="Loc",
        model=MODEL,
        scores={"Loc": 0.4, "none": 0.6},
        figures={"no die": 0.0, "pass": 127.0, "sharpness": 1.0, "size": 20.0, "dies": 0.75},
    )


def test_a_refused_picture_has_no_label_and_an_old_message_no_figures(fabs):
    item = fabs.portal.store(None, refused="shape")
    seen = seen_of(fabs.portal.desk.wafers.read(item))
    assert (seen.label, seen.figures, seen.scores) == (None, {}, None)


def test_a_fab_that_fails_does_not_stop_the_others(fabs, telemetry):
    broken = Broken(**vars(fabs.watcher))
    with pytest.raises(FabsFailedError, match="faba"):
        look_at_all(broken, ["faba", "fabb"], fabs.now_ms, telemetry)
    assert fabs.ledger.read(DriftPaper, "fabb") is not None


def test_the_function_is_wired_by_its_environment(fabs, context, monkeypatch):
    settings = {
        "PREDICTIONS_TABLE": "predictions",
        "REVIEWS_TABLE": "reviews",
        "PAPERS_TABLE": "papers",
        "CAMERAS_TABLE": "cameras",
        "REVIEW_QUEUE_URL": fabs.requests.url,
        "NOTICES_TOPIC_ARN": fabs.watcher.topic.arn,
        "FABS": "faba,fabb",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    fabs.portal.desk.cameras.put_newer({"fab": "faba", "camera": "camera1", "received_ms": 1})
    fabs.portal.store(None, timestamp=round(time.time() * 1000) - HOUR_MS)
    watch_drift._wired.cache_clear()

    handler({}, context)

    watch_drift._wired.cache_clear()
    assert fabs.known.cursors.keys() == {"camera1"}
    assert fabs.ledger.read(DriftPaper, "fabb").state != {}
