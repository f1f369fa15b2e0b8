import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.cameras import Camera, Play
from sandbox.cloud import DEAD_LETTER_QUEUES, Cloud
from sandbox.faults import network, refusing_service
from sandbox.mqtt import MqttClient
from sandbox.report import busiest_second

if TYPE_CHECKING:
    from conftest import Inspector, Tap

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]

Cameras = Callable[..., Camera]
Until = Callable[..., None]


def dead_letters(sandbox: Cloud) -> dict[str, int]:
    return {queue: count for queue in DEAD_LETTER_QUEUES if (count := sandbox.depth(queue))}


def test_a_component_killed_in_mid_run_goes_on_where_it_was(
    camera: Cameras, inspector: "Inspector", until: Until
) -> None:
    killed = camera("killed")
    killed.configure(Play(wafers=60, rate_per_s=15, messages_per_s=20))
    killed.start()
    until("a third is captured", lambda: len(killed.journal()) >= 20)
    killed.kill()
    until_then = len(killed.journal())
    assert until_then < 60
    killed.start()
    assert inspector.complaints([killed]) == []
    assert len(killed.journal()) == 60


def outage(
    name: str, seconds_wafers: int, cameras: Cameras, inspector: "Inspector", until: Until
) -> None:
    with network(inspector.sandbox.emulator.mqtt_port) as way:
        cut_off = cameras(name, way.port)
        cut_off.configure(Play(wafers=20 + seconds_wafers, rate_per_s=10, messages_per_s=50))
        cut_off.start()
        until("the first arrive", lambda: len(inspector.found([cut_off]).stored) >= 5)
        way.cut()
        until(
            "all are captured without a broker",
            lambda: len(cut_off.journal()) == 20 + seconds_wafers,
            seconds_wafers,
        )
        assert len(inspector.found([cut_off]).stored) < len(cut_off.journal())
        way.mend()
        assert inspector.complaints([cut_off], patience_s=120) == []


def test_a_broker_that_is_away_costs_nothing(
    camera: Cameras, inspector: "Inspector", until: Until
) -> None:
    outage("offline", 50, camera, inspector, until)


@pytest.mark.long
def test_a_broker_that_is_away_for_half_a_minute_costs_nothing(
    camera: Cameras, inspector: "Inspector", until: Until
) -> None:
    outage("away30", 300, camera, inspector, until)


def test_every_message_published_twice_counts_once(
    camera: Cameras, inspector: "Inspector", tap: Callable[[str], "Tap"], sandbox: Cloud
) -> None:
    repeated, listening = camera("repeated"), tap("repeated")
    repeated.configure(Play(wafers=40, rate_per_s=15))
    repeated.start()
    device, again = repeated.device, 0
    with MqttClient(
        sandbox.emulator.mqtt_port, device.credentials, f"{device.thing}#2"
    ) as repeater:
        while again < 2 * 40:
            for message in listening.take():
                if "/status" not in str(message["topic"]) and again < 2 * 40:
                    payload = base64.b64decode(str(message["payload"]))
                    assert repeater.publish(str(message["topic"]), payload) == 0
                    again += 1
    assert inspector.complaints([repeated]) == []


@contextmanager
def endpoint(sandbox: Cloud, function: str, service: str, url: str) -> Iterator[None]:
    """Send a function's calls of one service elsewhere; its code stays the deployed one."""
    client, name = sandbox.emulator.client("lambda"), sandbox.outputs[function]
    before: dict[str, Any] = client.get_function_configuration(FunctionName=name)["Environment"]
    variables = before["Variables"] | {f"AWS_ENDPOINT_URL_{service}": url}
    client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=name, Environment=before)


def test_a_function_that_fails_half_a_batch_handles_the_rest_once(
    camera: Cameras,
    inspector: "Inspector",
    sandbox: Cloud,
    impatient_queue: Callable[[str, int], None],
) -> None:
    seen: set[str] = set()

    def every_other_wafer_at_first(operation: str, body: bytes) -> bool:
        if operation != "PutItem":
            return False
        imgid = json.loads(body)["Item"]["imgid"]["S"]
        first = imgid not in seen
        seen.add(imgid)
        return first and int(imgid.rpartition("-")[2]) % 2 == 0

    halved = camera("halved")
    halved.configure(Play(wafers=40))
    impatient_queue("PredictionsQueueUrl", 8)
    with (
        refusing_service(sandbox.emulator.port, every_other_wafer_at_first) as url,
        endpoint(sandbox, "RoutePredictionFunction", "DYNAMODB", url),
    ):
        halved.start()
        assert inspector.complaints([halved]) == []
    assert len(seen) == 40
    assert dead_letters(sandbox) == {}


def test_only_the_poison_ends_among_the_dead_letters(
    camera: Cameras,
    inspector: "Inspector",
    sandbox: Cloud,
    until: Until,
    impatient_queue: Callable[[str, int], None],
) -> None:
    sqs, dead = sandbox.emulator.client("sqs"), sandbox.outputs["PredictionsDlqUrl"]
    impatient_queue("PredictionsQueueUrl", 2)
    poisoned = camera("poisoned")
    poisoned.configure(Play(wafers=20))
    poisoned.start()
    sqs.send_message(QueueUrl=sandbox.outputs["PredictionsQueueUrl"], MessageBody="poison")
    until("a dead letter", lambda: bool(sandbox.depth("PredictionsDlqUrl")), 60)
    found = sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in found] == ["poison"]
    sqs.delete_message(QueueUrl=dead, ReceiptHandle=found[0]["ReceiptHandle"])
    assert inspector.complaints([poisoned]) == []


def catch_up(
    name: str,
    wafers: int,
    messages_per_s: int,
    cameras: Cameras,
    inspector: "Inspector",
    until: Until,
    tap: Callable[[str], "Tap"],
) -> None:
    listening = tap(name)
    with network(inspector.sandbox.emulator.mqtt_port) as way:
        way.cut()
        behind = cameras(name, way.port)
        behind.configure(Play(wafers=wafers, messages_per_s=messages_per_s), heartbeat_s=3600)
        behind.start()
        until("all are captured", lambda: len(behind.journal()) == wafers, 120)
        way.mend()
        patience_s = 60 + 4 * wafers / messages_per_s
        assert inspector.complaints([behind], patience_s) == []
    arrived = sorted(int(message["received_ms"]) for message in listening.take())
    assert len(arrived) >= 2 * wafers
    assert most_in_a_second(arrived) <= messages_per_s * 1.1 + 1
    assert busiest_second(inspector.found([behind]).alerts) < 5


def most_in_a_second(times_ms: list[int]) -> int:
    return max(sum(start <= each < start + 1000 for each in times_ms) for start in times_ms)


def test_a_camera_that_catches_up_keeps_its_pace(
    camera: Cameras, inspector: "Inspector", until: Until, tap: Callable[[str], "Tap"]
) -> None:
    catch_up("catchup", 200, 40, camera, inspector, until, tap)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_camera_that_catches_up_with_2000_wafers_keeps_its_pace(
    camera: Cameras, inspector: "Inspector", until: Until, tap: Callable[[str], "Tap"]
) -> None:
    catch_up("outage", 2000, 40, camera, inspector, until, tap)
