"""The whole component with a signed model and a shadow beside it."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from edge_parts import write_bundle
from edge_signing import Signer
from test_edge_publisher import FakePublisher

from edge_component.component import Component
from edge_component.config import parse_settings
from edge_component.health import Health


class Broker(FakePublisher):
    """Keeps what is published."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, dict[str, Any]] = {}

    def publish(self, topic: str, payload: bytes) -> Future[None]:
        self.told[topic] = json.loads(payload)
        return super().publish(topic, payload)

    def predictions(self) -> list[dict[str, Any]]:
        return [told for topic, told in dict(self.told).items() if "/prediction/" in topic]

    def heartbeat(self) -> dict[str, Any]:
        return self.told.get("fabwafer/faba/camera1/status", {})

    def running(self) -> tuple[int | None, str | None]:
        """Return the serial of the model and the name of the shadow of the last heartbeat."""
        return self.heartbeat().get("serial"), self.heartbeat().get("shadow")


def eventually(condition: Callable[[], object]) -> bool:
    deadline = time.monotonic() + 15
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(condition())


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
def run(tmp_path: Path, signer: Signer, health: Health) -> Iterator[Callable[..., Broker]]:
    """Start the component; its model and its shadow are in the folders `model` and `shadow`."""
    running: list[Component] = []

    def start(**changes: Any) -> Broker:
        broker = Broker()
        settings = parse_settings(
            {
                "fab": "faba",
                "camera": "camera1",
                "model_dir": str(tmp_path / "model"),
                "shadow_dir": str(tmp_path / "shadow"),
                "state_dir": str(tmp_path / "state"),
                "model_keys": [signer.text],
                "source": {"kind": "simulator", "wafers": 0, "rate_per_s": 20},
                "publisher": {"kind": "greengrass"},
                "messages_per_s": 100,
                "heartbeat_s": 0.2,
            }
            | changes
        )
        running.append(Component(settings, broker, health))
        running[-1].start()
        return broker

    yield start
    for component in running:
        component.stop()


def test_a_prediction_tells_who_vouched_for_its_model_and_what_the_shadow_says(
    run: Callable[[], Broker], signer: Signer, tmp_path: Path, health: Health
) -> None:
    signer.bundle(tmp_path / "model", 4)
    signer.bundle(tmp_path / "shadow", 5)
    broker = run()
    assert eventually(lambda: any("shadow" in each for each in broker.predictions()))
    told = next(each for each in broker.predictions() if "shadow" in each)
    assert (told["model"], told["serial"], told["shadow"]["model"]) == ("tiny@4", 4, "tiny@5")
    assert told["shadow"]["prediction"] == told["prediction"]
    assert told["picture"]["levels"] == [0.0, 127.0, 255.0]
    assert eventually(lambda: broker.running() == (4, "tiny@5"))
    assert health.reasons == {}
    assert broker.heartbeat()["verified"] is True


def test_a_signature_that_nobody_checked_is_no_evidence_of_a_prediction(
    run: Callable[..., Broker], signer: Signer, tmp_path: Path
) -> None:
    signer.bundle(tmp_path / "model", 4)
    broker = run(model_keys=[])
    assert eventually(broker.predictions)
    assert all("serial" not in each for each in broker.predictions())
    assert eventually(lambda: broker.running() == (4, None))
    assert broker.heartbeat()["verified"] is False


def test_without_a_shadow_nothing_is_missed(
    run: Callable[[], Broker], signer: Signer, tmp_path: Path, health: Health
) -> None:
    signer.bundle(tmp_path / "model", 4)
    broker = run()
    assert eventually(lambda: len(broker.predictions()) > 3)
    assert not any("shadow" in each for each in broker.predictions())
    assert health.reasons == {}


def test_a_bundle_corrupted_on_the_way_leaves_the_last_good_one_at_work_and_is_said(
    run: Callable[[], Broker], signer: Signer, tmp_path: Path
) -> None:
    signer.bundle(tmp_path / "model", 4)
    broker = run()
    assert eventually(broker.predictions)
    signer.bundle(tmp_path / "model", 5)
    (tmp_path / "model" / "model.onnx").write_bytes(b"half of it")
    again = run()
    assert eventually(again.predictions)
    assert {each["model"] for each in again.predictions()} == {"tiny@4"}
    assert eventually(
        lambda: any(
            each.startswith("model: using tiny@4") for each in again.heartbeat().get("degraded", [])
        )
    )


def test_an_unsigned_bundle_waits_with_its_wafers_for_a_signed_one(
    run: Callable[[], Broker],
    signer: Signer,
    tmp_path: Path,
    health: Health,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_component.current_model._RETRY_S", 0.1)
    write_bundle(tmp_path / "model", version="1")
    broker = run()
    assert eventually(lambda: "expected a signature" in health.reasons.get("model", ""))
    assert broker.predictions() == []
    signer.bundle(tmp_path / "model", 1)
    assert eventually(lambda: len(broker.predictions()) > 1)
    assert health.reasons == {}
    assert min(each["sequence"] for each in broker.predictions()) == 1


def test_a_shadow_of_a_stranger_is_said_and_disturbs_no_wafer(
    run: Callable[[], Broker], signer: Signer, tmp_path: Path, health: Health
) -> None:
    signer.bundle(tmp_path / "model", 4)
    Signer().bundle(tmp_path / "shadow", 5)
    broker = run()
    assert eventually(lambda: len(broker.predictions()) > 3)
    assert eventually(lambda: "expected one of model_keys" in health.reasons.get("shadow", ""))
    assert "model" not in health.reasons
