import base64
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabwafer.device_message import MAX_AHEAD_MS, MAX_MESSAGE_BYTES
from fabwafer.errors import ContractError
from fabwafer.messages import MAX_PREDICTION_BYTES, Heartbeat, ImageMessage, Prediction, image_key
from fabwafer.topics import Topic

PREDICTION_TOPIC = Topic.parse("fabwafer/faba/camera1/prediction/img1")
SHORT_TOPIC = Topic.parse("fabwafer/faba/camera1/prediction")
IMAGE_TOPIC = Topic.parse("fabwafer/faba/camera1/img/img1")
STATUS_TOPIC = Topic.parse("fabwafer/faba/camera1/status")
SOUND = {"imgid": "img1", "timestamp": 1554134552944, "prediction": "none", "probability": 0.9}

names = st.from_regex(r"[A-Za-z0-9_.-]{1,64}", fullmatch=True).filter(lambda name: name.strip("."))
fractions = st.floats(0, 1)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
predictions = st.builds(
    Prediction,
    fab=names,
    camera=names,
    imgid=names,
    timestamp=st.integers(100_000_000_000, 253_402_300_799_999),
    prediction=st.text(min_size=1, max_size=64),
    probability=fractions,
    lot=st.none() | st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=64),
    wafer=st.none() | st.integers(0, 9999),
    model=st.none() | st.just("wafer-map@1.0.0"),
    scores=st.none() | st.dictionaries(st.sampled_from(["none", "Loc", "Donut"]), fractions),
    sequence=st.none() | st.integers(0, 2**53),
    novelty=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    refused=st.none() | st.just("grey levels"),
    heat=st.none() | st.lists(st.lists(fractions, max_size=4), max_size=4),
    site=st.none() | st.text(max_size=20),
)


def body(**changes):
    return json.dumps(SOUND | changes).encode()


@given(predictions)
def test_a_prediction_reads_back_as_it_was_written(prediction):
    assert Prediction.parse(prediction.to_bytes(), prediction.topic) == prediction


@given(predictions)
def test_a_repeat_has_the_same_digest(prediction):
    again = Prediction.parse(prediction.to_bytes(), prediction.topic)
    assert again.digest() == prediction.digest()


@given(st.binary(max_size=300))
def test_any_payload_is_a_message_or_a_contract_error(payload):
    with pytest.raises(ContractError):
        Prediction.parse(payload, PREDICTION_TOPIC)


@given(st.dictionaries(st.sampled_from([*SOUND, "fab", "lot", "scores", "x"]), json_values))
def test_any_json_body_is_a_message_or_a_contract_error(changes):
    payload = json.dumps(SOUND | changes).encode()
    try:
        assert Prediction.parse(payload, PREDICTION_TOPIC).fab == "faba"
    except ContractError as error:
        assert error.field


def test_identity_that_the_body_leaves_out_is_the_topics():
    prediction = Prediction.parse(body(), PREDICTION_TOPIC)
    assert (prediction.fab, prediction.camera, prediction.topic) == (
        "faba",
        "camera1",
        PREDICTION_TOPIC,
    )


def test_the_short_topic_takes_the_image_id_from_the_body():
    assert Prediction.parse(body(imgid="img7"), SHORT_TOPIC).imgid == "img7"


def test_unknown_fields_are_kept():
    prediction = Prediction.parse(body(tool="CMP-4", nested={"a": [1]}), PREDICTION_TOPIC)
    assert json.loads(prediction.to_bytes())["nested"] == {"a": [1]}


@pytest.mark.parametrize("timestamp", [1554134552, 1554134552.0, 1554134552000])
def test_seconds_and_milliseconds_are_the_same_moment(timestamp):
    assert Prediction.parse(body(timestamp=timestamp), PREDICTION_TOPIC).timestamp == 1554134552000


@given(st.integers(0, 2**50))
def test_a_timestamp_that_was_read_is_read_alike_again(timestamp):
    try:
        first = Prediction.parse(body(timestamp=timestamp), PREDICTION_TOPIC)
    except ContractError:
        return
    assert Prediction.parse(first.to_bytes(), PREDICTION_TOPIC) == first


@pytest.mark.parametrize("probability", [0, 1, 0.5])
def test_whole_numbers_are_probabilities_too(probability):
    assert (
        Prediction.parse(body(probability=probability), PREDICTION_TOPIC).probability == probability
    )


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        pytest.param(b"", "message", id="nothing"),
        pytest.param(b"{", "message", id="half a message"),
        pytest.param(b"\xff\xfe\x00", "message", id="no text"),
        pytest.param(b"[1, 2]", "message", id="a list"),
        pytest.param(b"{}", "timestamp", id="an empty object"),
        pytest.param(body(probability="0.9"), "probability", id="probability as text"),
        pytest.param(body(probability=True), "probability", id="probability as a truth value"),
        pytest.param(body(probability=1.01), "probability", id="probability above one"),
        pytest.param(body(probability=-0.01), "probability", id="probability below zero"),
        pytest.param(body(probability=float("nan")), "probability", id="NaN"),
        pytest.param(body(probability=None), "probability", id="null"),
        pytest.param(body(timestamp="2019-04-01"), "timestamp", id="timestamp as text"),
        pytest.param(body(timestamp=float("inf")), "timestamp", id="timestamp without end"),
        pytest.param(body(timestamp=-1), "timestamp", id="timestamp before the epoch"),
        pytest.param(body(timestamp=600_000), "timestamp", id="a clock that was never set"),
        pytest.param(body(model="wafer-map@1\n"), "model", id="line end in the model"),
        pytest.param(body(sha256="0" * 64 + "\n"), "sha256", id="line end in the hash"),
        pytest.param(body(imgid="../../etc/passwd"), "imgid", id="path as image id"),
        pytest.param(body(imgid=5), "imgid", id="number as image id"),
        pytest.param(body(fab="fabb"), "fab", id="another fab than the topic's"),
        pytest.param(body(camera="camera2"), "camera", id="another camera than the topic's"),
        pytest.param(body(imgid="img2"), "imgid", id="another image than the topic's"),
        pytest.param(body(prediction=""), "prediction", id="empty label"),
        pytest.param(body(scores={"none": 2}), "scores.none", id="score above one"),
        pytest.param(body(heat=[[float("nan")]]), "heat.0.0", id="NaN in the heat map"),
        pytest.param(body(sha256="abc"), "sha256", id="short hash"),
        pytest.param(body(model="wafer-map"), "model", id="model without a version"),
        pytest.param(body(sequence=-1), "sequence", id="negative sequence"),
        pytest.param(body(lot="L1\n"), "lot", id="line end in the lot"),
        pytest.param(body(padding="x" * MAX_PREDICTION_BYTES), "message", id="over five kilobytes"),
    ],
)
def test_a_bad_prediction_is_refused_by_field_and_value(payload, field):
    with pytest.raises(ContractError) as caught:
        Prediction.parse(payload, PREDICTION_TOPIC if field == "imgid" else SHORT_TOPIC)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: expected ")


def test_the_error_shows_the_value_that_came():
    with pytest.raises(ContractError, match=r"probability: expected .*1, got 1\.7"):
        Prediction.parse(body(probability=1.7), PREDICTION_TOPIC)


def test_the_error_speaks_in_words_not_in_patterns():
    with pytest.raises(
        ContractError, match="^imgid: expected 1 to 128 of A-Z a-z 0-9 _ . -, got '../a'$"
    ):
        Prediction.parse(body(imgid="../a"), SHORT_TOPIC)


def test_a_long_value_is_cut_in_the_error():
    with pytest.raises(ContractError) as caught:
        Prediction.parse(body(prediction="x" * 3000), PREDICTION_TOPIC)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("late_ms", [-365 * 24 * 3600 * 1000, 0, MAX_AHEAD_MS])
def test_a_wafer_may_come_late(late_ms):
    received_ms = SOUND["timestamp"] - late_ms
    assert Prediction.parse(body(), PREDICTION_TOPIC, received_ms)


def test_a_clock_that_runs_a_year_ahead_is_refused():
    with pytest.raises(ContractError, match="timestamp: expected at most a day after"):
        Prediction.parse(body(), PREDICTION_TOPIC, SOUND["timestamp"] - 365 * 24 * 3600 * 1000)


def test_a_message_on_a_topic_of_another_kind_is_refused():
    with pytest.raises(ContractError, match="topic: expected a topic of kind prediction"):
        Prediction.parse(body(), IMAGE_TOPIC)


IDENTITY = {"fab": "faba", "camera": "camera1", "imgid": "img1", "timestamp": 1554134552944}


@given(st.binary(min_size=1, max_size=2000))
def test_an_inline_picture_arrives_as_it_was(picture):
    message = ImageMessage.parse(ImageMessage.inline(picture, **IDENTITY).to_bytes(), IMAGE_TOPIC)
    assert message.image() == picture


def test_a_large_picture_is_named_by_its_object():
    message = ImageMessage(s3="s3://images/faba/camera1/img1.png", sha256="0" * 64, **IDENTITY)
    assert ImageMessage.parse(message.to_bytes(), IMAGE_TOPIC).s3_object() == (
        "images",
        "faba/camera1/img1.png",
    )


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        pytest.param({}, "message", id="no picture"),
        pytest.param({"bytes": "YQ==", "s3": "s3://images/a"}, "message", id="two pictures"),
        pytest.param({"s3": "s3://images/a"}, "message", id="object without hash"),
        pytest.param({"s3": "/images/a", "sha256": "0" * 64}, "s3", id="no S3 address"),
        pytest.param({"bytes": 5}, "bytes", id="number as picture"),
        pytest.param({"bytes": "x" * MAX_MESSAGE_BYTES}, "message", id="over the broker's limit"),
    ],
)
def test_a_bad_image_message_is_refused(fields, field):
    payload = json.dumps({"imgid": "img1", "timestamp": 1554134552944, **fields}).encode()
    with pytest.raises(ContractError) as caught:
        ImageMessage.parse(payload, IMAGE_TOPIC)
    assert caught.value.field == field


@pytest.mark.parametrize("data", ["%%%", "YQ", "YQ==YQ==", "ä"])
def test_base64_rubbish_is_refused(data):
    message = ImageMessage(bytes=data, **IDENTITY)
    with pytest.raises(ContractError, match="bytes: expected base64"):
        message.image()


def test_a_picture_with_another_hash_is_refused():
    message = ImageMessage(bytes=base64.b64encode(b"a").decode(), sha256="0" * 64, **IDENTITY)
    with pytest.raises(ContractError, match=f"sha256: expected {hashlib.sha256(b'a').hexdigest()}"):
        message.image()


def test_an_inline_picture_has_no_object():
    with pytest.raises(ContractError, match="s3: expected"):
        ImageMessage.inline(b"a", **IDENTITY).s3_object()


def test_a_heartbeat_reads_back_as_it_was_written():
    beat = Heartbeat(
        fab="faba",
        camera="camera1",
        timestamp=1554134552944,
        version="1.0.0",
        uptime_s=3.5,
        degraded=["camera"],
    )
    assert Heartbeat.parse(beat.to_bytes(), STATUS_TOPIC) == beat
    assert beat.topic == STATUS_TOPIC


def test_a_pictures_key_follows_from_its_prediction():
    assert (
        image_key("faba", "camera1", 1554134552944, "img1")
        == "faba/camera1/2019/04/01/img1-1554134552944.png"
    )
