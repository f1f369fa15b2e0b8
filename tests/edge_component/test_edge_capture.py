import io
import json
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from edge_parts import write_bundle

from edge_component.camera import WaferImage
from edge_component.capture import Capture
from edge_component.classifier import Classification, Classifier
from edge_component.decider import Decider
from edge_component.entries import Outgoing
from edge_component.health import Health
from edge_component.logs import JsonFormatter
from edge_component.model_store import LoadedModel
from edge_component.outbox import Outbox
from edge_component.outgoing import Addressing, Decision, compose
from edge_component.patterns import generate
from edge_component.picture_state import picture_state
from edge_component.pictures import decode, encode, encode_dies
from fabwafer.errors import ContractError
from fabwafer.labels import WM811K
from fabwafer.messages import ImageMessage, Prediction, Shadow, image_key
from fabwafer.topics import Kind, Topic

Open = Callable[..., Outbox]
ADDRESS = Addressing("faba", "camera1", inline_limit_bytes=5000, max_payload_bytes=7000)
FOUND = Classification("Loc", 0.9, {"none": 0.1, "Loc": 0.9}, [[0.5] * 4] * 4, None, accepted=True)
NOISE = encode(np.random.default_rng(1).integers(0, 255, (90, 90), dtype=np.uint8))


def image(number: int, picture: bytes | None = None) -> WaferImage:
    png = encode_dies(generate(1, number)[0]) if picture is None else picture
    return WaferImage(
        f"c-e-{number:08d}", number, 1_700_000_000_000 + number, png, f"m{number}", "L1", 7, "Loc"
    )


class FakeCamera:
    """Hands out pictures until they are done or rejected."""

    exhausted = False
    wait_s = 0.5

    def __init__(self, pictures: list[bytes | None]) -> None:
        self.left = list(enumerate(pictures, 1))
        self.released: list[str] = []
        self.rejected: list[str] = []
        self.error: OSError | None = None

    def take(self, first: int, limit: int) -> list[WaferImage]:
        if self.error:
            raise self.error
        return [
            replace(
                image(number, picture), sequence=first + place, imgid=f"c-e-{first + place:08d}"
            )
            for place, (number, picture) in enumerate(self.left[:limit])
        ]

    def done(self, images: Sequence[WaferImage]) -> list[str]:
        self.released += [each.mark for each in images]
        self.left = [each for each in self.left if f"m{each[0]}" not in self.released]
        return [images[0].mark]

    def reject(self, bad: WaferImage, error: ContractError) -> bool:
        self.rejected.append(str(error))
        self.left = [each for each in self.left if f"m{each[0]}" != bad.mark]
        return True

    def close(self) -> None:
        pass


@pytest.fixture
def classifier(bundle: Path) -> Classifier:
    return Classifier.load(bundle)


def capture_of(
    camera: FakeCamera,
    outbox: Outbox,
    health: Health,
    model: Classifier | None,
    address: Addressing = ADDRESS,
) -> Capture:
    loaded = LoadedModel(model) if model else None
    return Capture(camera, Decider(lambda: loaded, address), outbox, health)


def run(capture: Capture) -> None:
    while capture.step(Event()) == 0:
        pass


def test_wafers_are_decided_committed_and_let_go(
    open_outbox: Open, health: Health, classifier: Classifier
) -> None:
    outbox, camera = open_outbox(), FakeCamera([None] * 40)
    run(capture_of(camera, outbox, health, classifier))
    stored = outbox.ready(100)
    assert [each.message.kind for each in stored[:4]] == ["prediction", "img", "prediction", "img"]
    assert (len(stored), outbox.sequence, len(camera.released)) == (80, 40, 40)


def test_the_camera_keeps_a_wafer_until_its_commit(
    open_outbox: Open, health: Health, classifier: Classifier
) -> None:
    outbox, camera = open_outbox(), FakeCamera([None])
    commits = iter([sqlite3.OperationalError("database or disk is full")])

    class Full:
        def commit(self, *arguments: object) -> int:
            for error in commits:
                raise error
            return outbox.commit(*arguments)  # type: ignore[arg-type]

        def __getattr__(self, name: str) -> object:
            return getattr(outbox, name)

    capture = capture_of(camera, Full(), health, classifier)  # type: ignore[arg-type]
    with pytest.raises(sqlite3.OperationalError):
        capture.step(Event())
    assert camera.released == []
    assert capture.step(Event()) == 0
    assert camera.released == ["m1"]
    assert outbox.backlog().messages == 2


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    logger, stream = logging.getLogger("edge_component"), io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_the_log_says_which_pictures_were_refused_and_why(
    open_outbox: Open, health: Health, tmp_path: Path, logged: io.StringIO
) -> None:
    refusing = Classifier.load(write_bundle(tmp_path / "b", refusal={"colour": -1.0}))
    outbox, camera = open_outbox(), FakeCamera([None])
    run(capture_of(camera, outbox, health, refusing))
    (line,) = map(json.loads, logged.getvalue().splitlines())
    assert (line["outcome"], line["reason"]) == ("refused", "colour")
    assert [each.message.kind for each in outbox.ready(9)] == ["prediction", "img"]


def test_a_bad_picture_takes_no_number_and_disturbs_nobody(
    open_outbox: Open, health: Health, classifier: Classifier
) -> None:
    outbox, camera = (
        open_outbox(),
        FakeCamera([None, b"rubbish", None, b"\x89PNG\r\n\x1a\ncut", None]),
    )
    run(capture_of(camera, outbox, health, classifier))
    predictions = [
        json.loads(each.message.payload)
        for each in outbox.ready(9)
        if each.message.kind == "prediction"
    ]
    assert [each["sequence"] for each in predictions] == [1, 2, 3]
    assert camera.released == ["m1", "m3", "m5"]
    assert len(camera.rejected) == outbox.backlog().quarantined == 2


def test_without_a_model_nothing_is_taken(open_outbox: Open, health: Health) -> None:
    camera = FakeCamera([None])
    capture = capture_of(camera, open_outbox(), health, None)
    assert capture.step(Event()) == 1
    with pytest.raises(LookupError):
        Decider(lambda: None, ADDRESS).decide(image(1))


def test_a_camera_that_fails_is_reported_and_tried_again(
    open_outbox: Open, health: Health, classifier: Classifier
) -> None:
    camera = FakeCamera([None])
    capture = capture_of(camera, open_outbox(), health, classifier)
    camera.error = OSError("unplugged")
    assert capture.step(Event()) == 0.5
    assert health.reasons == {"camera": "unplugged"}
    camera.error = None
    run(capture)
    assert (health.reasons, camera.released) == ({}, ["m1"])


def test_drops_are_reported(open_outbox: Open, health: Health, classifier: Classifier) -> None:
    outbox = open_outbox(limit_bytes=3000)
    run(capture_of(FakeCamera([None] * 8), outbox, health, classifier))
    assert "dropped" in health.reasons["outbox"]
    assert outbox.backlog().dropped > 0


def test_an_image_that_nothing_can_carry_is_reported_and_its_prediction_goes_out(
    open_outbox: Open,
    health: Health,
    classifier: Classifier,
    caplog: pytest.LogCaptureFixture,
) -> None:
    outbox = open_outbox()
    run(capture_of(FakeCamera([NOISE]), outbox, health, classifier))
    assert [each.message.kind for each in outbox.ready(9)] == ["prediction"]
    assert "7000 bytes, and no images_bucket" in health.reasons["image"]
    dropped = [each.fields for each in caplog.records if each.message == "picture dropped"]
    assert [(each["imgid"], each["bytes"]) for each in dropped] == [("c-e-00000001", len(NOISE))]
    assert outbox.backlog().dropped == 1


def test_a_picture_too_many_was_reported_for_ever(
    open_outbox: Open, health: Health, classifier: Classifier
) -> None:
    camera = FakeCamera([NOISE])
    capture = capture_of(camera, open_outbox(), health, classifier)
    run(capture)
    camera.left.append((2, None))
    run(capture)
    assert health.reasons == {}


def test_a_value_that_may_not_be_published_blocked_the_camera(
    open_outbox: Open, health: Health, classifier: Classifier
) -> None:
    class OddLot(FakeCamera):
        def take(self, first: int, limit: int) -> list[WaferImage]:
            images = super().take(first, limit)
            return [replace(each, lot="L\x01") if each.mark == "m1" else each for each in images]

    camera, outbox = OddLot([None, None]), open_outbox()
    run(capture_of(camera, outbox, health, classifier))
    assert [each.partition(":")[0] for each in camera.rejected] == ["lot"]
    assert camera.released == ["m2"]


WHOLE = Decision(
    found=replace(
        FOUND,
        scores=dict.fromkeys(WM811K.names, 0.1111),
        heat=[[0.97] * 13] * 13,
        novelty=1.2345,
        embedding="A" * 344,
    ),
    model="wafer-map@1.1.0",
    edge_ms=12.34,
    serial=2,
    picture=picture_state(decode(NOISE)),
    shadow=Shadow(
        model="wafer-map@1.2.0",
        prediction="Edge-Ring",
        probability=0.9876,
        novelty=1.2345,
        edge_ms=9.87,
    ),
)
"""All that a prediction can say: nine scores, a heat map, 256 features, a shadow, a picture's state."""


class TestMessages:
    def composed(
        self, address: Addressing = ADDRESS, picture: bytes | None = None, **found: object
    ) -> list[Outgoing]:
        entry = compose(
            image(3, picture), Decision(replace(FOUND, **found), "tiny@1", 1.234), address
        )  # type: ignore[arg-type]
        return list(entry.messages)

    def test_both_pass_the_contracts_door(self) -> None:
        prediction, picture = self.composed()
        told = Prediction.parse(prediction.payload, Topic.parse(prediction.topic))
        sent = ImageMessage.parse(picture.payload, Topic.parse(picture.topic))
        assert (told.sequence, told.lot, told.wafer, told.edge_ms) == (3, "L1", 7, 1.23)
        assert told.sha256 == sent.sha256
        assert sent.image() == image(3).picture
        assert (told.imgid, told.timestamp) == (sent.imgid, sent.timestamp)

    def test_what_matters_least_is_left_out_before_a_prediction_gets_too_long(self) -> None:
        whole = len(compose(image(3), WHOLE, ADDRESS).messages[0].payload)
        seen = []
        while len(seen) < 4:
            address = replace(ADDRESS, max_payload_bytes=whole - 1)
            payload = compose(image(3), WHOLE, address).messages[0].payload
            assert len(payload) < whole
            whole = len(payload)
            seen.append({"picture", "heat", "embedding", "shadow"} - set(json.loads(payload)))
        assert seen == [
            {"picture"},
            {"picture", "heat"},
            {"picture", "heat", "embedding"},
            {"picture", "heat", "embedding", "shadow"},
        ]

    def test_a_whole_prediction_fits_with_room_to_spare(self) -> None:
        (prediction, *_) = compose(image(3), WHOLE, ADDRESS).messages
        told = Prediction.parse(prediction.payload, Topic.parse(prediction.topic))
        assert (told.shadow, told.picture, told.serial) == (WHOLE.shadow, WHOLE.picture, 2)
        assert len(prediction.payload) < 3_000

    def test_a_larger_picture_goes_to_s3_under_the_agreed_key(self) -> None:
        address = replace(ADDRESS, images_bucket="images")
        _, picture = self.composed(address, NOISE)
        message = ImageMessage.parse(picture.payload, Topic.parse(picture.topic))
        key = image_key("faba", "camera1", image(3).timestamp, image(3).imgid)
        assert (message.s3_object(), picture.upload) == (("images", key), NOISE)

    def test_without_a_bucket_the_publishers_limit_counts(self) -> None:
        roomy = replace(ADDRESS, max_payload_bytes=100_000)
        assert [each.kind for each in self.composed(roomy, NOISE)] == [Kind.PREDICTION, Kind.IMAGE]

    def test_basic_ingest_changes_the_topic_only(self) -> None:
        ingest = replace(ADDRESS, rules={"prediction": "Predictions"})
        prediction, picture = self.composed(ingest)
        assert (
            prediction.topic
            == "$aws/rules/Predictions/fabwafer/faba/camera1/prediction/c-e-00000003"
        )
        assert picture.topic == "fabwafer/faba/camera1/img/c-e-00000003"

    def test_prediction_and_journal_say_what_is_refused(self) -> None:
        refused = replace(FOUND, refused="shape", accepted=False)
        entry = compose(image(3), Decision(refused, "tiny@1", 1.0), replace(ADDRESS, journal=True))
        prediction = json.loads(entry.messages[0].payload)
        line = json.loads(entry.journal or "")
        assert prediction["refused"] == line["refused"] == "shape"
        assert "refused" not in json.loads(self.composed()[0].payload)

    def test_the_journal_knows_the_truth(self) -> None:
        entry = compose(image(3), Decision(FOUND, "tiny@1", 1.0), replace(ADDRESS, journal=True))
        line = json.loads(entry.journal or "")
        assert (line["truth"], line["prediction"], line["captured_at"]) == (
            "Loc",
            "Loc",
            image(3).timestamp,
        )
