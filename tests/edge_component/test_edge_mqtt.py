"""MQTT5 with mutual TLS against a real broker."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from awscrt import mqtt5
from awsiot import mqtt5_client_builder
from broker import MOSQUITTO, Authority, Broker, Identity

from edge_component.config import MqttPublisher
from edge_component.health import Health
from edge_component.mqtt import MqttConnection, _settle
from edge_component.publisher import PublishError, RefusedError

needs_mosquitto = pytest.mark.skipif(
    MOSQUITTO is None, reason="needs the broker: apt-get install mosquitto"
)
TOPIC = "fabwafer/faba/camera1/prediction/w1"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def broker(tmp_path: Path, authority: Authority) -> Iterator[Broker]:
    broker = Broker(tmp_path, authority, max_packet=20_000)
    yield broker
    broker.stop()


def settings(broker: Broker, authority: Authority, identity: Identity) -> MqttPublisher:
    return MqttPublisher(
        kind="mqtt",
        endpoint="127.0.0.1",
        port=broker.port,
        ca=authority.certificate,
        certificate=identity.certificate,
        key=identity.key,
        client_id="faba--camera1",
    )


@pytest.fixture
def connection(broker: Broker, authority: Authority, health: Health) -> Iterator[MqttConnection]:
    chosen = settings(broker, authority, authority.issue("faba--camera1"))
    connection = MqttConnection(chosen, health)
    yield connection
    connection.close()


class Reader:
    """What arrives at the broker."""

    def __init__(self, broker: Broker, authority: Authority) -> None:
        self.messages: list[tuple[str, bytes]] = []
        connected: Future[None] = Future()
        identity = authority.issue("reader")
        self.client = mqtt5_client_builder.mtls_from_path(
            str(identity.certificate),
            str(identity.key),
            ca_filepath=str(authority.certificate),
            endpoint="127.0.0.1",
            port=broker.port,
            client_id="reader",
            on_publish_received=self._received,
            on_lifecycle_connection_success=lambda _: (
                connected.done() or connected.set_result(None)
            ),
        )
        self.client.start()
        connected.result(10)
        self.subscribe()

    def subscribe(self) -> None:
        packet = mqtt5.SubscribePacket([mqtt5.Subscription("fabwafer/#", mqtt5.QoS.AT_LEAST_ONCE)])
        self.client.subscribe(packet).result(10)

    def _received(self, data: Any) -> None:
        self.messages.append((data.publish_packet.topic, data.publish_packet.payload))


def until(condition: Callable[[], bool], timeout_s: float = 15) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def published(
    connection: MqttConnection, topic: str = TOPIC, payload: bytes = b"{}"
) -> BaseException | None:
    """Publish until the client is connected."""
    errors: list[BaseException | None] = []

    def arrived() -> bool:
        errors.append(connection.publish(topic, payload).exception(10))
        return type(errors[-1]) is not PublishError

    until(arrived)
    return errors[-1]


@needs_mosquitto
class TestWithABroker:
    def test_an_acknowledged_message_has_arrived(
        self, connection: MqttConnection, broker: Broker, authority: Authority
    ) -> None:
        reader = Reader(broker, authority)
        assert published(connection, payload=b"hello") is None
        assert until(lambda: reader.messages == [(TOPIC, b"hello")])
        reader.client.stop()

    def test_not_connected_a_publish_fails_at_once_and_is_not_queued(
        self, connection: MqttConnection, broker: Broker, health: Health
    ) -> None:
        broker.stop()
        begin = time.monotonic()
        assert type(connection.publish(TOPIC, b"{}").exception(5)) is PublishError
        assert time.monotonic() - begin < 1
        assert until(lambda: "not connected" in health.reasons.get("mqtt", ""))
        broker.start()
        assert published(connection) is None
        assert health.reasons == {}

    def test_anothers_topic_is_refused(self, connection: MqttConnection) -> None:
        error = published(connection, "fabwafer/faba/camera2/prediction/w1")
        assert isinstance(error, RefusedError) and "NOT_AUTHORIZED" in str(error)
        assert published(connection) is None

    def test_a_message_over_the_brokers_limit_is_refused(self, connection: MqttConnection) -> None:
        assert isinstance(published(connection, payload=b"x" * 30_000), RefusedError)
        assert published(connection) is None

    def test_a_foreign_certificate_gets_nowhere(
        self, broker: Broker, authority: Authority, health: Health, tmp_path: Path
    ) -> None:
        foreign = Authority(tmp_path, "foreign").issue("faba--camera1")
        connection = MqttConnection(settings(broker, authority, foreign), health)
        assert type(connection.publish(TOPIC, b"{}").exception(5)) is PublishError
        assert until(lambda: "not connected" in health.reasons.get("mqtt", ""))
        assert type(connection.publish(TOPIC, b"{}").exception(5)) is PublishError
        connection.close()

    def test_the_broker_away_and_the_component_killed_lose_nothing(
        self, broker: Broker, authority: Authority, bundle: Path, tmp_path: Path
    ) -> None:
        chosen = settings(broker, authority, authority.issue("faba--camera1"))
        config = tmp_path / "config.json"
        journal = tmp_path / "journal.jsonl"
        config.write_text(
            json.dumps(
                {
                    "fab": "faba",
                    "camera": "camera1",
                    "model_dir": str(bundle),
                    "state_dir": str(tmp_path / "state"),
                    "source": {"kind": "simulator", "wafers": 150, "rate_per_s": 60},
                    "publisher": chosen.model_dump(mode="json"),
                    "messages_per_s": 100,
                    "journal": str(journal),
                    "exit_when_done": True,
                }
            )
        )
        command = [sys.executable, "-m", "edge_component", "--config", str(config)]
        reader = Reader(broker, authority)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        assert until(lambda: len(reader.messages) > 40)
        broker.stop()
        assert until(lambda: len(journal.read_text().splitlines()) > 80)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        reader.client.stop()
        broker.start()
        again = Reader(broker, authority)
        second = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        assert second.wait(60) == 0
        seen = {topic for topic, _ in reader.messages + again.messages}
        imgids = [json.loads(line)["imgid"] for line in journal.read_text().splitlines()]
        assert len(imgids) == len(set(imgids)) == 150
        kinds = ("prediction", "img")
        wanted = {f"fabwafer/faba/camera1/{kind}/{imgid}" for kind in kinds for imgid in imgids}
        assert until(lambda: wanted <= seen | {topic for topic, _ in again.messages})
        again.client.stop()


def test_a_missing_certificate_is_said_and_waited_for(tmp_path: Path, health: Health) -> None:
    missing = MqttPublisher(
        kind="mqtt",
        endpoint="127.0.0.1",
        certificate=tmp_path / "c",
        key=tmp_path / "k",
        client_id="faba--camera1",
    )
    connection = MqttConnection(missing, health)
    assert type(connection.publish(TOPIC, b"{}").exception(1)) is PublishError
    assert "No such file" in health.reasons["mqtt"]
    connection.unanswered()
    connection.close()


@pytest.mark.parametrize(
    "reason, outcome",
    [
        (mqtt5.PubackReasonCode.SUCCESS, type(None)),
        (mqtt5.PubackReasonCode.NO_MATCHING_SUBSCRIBERS, type(None)),
        (mqtt5.PubackReasonCode.NOT_AUTHORIZED, RefusedError),
        (mqtt5.PubackReasonCode.TOPIC_NAME_INVALID, RefusedError),
        (None, RefusedError),
        (mqtt5.PubackReasonCode.QUOTA_EXCEEDED, PublishError),
        (mqtt5.PubackReasonCode.UNSPECIFIED_ERROR, PublishError),
    ],
)
def test_the_brokers_reason_decides_what_becomes_of_a_message(
    reason: object, outcome: type[object]
) -> None:
    answer: Future[Any] = Future()
    answer.set_result(SimpleNamespace(puback=SimpleNamespace(reason_code=reason)))
    acknowledged: Future[None] = Future()
    _settle(TOPIC, answer, acknowledged)
    assert type(acknowledged.exception(0)) is outcome


def test_a_closed_connection_is_no_longer_reported(authority: Authority, health: Health) -> None:
    identity = authority.issue("faba--camera1")
    closed = MqttConnection(
        MqttPublisher(
            kind="mqtt",
            endpoint="127.0.0.1",
            certificate=identity.certificate,
            key=identity.key,
            client_id="faba--camera1",
        ),
        health,
    )
    closed.close()
    closed._not_connected(SimpleNamespace(connack_packet=None, exception="socket closed"))
    assert health.reasons == {}
