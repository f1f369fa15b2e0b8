import json
from dataclasses import dataclass, field

import pytest
from botocore.exceptions import EndpointConnectionError
from lambda_events import batch, failed, prediction, published, saved
from lambda_fakes import AtomicTable

from fabwafer.messages import Prediction
from lambdas import route_prediction
from lambdas.alerts import alert_due
from lambdas.send_alerts import Alerter, Pace, handler, send_batch
from lambdas.stores import clients
from lambdas.stores.channels import AlertTopic
from lambdas.stores.tables import PredictionTable


@dataclass
class FakeTime:
    now_s: float = 1000.0
    published_at: list[float] = field(default_factory=list)

    def clock(self):
        return self.now_s

    def sleep(self, seconds):
        self.now_s += seconds


@dataclass(frozen=True)
class RecordingTopic(AlertTopic):
    """Notes when it published; fails for chosen classes."""

    time: FakeTime = field(default_factory=FakeTime)
    broken: str = ""
    takes_s: float = 0.0

    def publish(self, subject, message, attributes):
        if attributes["prediction"] == self.broken:
            raise EndpointConnectionError(endpoint_url=self.arn)
        self.time.now_s += self.takes_s
        self.time.published_at.append(self.time.now_s)
        super().publish(subject, message, attributes)


class FailingTable(PredictionTable):
    def claim_alert(self, imgid, timestamp, claim):
        if imgid == "bad":
            raise EndpointConnectionError(endpoint_url="the table")
        return super().claim_alert(imgid, timestamp, claim)


@pytest.fixture
def fake_time():
    return FakeTime()


@pytest.fixture
def alerter(cloud, fake_time):
    return build(cloud, fake_time)


def build(cloud, fake_time, table=AtomicTable, broken="", takes_s=0.0):
    return Alerter(
        predictions=table("predictions"),
        topic=RecordingTopic(cloud.topic_arn, time=fake_time, broken=broken, takes_s=takes_s),
        pace=Pace(0.5, fake_time.clock, fake_time.sleep),
        portal_url="https://portal.example",
        critical=("Near-full",),
    )


def due(claim="mine", **changes):
    return alert_due(Prediction(**prediction(prediction="Loc") | changes), claim).model_dump_json()


def stored(context, **changes):
    route_prediction.handler(batch(published(**changes)), context)


def plenty():
    return 60_000


def named(alerts):
    return [wafer["imgid"] for alert in alerts for wafer in json.loads(alert["Message"])["wafers"]]


def test_a_queued_alert_reaches_the_subscribers(cloud, context, monkeypatch):
    monkeypatch.setenv("ALERT_INTERVAL_S", "0.001")
    stored(context)

    assert failed(handler(saved("alerts"), context)) == []

    (alert,) = cloud.alerts()
    assert json.loads(alert["Message"]) == {
        "fab": "faba",
        "camera": "camera1",
        "prediction": "Loc",
        "severity": "minor",
        "wafers": [{"imgid": "img3", "timestamp": 1_554_134_552_946, "probability": 0.9}],
    }
    assert {name: each["Value"] for name, each in alert["MessageAttributes"].items()} == {
        "fab": "faba",
        "camera": "camera1",
        "prediction": "Loc",
        "severity": "minor",
    }


def test_alerts_of_one_lot_and_class_fold_into_one_message(cloud, context, telemetry, alerter):
    for number in range(4):
        stored(context, imgid=f"img{number}", lot="lot1")
    stored(context, imgid="elsewhere", lot="lot2")

    bodies = [due(imgid=f"img{number}", lot="lot1") for number in range(4)]
    response = send_batch(
        batch(*bodies, due(imgid="elsewhere", lot="lot2")), alerter, telemetry, plenty
    )

    assert failed(response) == []
    alerts = cloud.alerts()
    assert sorted(len(json.loads(alert["Message"])["wafers"]) for alert in alerts) == [1, 4]
    assert sorted(named(alerts)) == ["elsewhere", "img0", "img1", "img2", "img3"]


@pytest.mark.parametrize(
    "second",
    [
        pytest.param("another", id="queued twice"),
        pytest.param("mine", id="delivered again after it went out"),
    ],
)
def test_a_wafer_is_named_once(cloud, context, telemetry, alerter, second):
    stored(context)
    send_batch(batch(due("mine")), alerter, telemetry, plenty)

    response = send_batch(batch(due(second)), alerter, telemetry, plenty)

    assert failed(response) == []
    assert named(cloud.alerts()) == ["img3"]


@pytest.mark.parametrize("second", ["another", "mine"])
def test_two_messages_for_one_wafer_in_one_batch_name_it_once(
    cloud, context, telemetry, alerter, second
):
    stored(context)

    response = send_batch(batch(due("mine"), due(second)), alerter, telemetry, plenty)

    assert failed(response) == []
    assert named(cloud.alerts()) == ["img3"]


def test_a_message_that_comes_out_of_the_dead_letter_queue_still_alerts(
    cloud, context, telemetry, fake_time, alerter
):
    stored(context)
    broken = build(cloud, fake_time, broken="Loc")
    assert failed(send_batch(batch(due("mine")), broken, telemetry, plenty)) == ["m0"]
    assert failed(send_batch(batch(due("another")), alerter, telemetry, plenty)) == []
    assert cloud.alerts() == []

    assert failed(send_batch(batch(due("mine")), alerter, telemetry, plenty)) == []

    assert named(cloud.alerts()) == ["img3"]


def test_a_publish_that_fails_brings_back_its_own_wafers_alone(
    cloud, context, telemetry, fake_time
):
    for name, label in (("a", "Loc"), ("b", "Donut"), ("c", "Loc")):
        stored(context, imgid=name, prediction=label)
    bodies = [due(imgid="a"), due(imgid="b", prediction="Donut"), due(imgid="c")]

    broken = build(cloud, fake_time, broken="Loc")
    assert failed(send_batch(batch(*bodies), broken, telemetry, plenty)) == ["m0", "m2"]

    assert named(cloud.alerts()) == ["b"]


def test_a_claim_that_fails_brings_back_its_own_wafer_alone(cloud, context, telemetry, fake_time):
    stored(context, imgid="bad")
    stored(context, imgid="good")
    failing = build(cloud, fake_time, table=FailingTable)

    response = send_batch(batch(due(imgid="bad"), due(imgid="good")), failing, telemetry, plenty)

    assert failed(response) == ["m0"]
    assert named(cloud.alerts()) == ["good"]


def test_a_wafer_that_is_not_stored_comes_again(cloud, telemetry, alerter):
    assert failed(send_batch(batch(due()), alerter, telemetry, plenty)) == ["m0"]

    assert cloud.alerts() == cloud.items("predictions") == []


def test_what_is_no_alert_of_ours_fails_alone(cloud, context, telemetry, alerter):
    stored(context)

    assert failed(send_batch(batch("{}", due()), alerter, telemetry, plenty)) == ["m0"]

    assert named(cloud.alerts()) == ["img3"]


def test_publishes_keep_their_distance_from_the_first_of_a_cold_start_on(
    context, telemetry, fake_time, alerter
):
    started = fake_time.now_s
    for number in range(4):
        stored(context, imgid=f"img{number}", lot=f"lot{number}")
    first = [due(imgid=f"img{number}", lot=f"lot{number}") for number in range(2)]
    second = [due(imgid=f"img{number}", lot=f"lot{number}") for number in range(2, 4)]

    send_batch(batch(*first), alerter, telemetry, plenty)
    send_batch(batch(*second), alerter, telemetry, plenty)

    assert fake_time.published_at == [started + 0.5 * count for count in (1, 2, 3, 4)]


def test_slow_publishes_do_not_bunch_up(context, telemetry, fake_time, cloud):
    slow = build(cloud, fake_time, takes_s=3.0)
    for number in range(2):
        stored(context, imgid=f"img{number}", lot=f"lot{number}")
    event = batch(*(due(imgid=f"img{number}", lot=f"lot{number}") for number in range(2)))

    send_batch(event, slow, telemetry, plenty)

    first, second = fake_time.published_at
    assert second - first == 0.5 + 3.0


def test_an_idle_instance_publishes_at_once(context, telemetry, fake_time, alerter):
    stored(context)
    fake_time.now_s += 60
    before = fake_time.now_s

    send_batch(batch(due()), alerter, telemetry, plenty)

    assert fake_time.published_at == [before]


def test_what_finds_no_time_comes_again_and_is_then_named_once(
    cloud, context, telemetry, fake_time, alerter
):
    for number in range(6):
        stored(context, imgid=f"img{number}", lot=f"lot{number}")
    event = batch(*(due(imgid=f"img{number}", lot=f"lot{number}") for number in range(6)))
    end = fake_time.now_s + 41.4

    response = send_batch(event, alerter, telemetry, lambda: round((end - fake_time.now_s) * 1000))
    assert failed(response) == ["m3", "m4", "m5"]
    send_batch(event, alerter, telemetry, plenty)

    assert sorted(named(cloud.alerts())) == [f"img{number}" for number in range(6)]


def test_marks_end_in_time_so_that_what_was_published_is_not_brought_again(
    cloud, context, telemetry, alerter
):
    stored(context)
    left_ms = iter([60_000, 60_000, 10_000])

    assert failed(send_batch(batch(due()), alerter, telemetry, lambda: next(left_ms))) == []

    (item,) = cloud.items("predictions")
    assert "alert_claim" in item
    assert "alerted_ms" not in item


def test_nothing_is_claimed_when_there_is_no_time(cloud, context, telemetry, alerter):
    stored(context)

    assert failed(send_batch(batch(due()), alerter, telemetry, lambda: 100)) == ["m0"]

    (item,) = cloud.items("predictions")
    assert "alert_claim" not in item


def test_an_alert_that_cannot_be_marked_is_out_all_the_same(cloud, context, telemetry, alerter):
    stored(context)

    class Forgetful(RecordingTopic):
        def publish(self, subject, message, attributes):
            super().publish(subject, message, attributes)
            clients.dynamodb().delete_table(TableName="predictions")

    forgetful = Forgetful(cloud.topic_arn)
    losing = Alerter(alerter.predictions, forgetful, alerter.pace, "", ())

    assert failed(send_batch(batch(due()), losing, telemetry, plenty)) == []

    assert named(cloud.alerts()) == ["img3"]
