import base64
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from sandbox.cameras import Play
from sandbox.faults import network, refusing_service
from sandbox.mqtt import MqttClient
from sandbox.report import busiest_second

if TYPE_CHECKING:
    from conftest import Fab

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]

Until = Callable[..., None]


def test_a_component_killed_in_mid_run_goes_on_where_it_was(fab: "Fab", until: Until) -> None:
    killed = fab.camera("killed")
    killed.configure(Play(wafers=60, rate_per_s=15, messages_per_s=20))
    killed.start()
    until("a third is captured", lambda: len(killed.journal()) >= 20)
    killed.kill()
    assert len(killed.journal()) < 60
    killed.start()
    assert fab.complaints(killed) == []
    assert len(killed.journal()) == 60


def lose_the_broker(fab: "Fab", until: Until, name: str, away_s: int) -> None:
    rate_per_s = 10
    wafers = 20 + away_s * rate_per_s
    with network(fab.sandbox.emulator.mqtt_port) as way:
        cut_off = fab.camera(name, way.port)
        cut_off.configure(Play(wafers=wafers, rate_per_s=rate_per_s, messages_per_s=50))
        cut_off.start()
        until("the first arrive", lambda: len(fab.found(cut_off).stored) >= 5)
        way.cut()
        until("all are captured without a broker", lambda: len(cut_off.journal()) == wafers)
        assert len(fab.found(cut_off).stored) < wafers
        way.mend()
        assert fab.complaints(cut_off, patience_s=150) == []


def test_a_broker_that_is_away_costs_nothing(fab: "Fab", until: Until) -> None:
    lose_the_broker(fab, until, "offline", away_s=5)


@pytest.mark.long
def test_a_broker_that_is_away_for_half_a_minute_costs_nothing(fab: "Fab", until: Until) -> None:
    lose_the_broker(fab, until, "away30", away_s=30)


def test_every_message_published_twice_counts_once(fab: "Fab") -> None:
    messages = 2 * 40
    repeated, tap = fab.camera("repeated"), fab.tap("repeated")
    repeated.configure(Play(wafers=40, rate_per_s=15), heartbeat_s=3600)
    repeated.start()
    device = repeated.device
    second_connection = f"{device.thing}#2"
    port = fab.sandbox.emulator.mqtt_port
    with MqttClient(port, device.credentials, second_connection) as repeater:
        again: set[str] = set()
        while len(again) < messages:
            for message in tap.take():
                if "/status" not in message["topic"] and message["topic"] not in again:
                    again.add(message["topic"])
                    payload = base64.b64decode(message["payload"])
                    assert repeater.publish(message["topic"], payload) == 0
    assert fab.complaints(repeated) == []


def test_a_function_that_fails_half_a_batch_handles_the_rest_once(fab: "Fab") -> None:
    seen: set[str] = set()

    def every_other_wafer_at_first(operation: str, body: bytes) -> bool:
        if operation != "PutItem":
            return False
        imgid = json.loads(body)["Item"]["imgid"]["S"]
        first = imgid not in seen
        seen.add(imgid)
        return first and int(imgid.rpartition("-")[2]) % 2 == 0

    halved = fab.camera("halved")
    halved.configure(Play(wafers=40))
    with (
        refusing_service(fab.sandbox.emulator.port, every_other_wafer_at_first) as url,
        fab.calling(url, "DYNAMODB", "RoutePredictionFunction"),
        fab.redelivering_after(8, "PredictionsQueueUrl"),
    ):
        halved.start()
        assert fab.complaints(halved) == []
    assert len(seen) == 40
    assert fab.dead_letters() == {}


def test_only_the_poison_ends_among_the_dead_letters(fab: "Fab", until: Until) -> None:
    sqs, dead = fab.sandbox.emulator.client("sqs"), fab.sandbox.outputs["PredictionsDlqUrl"]
    poisoned = fab.camera("poisoned")
    poisoned.configure(Play(wafers=20))
    with fab.redelivering_after(2, "PredictionsQueueUrl"):
        poisoned.start()
        queue = fab.sandbox.outputs["PredictionsQueueUrl"]
        sqs.send_message(QueueUrl=queue, MessageBody="poison")
        until("a dead letter", lambda: fab.dead_letters() != {})
    found = sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in found] == ["poison"]
    sqs.delete_message(QueueUrl=dead, ReceiptHandle=found[0]["ReceiptHandle"])
    assert fab.complaints(poisoned) == []


def catch_up(fab: "Fab", until: Until, name: str, wafers: int) -> None:
    messages_per_s = 40
    tap = fab.tap(name)
    with network(fab.sandbox.emulator.mqtt_port) as way:
        way.cut()
        behind = fab.camera(name, way.port)
        behind.configure(Play(wafers=wafers, messages_per_s=messages_per_s), heartbeat_s=3600)
        behind.start()
        until("all are captured", lambda: len(behind.journal()) == wafers, patience_s=150)
        way.mend()
        assert fab.complaints(behind, patience_s=60 + 6 * wafers / messages_per_s) == []
    arrived = sorted(message["received_ms"] for message in tap.take())
    assert len(arrived) >= 2 * wafers
    # Over five seconds, because a broker that is busy takes what waited all at once.
    assert most_in(5, arrived) <= 5 * messages_per_s * 1.1
    assert busiest_second(fab.found(behind).alerts) < 5


def most_in(seconds: int, times_ms: list[int]) -> int:
    window_ms = 1000 * seconds
    return max(sum(start <= each < start + window_ms for each in times_ms) for start in times_ms)


def test_a_camera_that_catches_up_keeps_its_pace(fab: "Fab", until: Until) -> None:
    catch_up(fab, until, "catchup", wafers=200)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_camera_that_catches_up_with_2000_wafers_keeps_its_pace(fab: "Fab", until: Until) -> None:
    catch_up(fab, until, "outage", wafers=2000)
