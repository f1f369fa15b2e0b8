import json

import pytest
from lambda_events import RECEIVED_MS, envelope, saved
from pydantic import ValidationError

from lambdas.record_heartbeat import handler

TOPIC = "fabwafer/faba/camera1/status"


def heartbeat(**changes):
    return {
        "fab": "faba",
        "camera": "camera1",
        "timestamp": RECEIVED_MS - 500,
        "version": "0.1.0",
        "uptime_s": 3600.5,
    } | changes


def metrics(capsys):
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if "_aws" in line]


def test_the_last_heartbeat_of_a_camera_is_kept(cloud, context):
    handler(saved("status"), context)

    (item,) = cloud.items("cameras")
    assert (item["fab"], item["camera"]) == ({"S": "faba"}, {"S": "camera1"})
    assert item["model"] == {"S": "wafer-map@1.0.0"}
    assert item["uptime_s"] == {"N": "3600.5"}
    assert item["degraded"] == {"L": [{"S": "disk"}]}
    assert item["clock_skew_ms"] == {"N": "500"}


@pytest.mark.usefixtures("cloud")
def test_a_camera_is_measured_under_its_own_name(context, capsys):
    handler(saved("status"), context)

    (line,) = metrics(capsys)
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "FabWafer"
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["fab", "camera"]]
    assert (line["fab"], line["camera"]) == ("faba", "camera1")
    assert (line["Heartbeat"], line["OutboxMessages"], line["ClockSkewMs"]) == (
        [1.0],
        [12.0],
        [500.0],
    )


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "overtaken"])
def test_the_heartbeat_that_arrived_last_wins(cloud, context, order):
    for number in order:
        handler(
            envelope(TOPIC, heartbeat(sequence=number), received_ms=RECEIVED_MS + number), context
        )

    (item,) = cloud.items("cameras")
    assert item["sequence"] == {"N": "1"}


def test_a_clock_put_back_does_not_hide_a_camera(cloud, context):
    ahead = heartbeat(timestamp=RECEIVED_MS + 20 * 3600 * 1000, sequence=1)
    right = heartbeat(timestamp=RECEIVED_MS, sequence=2)
    handler(envelope(TOPIC, ahead), context)

    handler(envelope(TOPIC, right, received_ms=RECEIVED_MS + 60_000), context)

    (item,) = cloud.items("cameras")
    assert item["sequence"] == {"N": "2"}


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        pytest.param(b"alive", "message", id="no JSON"),
        pytest.param(heartbeat(uptime_s=-1), "uptime_s", id="negative uptime"),
        pytest.param(heartbeat(camera="camera2"), "camera", id="another camera"),
        pytest.param(heartbeat(sequence=10**40), "sequence", id="a number no table holds"),
        pytest.param(
            heartbeat(timestamp=RECEIVED_MS + 365 * 24 * 3600 * 1000),
            "timestamp",
            id="clock a year ahead",
        ),
    ],
)
def test_a_broken_heartbeat_is_quarantined(cloud, context, capsys, payload, field):
    handler(envelope(TOPIC, payload), context)

    (kept,) = cloud.quarantined()
    assert kept["field"] == field
    assert cloud.keys("quarantine")[0].startswith("status/2019-04-01/")
    assert cloud.items("cameras") == []
    assert [line["Quarantined"] for line in metrics(capsys)] == [[1.0]]


@pytest.mark.usefixtures("cloud")
def test_what_is_no_envelope_raises_and_is_retried(context):
    with pytest.raises(ValidationError):
        handler(heartbeat(), context)
