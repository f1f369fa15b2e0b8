import json
import logging
import math
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from edge_parts import Clock
from fake_ggipc import FakeNucleus
from test_edge_publisher import FakePublisher

from edge_component.__main__ import main
from edge_component.component import Component
from edge_component.config import VideoSource, parse_settings
from edge_component.health import Health, _temperature_c
from edge_component.heart import Heart
from edge_component.ipc import TokenRefusedError
from edge_component.logs import JsonFormatter
from edge_component.main import EXIT_CONFIGURATION, EXIT_LOCKED, LockedError, Main, _alone
from edge_component.outbox import Outbox
from edge_component.pacing import Backoff
from edge_component.pictures import decode
from edge_component.publisher import PublishError, RefusedError
from edge_component.v4l2 import VideoCamera
from edge_component.workers import Worker
from fabwafer.errors import ContractError
from fabwafer.messages import Heartbeat
from fabwafer.topics import Topic

Open = Callable[..., Outbox]


def eventually(condition: Callable[[], bool], timeout_s: float = 10) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


class FakeConfiguration:
    """Values that the test changes."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.changed = Event()

    def read(self) -> Mapping[str, Any]:
        return self.values

    def may_have_changed(self) -> bool:
        changed = self.changed.is_set()
        self.changed.clear()
        return changed


@pytest.fixture
def values(tmp_path: Path, bundle: Path) -> dict[str, Any]:
    return {
        "fab": "faba",
        "camera": "camera1",
        "model_dir": str(bundle),
        "state_dir": str(tmp_path / "state"),
        "source": {"kind": "simulator", "wafers": 5},
        "publisher": {"kind": "greengrass"},
        "messages_per_s": 100,
    }


class TestMain:
    def started(
        self, configuration: FakeConfiguration, nucleus: Any, health: Health
    ) -> tuple[Event, Thread, list[int]]:
        stop, statuses = Event(), []
        whole = Main(configuration, nucleus, health, stop)
        thread = Thread(target=lambda: statuses.append(whole.run()))
        thread.start()
        return stop, thread, statuses

    def test_a_finished_simulation_ends_it(self, values: dict[str, Any], health: Health) -> None:
        nucleus = _PublisherNucleus()
        done = FakeConfiguration(values | {"exit_when_done": True})
        assert Main(done, nucleus, health, Event()).run() == 0  # type: ignore[arg-type]
        assert len({topic for topic in nucleus.topics if not topic.endswith("status")}) == 10
        assert nucleus.closed

    def test_another_configuration_gets_another_component(
        self, values: dict[str, Any], health: Health
    ) -> None:
        configuration, nucleus = FakeConfiguration(values), _PublisherNucleus()
        stop, thread, statuses = self.started(configuration, nucleus, health)
        assert eventually(lambda: nucleus.count("camera1/img") == 5)
        configuration.values = values | {"messages_per_s": "many"}
        configuration.changed.set()
        assert eventually(lambda: "many" in health.reasons.get("configuration", ""))
        configuration.values = values | {
            "camera": "camera2",
            "source": {"kind": "simulator", "seed": 2, "wafers": 3},
        }
        configuration.changed.set()
        assert eventually(lambda: nucleus.count("camera2/img") == 3)
        stop.set()
        thread.join(10)
        assert (statuses, health.reasons) == ([0], {})

    def test_an_outbox_that_gets_damaged_is_set_aside_without_an_exit(
        self, values: dict[str, Any], health: Health, tmp_path: Path
    ) -> None:
        state = tmp_path / "state"
        state.mkdir()
        (state / "outbox.db").write_bytes(b"rubbish" * 1000)
        nucleus = _PublisherNucleus()
        stop, thread, statuses = self.started(FakeConfiguration(values), nucleus, health)
        assert eventually(lambda: nucleus.count("camera1/img") == 5)
        stop.set()
        thread.join(10)
        assert "outbox was damaged" in health.reasons["damage"]
        assert statuses == [0]

    def test_a_state_folder_that_cannot_be_used_is_waited_for(
        self, values: dict[str, Any], health: Health, tmp_path: Path
    ) -> None:
        (tmp_path / "state").write_text("in the way")
        nucleus = _PublisherNucleus()
        stop, thread, statuses = self.started(FakeConfiguration(values), nucleus, health)
        assert eventually(lambda: "start" in health.reasons)
        (tmp_path / "state").unlink()
        assert eventually(lambda: nucleus.count("camera1/img") == 5)
        stop.set()
        thread.join(10)
        assert statuses == [0]

    def test_a_component_of_greengrass_without_greengrass_says_so(
        self, values: dict[str, Any], health: Health
    ) -> None:
        stop, thread, _ = self.started(FakeConfiguration(values), None, health)
        assert eventually(lambda: "not started by Greengrass" in health.reasons.get("start", ""))
        stop.set()
        thread.join(10)

    def test_a_damage_that_healing_does_not_mend_was_restarted_without_a_pause(
        self, values: dict[str, Any], health: Health
    ) -> None:
        pauses: list[float] = []

        class Recorded(Backoff):
            def failed(self) -> float:
                pauses.append(super().failed())
                return 0.0

        class Damaging(_PublisherNucleus):
            def publish(self, topic: str, payload: bytes) -> Future[None]:
                if topic.endswith("status"):
                    return super().publish(topic, payload)
                error = sqlite3.DatabaseError("malformed")
                error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
                raise error

        stop = Event()
        whole = Main(FakeConfiguration(values), Damaging(), health, stop)  # type: ignore[arg-type]
        whole._backoff = Recorded(first_s=1.0, draw=lambda: 1.0)
        thread = Thread(target=whole.run)
        thread.start()
        assert eventually(lambda: len(pauses) >= 3)
        stop.set()
        thread.join(10)
        assert pauses[:3] == [1, 2, 4]

    def test_what_a_former_publisher_lacked_was_reported_for_ever(
        self, values: dict[str, Any], health: Health
    ) -> None:
        mqtt = {
            "kind": "mqtt",
            "endpoint": "127.0.0.1",
            "certificate": "gone/certificate.pem",
            "key": "gone/key.pem",
            "client_id": "faba--camera1",
        }
        configuration = FakeConfiguration(values | {"publisher": mqtt})
        nucleus = _PublisherNucleus()
        stop, thread, _ = self.started(configuration, nucleus, health)
        assert eventually(lambda: {"mqtt", "publish"} <= set(health.reasons))
        configuration.values = values
        configuration.changed.set()
        assert eventually(lambda: nucleus.count("camera1/img") == 5)
        assert health.reasons == {}
        stop.set()
        thread.join(10)

    def test_nothing_was_left_open_but_what_a_hanging_part_uses(
        self, values: dict[str, Any], health: Health, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("edge_component.component._JOIN_S", 0.1)
        entered, release, closed = Event(), Event(), []

        class Hanging(_PublisherNucleus):
            def publish(self, topic: str, payload: bytes) -> Future[None]:
                entered.set()
                release.wait()
                return super().publish(topic, payload)

        component = Component(parse_settings(values), Hanging(), health)
        monkeypatch.setattr(component._camera, "close", lambda: closed.append("camera"))
        component.start()
        assert entered.wait(10)
        assert (component.stop(), closed) == (False, [])
        release.set()
        assert eventually(component.stop)
        assert closed == ["camera"]

    def test_under_greengrass_a_locked_state_folder_cost_one_of_three_exits(
        self,
        values: dict[str, Any],
        health: Health,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("edge_component.main._LOCK_WAIT_S", 0.0)
        (tmp_path / "state").mkdir()
        nucleus, stop, statuses = _PublisherNucleus(), Event(), []
        with _alone(parse_settings(values), Event()):
            impatient = Main(FakeConfiguration(values), nucleus, health, stop)  # type: ignore[arg-type]
            assert impatient.run() == EXIT_LOCKED
            patient = Main(FakeConfiguration(values), nucleus, health, stop, patient=True)  # type: ignore[arg-type]
            thread = Thread(target=lambda: statuses.append(patient.run()))
            thread.start()
            assert eventually(lambda: "in use" in health.reasons.get("start", ""))
        assert eventually(lambda: nucleus.count("camera1/img") == 5)
        stop.set()
        thread.join(10)
        assert statuses == [0]

    def test_a_second_instance_on_the_same_state_does_not_start(
        self, values: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("edge_component.main._LOCK_WAIT_S", 0.0)
        (tmp_path / "state").mkdir()
        settings = parse_settings(values)
        with (
            _alone(settings, Event()),
            pytest.raises(LockedError, match="in use"),
            _alone(settings, Event()),
        ):
            pass


class _PublisherNucleus(FakePublisher):
    """A nucleus that is always there."""

    closed = False

    def running(self) -> None:
        self.is_running = True

    def close(self) -> None:
        self.closed = True

    def count(self, part: str) -> int:
        return len({topic for topic in self.topics if part in topic})


class TestCommandLine:
    def test_a_configuration_file_runs(
        self,
        values: dict[str, Any],
        tmp_path: Path,
        nucleus: FakeNucleus,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        path = tmp_path / "config.json"
        path.write_text(json.dumps(values | {"exit_when_done": True}))
        monkeypatch.setattr(sys, "argv", ["edge_component", "--config", str(path)])
        assert main() == 0
        assert len(nucleus.of_kind("img")) == 5

    def test_a_bad_configuration_file_is_named_and_ends_it(
        self, values: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "config.json"
        path.write_text(json.dumps(values | {"fab": "a/b"}))
        assert main(["--config", str(path)]) == EXIT_CONFIGURATION
        last = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert (last["event"], last["field"]) == ("ending", "fab")
        assert "a/b" in last["reason"]

    def test_a_refused_token_is_an_exit_that_is_not_zero(
        self, nucleus: FakeNucleus, capsys: pytest.CaptureFixture[str]
    ) -> None:
        nucleus.token = "another"
        assert main(["--greengrass"]) not in (0, None)
        assert "token" in capsys.readouterr().out


class TestWorker:
    def worker(self, step: Callable[[Event], float | None], health: Health) -> Worker:
        return Worker("part", step, health, Backoff(0.001, 0.001))

    def test_an_unforeseen_error_is_reported_and_the_next_step_comes(self, health: Health) -> None:
        seen: list[dict[str, str]] = []

        def step(_stop: Event) -> float | None:
            seen.append(health.reasons)
            if len(seen) == 1:
                raise ZeroDivisionError("oh")
            return None

        worker = self.worker(step, health)
        worker.start()
        assert eventually(lambda: len(seen) > 1)
        worker.stop()
        assert worker.join(5)
        assert seen[1] == {"part": "ZeroDivisionError: oh"}
        assert health.reasons == {}

    def test_a_damaged_outbox_ends_it(self, health: Health) -> None:
        error = sqlite3.DatabaseError("malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT

        def step(_stop: Event) -> float | None:
            raise error

        worker = self.worker(step, health)
        worker.start()
        assert worker.join(5)
        assert worker.fatal is error

    @pytest.mark.parametrize("pause", [math.inf, 1e10])
    def test_a_pause_that_cannot_be_waited_for_ended_the_thread_silently(
        self, health: Health, pause: float
    ) -> None:
        stepped = Event()

        def step(_stop: Event) -> float | None:
            stepped.set()
            return pause

        worker = self.worker(step, health)
        worker.start()
        assert stepped.wait(5)
        assert not worker.join(0.1)
        worker.stop()
        assert worker.join(5) and worker.fatal is None

    def test_whatever_ends_the_thread_is_told(self, health: Health) -> None:
        def step(_stop: Event) -> float | None:
            raise SystemExit

        worker = self.worker(step, health)
        worker.start()
        assert worker.join(5)
        assert isinstance(worker.fatal, SystemExit)

    def test_a_refused_token_ends_it(self, health: Health) -> None:
        def step(_stop: Event) -> float | None:
            raise TokenRefusedError

        worker = self.worker(step, health)
        worker.start()
        assert worker.join(5)
        assert isinstance(worker.fatal, TokenRefusedError)


class TestHeart:
    @pytest.fixture
    def beats(
        self, values: dict[str, Any], health: Health, open_outbox: Open, clock: Clock
    ) -> Callable[[], list[str]]:
        publisher = FakePublisher()
        heart = Heart(parse_settings(values), publisher, health, open_outbox(), clock)

        def step() -> list[str]:
            heart.step(Event())
            return publisher.topics

        return step

    def test_a_denied_status_topic_was_said_nowhere(
        self, values: dict[str, Any], health: Health, open_outbox: Open, clock: Clock
    ) -> None:
        publisher = FakePublisher()
        heart = Heart(parse_settings(values), publisher, health, open_outbox(), clock)
        seen = []
        for answer in (RefusedError("UnauthorizedError"), PublishError("ServiceError"), None):
            publisher.answer = lambda _topic, answer=answer: answer
            heart.step(Event())
            seen.append(health.reasons)
            clock.now += 60
        assert seen == [{"status": "UnauthorizedError"}, {"status": "UnauthorizedError"}, {}]

    def test_a_reason_that_is_no_utf_8_still_makes_a_heartbeat(
        self, health: Health, tmp_path: Path
    ) -> None:
        health.degrade("camera", "W\udce4fer")
        beat = health.heartbeat("faba", "camera1", "1", tmp_path, None)
        assert json.loads(beat.to_bytes())["degraded"] == ["camera: W\\udce4fer"]

    def test_it_beats_at_once_and_then_regularly(
        self, beats: Callable[[], list[str]], clock: Clock
    ) -> None:
        assert beats() == ["fabwafer/faba/camera1/status"]
        clock.now += 59
        assert len(beats()) == 1
        clock.now += 1
        assert len(beats()) == 2

    def test_news_come_sooner_but_not_all_the_time(
        self, beats: Callable[[], list[str]], clock: Clock, health: Health
    ) -> None:
        beats()
        health.degrade("camera", "unplugged")
        assert len(beats()) == 1
        clock.now += 5
        assert len(beats()) == 2

    def test_a_heartbeat_is_lawful_and_tells_what_is_wrong(
        self, health: Health, open_outbox: Open, tmp_path: Path
    ) -> None:
        health.degrade("camera", "unplugged")
        health.classified(3, 1_700_000_000_000, 1.5)
        beat = health.heartbeat("faba", "camera1", "1", tmp_path, open_outbox().backlog())
        told = Heartbeat.parse(beat.to_bytes(), Topic.parse("fabwafer/faba/camera1/status"))
        assert (told.degraded, told.classified, told.outbox_messages) == (
            ["camera: unplugged"],
            3,
            0,
        )
        assert told.disk_free_bytes is not None and told.disk_free_bytes > 0

    def test_what_cannot_be_measured_is_left_out(self, health: Health, tmp_path: Path) -> None:
        beat = health.heartbeat("faba", "camera1", "1", tmp_path / "gone", None)
        assert beat.disk_free_bytes is None

    @pytest.mark.parametrize("text, degrees", [("48312\n", 48.312), ("n/a", None)])
    def test_the_temperature_is_in_degrees(
        self, tmp_path: Path, text: str, degrees: float | None
    ) -> None:
        (tmp_path / "temp").write_text(text)
        assert _temperature_c(tmp_path / "temp") == degrees


def test_a_log_line_is_one_json_object() -> None:
    record = logging.LogRecord("edge_component", logging.INFO, "", 0, "wafer", None, None)
    record.fields = {"imgid": "w1", "path": Path("p")}
    entry = json.loads(JsonFormatter().format(record))
    assert (entry["event"], entry["level"], entry["imgid"], entry["path"]) == (
        "wafer",
        "INFO",
        "w1",
        "p",
    )


class TestVideo:
    class OpenCv:
        """What the camera needs of `cv2`."""

        COLOR_BGR2GRAY = 6

        def __init__(self) -> None:
            self.works = True
            self.opened = self.released = 0
            self.frame = np.full((4, 6, 3), 9, np.uint8)

        def VideoCapture(self, _device: int) -> Any:  # noqa: N802 (OpenCV's name)
            self.opened += 1
            return SimpleNamespace(read=lambda: (self.works, self.frame), release=self.release)

        def release(self) -> None:
            self.released += 1

        def cvtColor(self, frame: Any, _code: int) -> Any:  # noqa: N802
            return frame[:, :, 0]

    def test_a_picture_is_taken_at_every_interval(self, clock: Clock) -> None:
        camera = VideoCamera(VideoSource(kind="v4l2", interval_s=2), "c-e", self.OpenCv(), clock)
        (image,) = camera.take(1, 5)
        assert decode(image.picture).tolist() == [[9] * 6] * 4
        assert (camera.take(2, 5), camera.wait_s) == ([], 2)
        clock.now += 2
        assert [each.imgid for each in camera.take(2, 5)] == ["c-e-00000002"]
        assert camera.done([image]) == []
        assert camera.reject(image, ContractError("image", 1, "2"))

    def test_after_a_failure_the_device_is_opened_anew(self, clock: Clock) -> None:
        opencv = self.OpenCv()
        camera = VideoCamera(VideoSource(kind="v4l2"), "c-e", opencv, clock)
        opencv.works = False
        with pytest.raises(OSError, match="no picture"):
            camera.take(1, 5)
        opencv.works, opencv.frame = True, opencv.frame[:, :, 0]
        clock.now += 1
        assert len(camera.take(1, 5)) == 1
        assert (opencv.opened, opencv.released) == (2, 1)
        camera.close()

    def test_without_opencv_it_says_what_to_install(
        self, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "cv2", None)
        with pytest.raises(OSError, match="opencv-python-headless"):
            VideoCamera(VideoSource(kind="v4l2"), "c-e", clock=clock).take(1, 1)
