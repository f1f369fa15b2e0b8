import json
from dataclasses import replace

import pytest
from botocore.exceptions import EndpointConnectionError
from lambda_events import RECEIVED_MS, batch, envelope, failed, prediction, published, saved
from lambda_fakes import AtomicTable

from fabwafer.triage import Policy
from lambdas import route_prediction
from lambdas.route_prediction import _router, handler, route_batch
from lambdas.stores import clients
from lambdas.stores.buckets import QuarantineBucket
from lambdas.stores.channels import Queue
from lambdas.stores.tables import PredictionTable
from lambdas.telemetry import observed

TOPIC = "fabwafer/faba/camera1/prediction"
YEAR_MS = 365 * 24 * 3600 * 1000


class FailingTable(PredictionTable):
    """Fails to store chosen wafers."""

    def put_new(self, item):
        if item["imgid"] in {"bad1", "bad2"}:
            raise EndpointConnectionError(endpoint_url="the table")
        return super().put_new(item)


class DeadQueue(Queue):
    def send(self, _bodies):
        raise EndpointConnectionError(endpoint_url=self.url)


class ChoosyQueue(Queue):
    """Takes all but what names a chosen wafer."""

    def send(self, bodies):
        refused = {i for i, body in enumerate(bodies) if '"refused"' in body}
        super().send([body for i, body in enumerate(bodies) if i not in refused])
        return refused


class FailingQuarantine(QuarantineBucket):
    def put(self, *_args):
        raise EndpointConnectionError(endpoint_url=self.name)


def imgids(bodies):
    return sorted(
        found.get("imgid") or found["prediction"]["imgid"] for found in map(json.loads, bodies)
    )


def test_the_three_messages_are_stored_and_only_the_third_alerts_and_the_second_is_reviewed(
    cloud, context
):
    assert handler(saved("predictions"), context) == {"batchItemFailures": []}

    assert sorted(item["imgid"]["S"] for item in cloud.items("predictions")) == [
        "img1",
        "img2",
        "img3",
    ]
    assert imgids(cloud.drain("alerts")) == ["img3"]
    assert imgids(cloud.drain("review")) == ["img2"]


def test_a_refused_picture_is_stored_and_reviewed_and_alerts_nobody(cloud, context):
    handler(batch(published(prediction="Loc", probability=1.0, refused="shape")), context)

    (item,) = cloud.items("predictions")
    assert (item["refused"], item["review"]) == ({"S": "shape"}, {"S": "refused"})
    assert cloud.drain("alerts") == []
    (request,) = map(json.loads, cloud.drain("review"))
    assert (request["reason"], request["refused"]) == ("refused", "shape")


def test_a_record_holds_the_canonical_label_and_exact_numbers(cloud, context):
    handler(batch(published(scores={"LOC": 0.9, "none": 0.1}, lot="L1", colour="red")), context)

    (item,) = cloud.items("predictions")
    assert item["prediction"] == {"S": "Loc"}
    assert item["probability"] == {"N": "0.9"}
    assert item["scores"] == {"M": {"Loc": {"N": "0.9"}, "none": {"N": "0.1"}}}
    assert item["extra"] == {"S": '{"colour":"red"}'}
    assert item["fab_lot"] == {"S": "faba/L1"}
    assert "expires_at" not in item


def test_a_record_is_forgotten_when_the_settings_say_so(cloud, context, monkeypatch):
    monkeypatch.setenv("KEEP_DAYS", "2")

    handler(batch(published()), context)

    (item,) = cloud.items("predictions")
    assert int(item["expires_at"]["N"]) == RECEIVED_MS // 1000 + 2 * 86_400


def test_a_released_model_decides_with_its_own_labels_and_thresholds(cloud, context):
    policy = Policy(labels=("ok", "Blob"), normal="ok", alert=0.95, accept_default=0.5)
    clients.ssm().put_parameter(
        Name="/fabwafer/models/blobs/7", Value=policy.model_dump_json(), Type="String"
    )

    handler(batch(published(model="blobs@7", prediction="blob", probability=0.9)), context)

    (item,) = cloud.items("predictions")
    assert item["prediction"] == {"S": "Blob"}
    assert cloud.drain("alerts") == cloud.drain("review") == []


def test_a_message_twice_in_a_batch_is_stored_once(cloud, telemetry, caplog):
    atomic = replace(_router(), predictions=AtomicTable("predictions"))

    assert failed(route_batch(batch(published(), published()), atomic, telemetry)) == []

    assert len(cloud.items("predictions")) == 1
    assert sorted(line.outcome for line in caplog.records) == ["repeated", "stored"]


def test_a_repeat_after_the_alert_was_claimed_sends_no_other(cloud, context):
    handler(batch(published()), context)
    (due,) = map(json.loads, cloud.drain("alerts"))
    PredictionTable("predictions").claim_alert("img3", 1_554_134_552_946, due["claim"])

    assert failed(handler(batch(published()), context)) == []

    assert cloud.drain("alerts") == []


def test_a_crash_between_table_and_queue_is_made_good_by_the_retry(cloud, context, telemetry):
    event = batch(published(), published(imgid="img2", probability=0.4))
    dead = DeadQueue(cloud.urls["alerts"])
    crashing = replace(_router(), alerts=dead, reviews=dead)
    assert failed(route_batch(event, crashing, telemetry)) == ["m0", "m1"]
    assert len(cloud.items("predictions")) == 2

    assert failed(handler(event, context)) == []

    assert imgids(cloud.drain("alerts")) == ["img3"]
    assert imgids(cloud.drain("review")) == ["img2"]


def test_a_retry_does_what_was_decided_at_first_even_if_the_policy_changed(cloud, telemetry):
    event = batch(published(probability=0.6))
    dead = DeadQueue(cloud.urls["alerts"])
    route_batch(event, replace(_router(), alerts=dead, reviews=dead), telemetry)
    strict = route_prediction.Policies(
        lambda _: Policy(alert=1, accept_default=0).model_dump_json()
    )

    route_batch(event, replace(_router(), policies=strict), telemetry)

    assert imgids(cloud.drain("alerts")) == imgids(cloud.drain("review")) == ["img3"]


def test_half_a_batch_that_cannot_be_stored_comes_again_alone(cloud, telemetry):
    event = batch(*(published(imgid=name) for name in ("bad1", "good1", "bad2", "good2")))
    failing = replace(_router(), predictions=FailingTable("predictions"))

    assert failed(route_batch(event, failing, telemetry)) == ["m0", "m2"]

    assert imgids(cloud.drain("alerts")) == ["good1", "good2"]


def test_what_a_queue_refuses_comes_again_alone(cloud, telemetry):
    event = batch(*(published(imgid=name) for name in ("a", "refused", "c")))
    choosy = replace(_router(), alerts=ChoosyQueue(cloud.urls["alerts"]))

    assert failed(route_batch(event, choosy, telemetry)) == ["m1"]

    assert imgids(cloud.drain("alerts")) == ["a", "c"]


def test_what_is_stored_counts_once_though_its_message_comes_again(cloud, context, capsys):
    dead = replace(_router(), alerts=DeadQueue(cloud.urls["alerts"]))
    with observed("route_prediction", context) as telemetry:
        route_batch(batch(published()), dead, telemetry)
    with observed("route_prediction", context) as telemetry:
        route_batch(batch(published()), _router(), telemetry)

    counted = [line for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert ['"Stored":[1.0]' in line for line in counted] == [True, False]


def test_a_hundred_alerts_go_out_ten_at_a_time(cloud, context):
    event = batch(*(published(imgid=f"img{i}") for i in range(100)))

    assert failed(handler(event, context)) == []

    assert len(set(imgids(cloud.drain("alerts")))) == 100


def test_a_poison_message_fails_alone(cloud, context):
    event = batch(published(), "no envelope", '{"payload": "AA=="}')

    assert failed(handler(event, context)) == ["m1", "m2"]

    assert len(cloud.items("predictions")) == 1
    assert cloud.quarantined() == []


BAD = [
    pytest.param(b"{not json", "message", id="bad JSON"),
    pytest.param(b"", "message", id="nothing"),
    pytest.param(b"[1, 2]", "message", id="a list"),
    pytest.param(b"\xff\xfe\x00", "message", id="bytes that are no text"),
    pytest.param(prediction(probability="0.9"), "probability", id="number as text"),
    pytest.param(prediction(imgid=7), "imgid", id="id as number"),
    pytest.param(prediction(timestamp="now"), "timestamp", id="time as text"),
    pytest.param(prediction(probability=float("nan")), "probability", id="NaN"),
    pytest.param(prediction(probability=float("inf")), "probability", id="infinite"),
    pytest.param(prediction(probability=1.01), "probability", id="above one"),
    pytest.param(prediction(probability=-0.01), "probability", id="below zero"),
    pytest.param(prediction(prediction="coffee"), "prediction", id="unknown label"),
    pytest.param(prediction(scores={"coffee": 1.0}), "prediction", id="score of no label"),
    pytest.param(prediction(scores={"loc": 0.1, "Loc": 0.9}), "scores", id="score twice"),
    pytest.param(prediction(camera="camera2"), "camera", id="another camera than the topic's"),
    pytest.param(prediction(fab="fabb"), "fab", id="another fab than the topic's"),
    pytest.param(prediction(imgid="../../etc/passwd"), "imgid", id="path-like id"),
    pytest.param(prediction(imgid=".."), "imgid", id="parent folder as id"),
    pytest.param(prediction(note="x" * 200_000), "message", id="200 kB"),
    pytest.param(prediction(timestamp=RECEIVED_MS + YEAR_MS), "timestamp", id="clock a year ahead"),
    pytest.param(prediction(sequence=10**40), "sequence", id="a number no table holds"),
]


@pytest.mark.parametrize(("payload", "field"), BAD)
def test_bad_input_is_quarantined_and_disturbs_nobody(cloud, context, caplog, payload, field):
    event = batch(published(imgid="before"), envelope(TOPIC, payload), published(imgid="after"))

    assert failed(handler(event, context)) == []

    (kept,) = cloud.quarantined()
    assert kept["field"] == field
    assert kept["value"]
    assert kept["topic"] == TOPIC
    assert sorted(item["imgid"]["S"] for item in cloud.items("predictions")) == ["after", "before"]
    (line,) = (each for each in caplog.records if each.outcome == "quarantined")
    assert (line.field, line.value) == (field, kept["value"])


@pytest.mark.parametrize(
    "topic",
    [
        "fabwafer/faba/camera1/prediction/a/b",
        "fabwafer/faba/camera1/img/img3",
        "fabwafer/faba/../prediction/img3",
        "elsewhere",
    ],
)
def test_a_topic_that_is_none_of_a_prediction_is_quarantined(cloud, context, topic):
    assert failed(handler(batch(envelope(topic, prediction())), context)) == []

    (kept,) = cloud.quarantined()
    assert kept["topic"] == topic
    assert cloud.items("predictions") == []


@pytest.mark.parametrize(
    ("second", "field"),
    [
        pytest.param(published(probability=0.3), "message", id="other content"),
        pytest.param(
            envelope("fabwafer/faba/camera2/prediction", prediction(camera="camera2")),
            "imgid",
            id="another camera",
        ),
    ],
)
def test_a_taken_identity_is_never_overwritten(cloud, context, second, field):
    handler(batch(published()), context)
    (before,) = cloud.items("predictions")

    assert failed(handler(batch(second), context)) == []

    assert cloud.items("predictions") == [before]
    assert [kept["field"] for kept in cloud.quarantined()] == [field]


def test_what_is_quarantined_is_counted(cloud, context, capsys):
    handler(batch(envelope(TOPIC, b"{"), envelope(TOPIC, b"[")), context)

    assert len(cloud.quarantined()) == 2
    assert '"Quarantined":[2.0]' in capsys.readouterr().out


def test_a_model_that_nobody_released_is_judged_by_the_defaults(cloud, context):
    handler(batch(published(model="unknown@1")), context)

    assert imgids(cloud.drain("alerts")) == ["img3"]


@pytest.mark.usefixtures("cloud")
def test_what_cannot_be_quarantined_is_not_lost(telemetry):
    failing = replace(_router(), quarantine=FailingQuarantine("quarantine"))

    assert failed(route_batch(batch(envelope(TOPIC, b"{")), failing, telemetry)) == ["m0"]


def test_an_outage_delivers_late_and_is_welcome(cloud, context):
    handler(batch(published() | {"received_ms": RECEIVED_MS + YEAR_MS}), context)

    assert len(cloud.items("predictions")) == 1


def test_a_lot_with_characters_that_queues_refuse_travels_escaped(cloud, context):
    handler(batch(published(lot="lot\uffff")), context)

    (body,) = cloud.drain("alerts")
    assert body.isascii()
    assert json.loads(body)["prediction"]["lot"] == "lot\uffff"


@pytest.mark.usefixtures("cloud")
def test_one_log_line_tells_how_a_message_ended(context, caplog):
    handler(batch(published()), context)

    (line,) = caplog.records
    assert (line.fab, line.camera, line.imgid) == ("faba", "camera1", "img3")
    assert line.outcome == "stored"
