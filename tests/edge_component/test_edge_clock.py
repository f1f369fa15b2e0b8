"""A Pi has no battery: its date begins anywhere, jumps when the network comes, and may be years off."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from edge_parts import Clock
from test_edge_publisher import FakePublisher

from edge_component.capture import Capture
from edge_component.classifier import Classifier
from edge_component.config import FolderSource, SimulatorSource, parse_settings
from edge_component.dates import FIRST_TIME_MS, LAST_TIME_MS
from edge_component.decider import Decider
from edge_component.folder import FolderCamera
from edge_component.health import Health
from edge_component.heart import Heart
from edge_component.model_store import LoadedModel
from edge_component.outbox import Outbox
from edge_component.outgoing import Addressing
from edge_component.patterns import generate_label
from edge_component.pictures import encode_dies
from edge_component.simulator import Simulator
from fabwafer.messages import Heartbeat, Prediction
from fabwafer.topics import Kind, Topic

Open = Callable[..., Outbox]
SECOND_NS = 1_000_000_000
DATES_NS = {
    "before 1970": -9 * SECOND_NS,
    "1970": 42 * SECOND_NS,
    "1980": 315_532_800 * SECOND_NS,
    "2099": 4_070_908_800 * SECOND_NS,
    "after 9999": 253_402_300_900 * SECOND_NS,
}


@pytest.fixture(params=DATES_NS.values(), ids=DATES_NS.keys())
def date_ns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(time, "time_ns", lambda: request.param)
    return int(request.param)


@pytest.fixture
def captured(open_outbox: Open, health: Health, bundle: Path) -> Callable[..., list[Prediction]]:
    """Carry a camera's wafers into the outbox and return what would be published of them."""
    model = LoadedModel(Classifier.load(bundle))
    address = Addressing("faba", "camera1", 5000, 7000)

    def run(camera: Simulator | FolderCamera) -> list[Prediction]:
        outbox = open_outbox()
        capture = Capture(camera, Decider(lambda: model, address), outbox, health)
        while capture.step(Event()) == 0:
            pass
        return [
            Prediction.parse(each.message.payload, Topic.parse(each.message.topic))
            for each in outbox.ready(99)
            if each.message.kind is Kind.PREDICTION
        ]

    return run


def test_no_date_costs_a_wafer(date_ns: int, captured: Callable[..., list[Prediction]]) -> None:
    told = captured(Simulator(SimulatorSource(kind="simulator", wafers=3), "c-e", []))
    assert len(told) == 3
    expected = min(max(date_ns // 1_000_000, FIRST_TIME_MS), LAST_TIME_MS)
    assert {each.timestamp for each in told} == {expected}


@pytest.mark.parametrize("file_s", [0, 1_000_000_000, 1_800_000_000], ids=["1970", "2001", "2027"])
def test_a_picture_in_a_folder_was_rejected_when_neither_clock_was_set(
    date_ns: int,  # noqa: ARG001 (sets the date)
    file_s: int,
    tmp_path: Path,
    health: Health,
    clock: Clock,
    captured: Callable[..., list[Prediction]],
) -> None:
    path = tmp_path / "in" / "w1.png"
    path.parent.mkdir()
    path.write_bytes(encode_dies(generate_label("none", np.random.default_rng(1))))
    os.utime(path, (file_s, file_s))
    source = FolderSource(kind="folder", folder=path.parent, settle_s=0.1)
    camera = FolderCamera(source, "c-e", [], health, clock)
    camera.take(1, 1)
    clock.now += 1
    assert len(captured(camera)) == 1
    assert not list(path.parent.glob("rejected/*"))


def test_a_date_that_jumps_back_stops_no_heartbeat(
    open_outbox: Open,
    health: Health,
    tmp_path: Path,
    captured: Callable[..., list[Prediction]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    captured(Simulator(SimulatorSource(kind="simulator", wafers=1), "c-e", []))
    monkeypatch.setattr(time, "time", lambda: 42.0)
    monkeypatch.setattr(time, "time_ns", lambda: 42 * SECOND_NS)
    beat = health.heartbeat("faba", "camera1", "1", tmp_path, open_outbox().backlog())
    told = Heartbeat.parse(beat.to_bytes(), Topic.parse("fabwafer/faba/camera1/status"))
    assert (told.outbox_messages, told.outbox_oldest_s) == (2, 0)


def test_a_clock_that_was_never_set_is_said_until_it_is(
    open_outbox: Open,
    health: Health,
    tmp_path: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = parse_settings(
        {
            "fab": "faba",
            "camera": "camera1",
            "model_dir": "m",
            "state_dir": str(tmp_path),
            "source": {"kind": "v4l2"},
            "publisher": {"kind": "greengrass"},
        }
    )
    heart = Heart(settings, FakePublisher(), health, open_outbox(), clock)
    seen = []
    for date_s in (42, 1_800_000_000):
        monkeypatch.setattr(time, "time_ns", lambda date_s=date_s: date_s * SECOND_NS)
        heart.step(Event())
        seen.append(set(health.reasons))
        clock.now += 60
    assert seen == [{"clock"}, set()]
