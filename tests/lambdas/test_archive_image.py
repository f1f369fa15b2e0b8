import base64
import hashlib
import json

import pytest
from botocore.exceptions import EndpointConnectionError
from lambda_events import RECEIVED_MS, envelope, saved
from lambda_pictures import broken_pictures, png
from pydantic import ValidationError

from lambdas.archive_image import archive, handler
from lambdas.envelope import Envelope
from lambdas.pictures import MAX_PICTURE_BYTES
from lambdas.stores import clients
from lambdas.stores.buckets import ImageBucket, QuarantineBucket

TOPIC = "fabwafer/faba/camera1/img"
KEY = "faba/camera1/2019/04/01/img3-1554134552946.png"
IDENTITY = {"imgid": "img3", "timestamp": 1_554_134_552_946, "fab": "faba", "camera": "camera1"}


def sha256(picture):
    return hashlib.sha256(picture).hexdigest()


def inline(picture, **changes):
    return IDENTITY | {"bytes": base64.b64encode(picture).decode()} | changes


def uploaded(picture, **changes):
    clients.s3().put_object(Bucket="images", Key=KEY, Body=picture)
    return IDENTITY | {"s3": f"s3://images/{KEY}", "sha256": sha256(picture)} | changes


@pytest.mark.usefixtures("cloud")
def test_a_picture_is_kept_where_its_prediction_says(context):
    handler(saved("img"), context)

    kept = clients.s3().get_object(Bucket="images", Key=KEY, ChecksumMode="ENABLED")
    message = json.loads(base64.b64decode(saved("img")["payload"]))
    assert kept["Body"].read() == base64.b64decode(message["bytes"])
    assert kept["ContentType"] == "image/png"
    assert kept["Metadata"] == {"sha256": message["sha256"], "lot": "lot47", "wafer": "3"}


@pytest.mark.usefixtures("cloud")
def test_a_lot_that_is_no_ascii_is_kept_too(context):
    handler(envelope(TOPIC, inline(png(), lot="Lös 1")), context)

    assert clients.s3().head_object(Bucket="images", Key=KEY)["Metadata"]["lot"] == "L%C3%B6s%201"


def test_a_repeat_changes_nothing(cloud, context, capsys):
    handler(envelope(TOPIC, inline(png())), context)

    handler(envelope(TOPIC, inline(png())), context)

    assert cloud.keys("images") == [KEY]
    assert cloud.quarantined() == []
    assert '"Duplicates":[1.0]' in capsys.readouterr().out


def test_another_picture_of_the_same_wafer_is_never_overwritten(cloud, context):
    handler(envelope(TOPIC, inline(png(0))), context)

    handler(envelope(TOPIC, inline(png(9))), context)

    assert clients.s3().get_object(Bucket="images", Key=KEY)["Body"].read() == png(0)
    assert [kept["field"] for kept in cloud.quarantined()] == ["bytes"]


def test_an_uploaded_picture_is_checked_where_it_lies(cloud, context, capsys):
    handler(envelope(TOPIC, uploaded(png())), context)

    assert cloud.quarantined() == []
    assert '"Archived":[1.0]' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"s3": f"s3://elsewhere/{KEY}"}, "s3", id="another bucket"),
        pytest.param({"s3": "s3://images/faba/camera2/x.png"}, "s3", id="another camera's key"),
        pytest.param({"imgid": "img4"}, "s3", id="another wafer's key"),
        pytest.param({"sha256": "0" * 64}, "sha256", id="another content"),
        pytest.param({"sha256": None}, "message", id="no checksum"),
    ],
)
def test_an_upload_that_is_not_what_the_message_says_is_quarantined(cloud, context, changes, field):
    handler(envelope(TOPIC, uploaded(png()) | changes), context)

    assert [kept["field"] for kept in cloud.quarantined()] == [field]


def test_an_upload_that_is_not_there_is_quarantined(cloud, context):
    body = uploaded(png())
    clients.s3().delete_object(Bucket="images", Key=KEY)

    handler(envelope(TOPIC, body), context)

    assert [kept["expected"] for kept in cloud.quarantined()] == ["an object that exists"]


def test_an_upload_beyond_the_limit_is_quarantined_unread(cloud, context):
    handler(envelope(TOPIC, uploaded(bytes(MAX_PICTURE_BYTES + 1))), context)

    assert [kept["field"] for kept in cloud.quarantined()] == ["s3"]


@pytest.mark.parametrize("picture", broken_pictures())
@pytest.mark.parametrize("way", [inline, uploaded])
def test_what_is_no_picture_is_quarantined(cloud, context, capsys, way, picture):
    handler(envelope(TOPIC, way(picture)), context)

    assert [kept["field"] for kept in cloud.quarantined()] == ["bytes"]
    assert '"Quarantined":[1.0]' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        pytest.param(b"{", "message", id="bad JSON"),
        pytest.param(inline(b"") | {"bytes": "%%%%"}, "bytes", id="base64 rubbish"),
        pytest.param(inline(png(), sha256="0" * 64), "sha256", id="another checksum"),
        pytest.param(IDENTITY, "message", id="no picture at all"),
        pytest.param(inline(png(), camera="camera2"), "camera", id="another camera"),
        pytest.param(inline(png(), imgid="../x"), "imgid", id="path-like id"),
        pytest.param(inline(b"x" * 200_000), "message", id="200 kB"),
        pytest.param(
            inline(png(), timestamp=RECEIVED_MS + 365 * 24 * 3600 * 1000),
            "timestamp",
            id="clock a year ahead",
        ),
    ],
)
def test_bad_input_is_quarantined(cloud, context, payload, field):
    handler(envelope(TOPIC, payload), context)

    assert [kept["field"] for kept in cloud.quarantined()] == [field]
    assert cloud.keys("images") == []


@pytest.mark.usefixtures("cloud")
def test_what_is_no_envelope_raises_and_is_retried(context):
    with pytest.raises(ValidationError):
        handler({"imgid": "img3"}, context)


@pytest.mark.usefixtures("cloud")
def test_a_bucket_that_fails_raises_and_is_retried(telemetry):
    class FailingBucket(ImageBucket):
        def put_new(self, *_args):
            raise EndpointConnectionError(endpoint_url=self.name)

    with pytest.raises(EndpointConnectionError):
        archive(
            Envelope.model_validate(envelope(TOPIC, inline(png()))),
            FailingBucket("images"),
            QuarantineBucket("quarantine"),
            telemetry,
        )


@pytest.mark.usefixtures("cloud")
def test_a_bucket_that_is_missing_is_no_repeat(telemetry):
    with pytest.raises(clients.s3().exceptions.NoSuchBucket):
        archive(
            Envelope.model_validate(envelope(TOPIC, inline(png()))),
            ImageBucket("missing"),
            QuarantineBucket("quarantine"),
            telemetry,
        )
