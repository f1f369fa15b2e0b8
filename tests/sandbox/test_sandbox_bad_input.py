import base64
import hashlib
import json
import struct
import time
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from fabwafer.messages import ImageMessage, Prediction
from sandbox.mqtt import MqttClient

if TYPE_CHECKING:
    from conftest import Fab

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]

YEAR_MS = 365 * 24 * 3600 * 1000
NOW_MS = time.time_ns() // 1_000_000


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))


def png(width: int, height: int) -> bytes:
    """A grey picture, all black."""
    header = struct.pack("!IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width + 1) * height), 9)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


GOOD_PICTURE = png(26, 26)


def prediction(**changes: Any) -> bytes:
    body = {"timestamp": NOW_MS, "prediction": "Loc", "probability": 0.97} | changes
    return json.dumps(body).encode()


def image(**changes: Any) -> bytes:
    body = {"timestamp": NOW_MS, "bytes": base64.b64encode(GOOD_PICTURE).decode()} | changes
    return json.dumps(body).encode()


def picture(data: bytes) -> bytes:
    return image(bytes=base64.b64encode(data).decode())


# name: (kind, last level of the topic, payload, field that the quarantine must name, part of the value it must show)
BAD = {
    "not_json": ("prediction", "a1", b"{not json", "message", "not json"),
    "not_text": ("prediction", "a2", b"\xff\xfe\x00", "message", "xff"),
    "wrong_type": ("prediction", "a3", prediction(probability="high"), "probability", "high"),
    "nan": ("prediction", "a4", prediction(probability=float("nan")), "probability", "nan"),
    "above_one": ("prediction", "a5", prediction(probability=1.5), "probability", "1.5"),
    "below_zero": ("prediction", "a6", prediction(probability=-0.1), "probability", "-0.1"),
    "unknown_label": ("prediction", "a7", prediction(prediction="Blob"), "prediction", "Blob"),
    "another_fab": ("prediction", "a8", prediction(fab="fabz"), "fab", "fabz"),
    "another_camera": ("prediction", "a9", prediction(camera="beside"), "camera", "beside"),
    "another_imgid": ("prediction", "b1", prediction(imgid="other"), "imgid", "other"),
    "path_in_topic": ("prediction", "../../etc/passwd", prediction(), "topic", "passwd"),
    "path_as_imgid": ("prediction", "..", prediction(), "imgid", ".."),
    "path_in_body": ("prediction", "b2", prediction(imgid="../../x"), "imgid", "../../x"),
    "200_kb": ("prediction", "b3", b" " * 200_000, "message", "200000 bytes"),
    "a_year_ahead": ("prediction", "b4", prediction(timestamp=NOW_MS + YEAR_MS), "timestamp", ""),
    "no_image": ("img", "c1", picture(b"GIF89a, or rather not"), "bytes", "GIF"),
    "truncated": ("img", "c2", picture(GOOD_PICTURE[:-20]), "bytes", ""),
    "bomb": ("img", "c3", picture(png(20_000, 20_000)[:90_000]), "bytes", "20000"),
    "not_base64": ("img", "c4", image(bytes="!!! not base64 !!!"), "bytes", "not base64"),
    "wrong_hash": ("img", "c5", image(sha256="0" * 64), "sha256", "000"),
    "200_kb_image": ("img", "c6", image(bytes="A" * 200_000), "message", "bytes"),
    "image_a_year_ahead": ("img", "c7", image(timestamp=NOW_MS + YEAR_MS), "timestamp", ""),
}


@pytest.fixture(scope="module")
def quarantined(request: pytest.FixtureRequest) -> dict[str, dict[str, Any]]:
    """Everything bad published once, between two halves of something good, and what the quarantine says of it."""
    sandbox, devices = request.getfixturevalue("sandbox"), request.getfixturevalue("devices")
    until: Callable[..., None] = request.getfixturevalue("until")
    broken, beside, port = devices["broken"], devices["beside"], sandbox.emulator.mqtt_port
    identity = {"fab": "faba", "camera": "beside", "imgid": "good", "timestamp": NOW_MS}
    with (
        MqttClient(port, broken.credentials, broken.thing) as bad,
        MqttClient(port, beside.credentials, beside.thing) as good,
    ):
        wafer = Prediction(**identity, prediction="Loc", probability=0.97)
        good.publish(str(wafer.topic), wafer.to_bytes())
        for kind, last, payload, _, _ in BAD.values():
            assert bad.publish(f"fabwafer/faba/broken/{kind}/{last}", payload) == 0
        shot = ImageMessage.inline(GOOD_PICTURE, **identity)
        good.publish(str(shot.topic), shot.to_bytes())

    def objects() -> dict[str, dict[str, Any]]:
        return {each["topic"]: each for each in sandbox.objects("QuarantineBucket")}

    until("all are quarantined", lambda: len(objects()) >= len(BAD), patience_s=90)
    return objects()


@pytest.mark.parametrize("name", BAD)
def test_a_broken_message_is_put_aside_with_its_field_and_value(
    quarantined: dict[str, dict[str, Any]], name: str
) -> None:
    kind, last, payload, field, value = BAD[name]
    found = quarantined[f"fabwafer/faba/broken/{kind}/{last}"]
    assert (found["field"], found["expected"] != "") == (field, True)
    assert value in found["value"]
    assert base64.b64decode(found["payload"]) == payload


def test_nothing_of_the_broken_messages_is_stored(
    quarantined: dict[str, dict[str, Any]], fab: "Fab"
) -> None:
    found = fab.found(fab.camera("broken"))
    assert len(found.quarantined) == len(BAD)
    assert (found.stored, found.archived, found.alerts, found.reviews) == ([], {}, [], [])
    assert fab.dead_letters() == {}
    assert quarantined


def test_a_good_message_beside_them_is_undisturbed(
    quarantined: dict[str, dict[str, Any]], fab: "Fab", until: Callable[..., None]
) -> None:
    beside = fab.camera("beside")
    until("the good wafer is alerted", lambda: fab.found(beside).alerted() == [("good", NOW_MS)])
    found = fab.found(beside)
    assert [(item["imgid"], item["prediction"]) for item in found.stored] == [("good", "Loc")]
    digest = hashlib.sha256(GOOD_PICTURE).hexdigest()
    assert [picture.sha256 for picture in found.archived.values()] == [digest]
    assert found.quarantined == []
    assert quarantined
