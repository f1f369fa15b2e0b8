import contextlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from fabwafer.triage import Policy
from sandbox.cameras import Camera
from sandbox.cloud import DEAD_LETTER_QUEUES, Cloud, cloud
from sandbox.demo import shipped_policy
from sandbox.deploy import AUDIT_RATE
from sandbox.emulator import Wishes
from sandbox.fleet import Device, enrol_all
from sandbox.observe import find, played
from sandbox.subscriber import Subscriber, subscribe
from sandbox.verify import Found, discrepancies, expect

# One camera a test, so that what a test finds under its camera's name is its own doing.
FLEET = {
    "faba": [
        *("killed", "offline", "away30", "repeated", "halved", "poisoned", "catchup", "outage"),
        *("broken", "beside", "camera1", "camera2"),
    ]
}
_POLL_S = 1.0


@pytest.fixture(scope="session")
def state_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fabwafer-tests-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def sandbox(state_dir: Path) -> Iterator[Cloud]:
    with cloud(state_dir, FLEET, Wishes()) as deployed:
        yield deployed


@pytest.fixture(scope="session")
def devices(sandbox: Cloud, state_dir: Path) -> dict[str, Device]:
    enrolled = enrol_all(sandbox.emulator, FLEET, state_dir / "devices")
    return {device.camera: device for device in enrolled}


@pytest.fixture(scope="session")
def subscriber(sandbox: Cloud) -> Subscriber:
    return subscribe(sandbox)


@dataclass(frozen=True)
class Fab:
    """What a test needs to let cameras play, to let things break, and to see what became of the wafers."""

    sandbox: Cloud
    devices: dict[str, Device]
    subscriber: Subscriber
    policy: Policy
    state_dir: Path
    closing: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def camera(self, name: str, port: int | None = None) -> Camera:
        folder = self.state_dir / "cameras" / name
        made = Camera(self.devices[name], folder, port or self.sandbox.emulator.mqtt_port)
        self.closing.callback(made.stop)
        return made

    def tap(self, camera: str) -> "Tap":
        opened = Tap.open(self.sandbox, camera)
        self.closing.callback(opened.close)
        return opened

    def complaints(self, *cameras: Camera, patience_s: float = 90) -> list[str]:
        """What is wrong with the cameras' wafers once nothing is on its way, or when patience ends."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if all(each.done for each in cameras) and not self._complaints(cameras):
                time.sleep(_POLL_S)  # a repeat on its way would arrive now
                return self._complaints(cameras)
            time.sleep(_POLL_S)
        return self._complaints(cameras) or ["a camera has not ended"]

    def _complaints(self, cameras: Sequence[Camera]) -> list[str]:
        wafers = played(cameras)
        expected = expect(wafers, self.policy, AUDIT_RATE)
        return discrepancies(wafers, expected, self.found(*cameras))

    def found(self, *cameras: Camera) -> Found:
        """What the cloud holds under the cameras' names."""
        names = {each.device.camera for each in cameras}
        prefixes = tuple(f"{each.device.fab}/{each.device.camera}/" for each in cameras)
        topics = tuple(f"fabwafer/{prefix}" for prefix in prefixes)
        everything = find(self.sandbox, self.subscriber, prefixes)
        return replace(
            everything,
            stored=[item for item in everything.stored if item["camera"] in names],
            alerts=[each for each in everything.alerts if each.alert.camera in names],
            reviews=[item for item in everything.reviews if item["camera"] in names],
            quarantined=[
                each for each in everything.quarantined if each["topic"].startswith(topics)
            ],
        )

    def dead_letters(self) -> dict[str, int]:
        counts = {queue: self.sandbox.depth(queue) for queue in DEAD_LETTER_QUEUES}
        return {queue: count for queue, count in counts.items() if count}

    @contextlib.contextmanager
    def redelivering_after(self, visibility_s: int, queue: str) -> Iterator[None]:
        """Let a queue deliver again after seconds instead of minutes."""
        sqs, url = self.sandbox.emulator.client("sqs"), self.sandbox.outputs[queue]
        names = ["VisibilityTimeout"]
        before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        changed = {"VisibilityTimeout": str(visibility_s)}
        sqs.set_queue_attributes(QueueUrl=url, Attributes=changed)
        try:
            yield
        finally:
            sqs.set_queue_attributes(QueueUrl=url, Attributes=before)

    @contextlib.contextmanager
    def calling(self, url: str, service: str, function: str) -> Iterator[None]:
        """Send a function's calls of one service elsewhere; its code stays the deployed one."""
        client, name = self.sandbox.emulator.client("lambda"), self.sandbox.outputs[function]
        before = client.get_function_configuration(FunctionName=name)["Environment"]
        variables = before["Variables"] | {f"AWS_ENDPOINT_URL_{service}": url}
        changed = {"Variables": variables}
        client.update_function_configuration(FunctionName=name, Environment=changed)
        try:
            yield
        finally:
            client.update_function_configuration(FunctionName=name, Environment=before)


def wait_until(what: str, condition: Callable[[], bool], patience_s: float = 60) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {patience_s:.0f} s: {what}"
        time.sleep(0.1)


@pytest.fixture
def fab(
    sandbox: Cloud, devices: dict[str, Device], subscriber: Subscriber, state_dir: Path
) -> Iterator[Fab]:
    equipped = Fab(sandbox, devices, subscriber, shipped_policy(), state_dir)
    with equipped.closing:
        yield equipped


@pytest.fixture(scope="session")
def until() -> Callable[..., None]:
    return wait_until


@dataclass(frozen=True)
class Tap:
    """A rule of the test's own that copies every message of a camera into a queue."""

    sandbox: Cloud
    name: str
    queue_url: str

    @classmethod
    def open(cls, sandbox: Cloud, camera: str) -> "Tap":
        name = f"tap_{camera}"
        iot, sqs = sandbox.emulator.client("iot"), sandbox.emulator.client("sqs")
        queue_url = sqs.create_queue(QueueName=name)["QueueUrl"]
        deployed = iot.get_topic_rule(ruleName="FabWaferPrediction")["rule"]
        send = deployed["actions"][0]["sqs"] | {"queueUrl": queue_url}
        sql = deployed["sql"].partition(" FROM ")[0] + f" FROM 'fabwafer/faba/{camera}/#'"
        payload = {"sql": sql, "awsIotSqlVersion": "2016-03-23", "actions": [{"sqs": send}]}
        iot.create_topic_rule(ruleName=name, topicRulePayload=payload)
        return cls(sandbox, name, queue_url)

    def take(self) -> list[dict[str, Any]]:
        """The envelopes of the messages that came since the last call."""
        sqs = self.sandbox.emulator.client("sqs")
        taken = []
        while received := sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            taken += [json.loads(each["Body"]) for each in received]
            entries = [
                {"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]}
                for number, each in enumerate(received)
            ]
            sqs.delete_message_batch(QueueUrl=self.queue_url, Entries=entries)
        return taken

    def close(self) -> None:
        self.sandbox.emulator.client("iot").delete_topic_rule(ruleName=self.name)
        self.sandbox.emulator.client("sqs").delete_queue(QueueUrl=self.queue_url)
