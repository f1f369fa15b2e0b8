import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from fabwafer.triage import Policy
from sandbox.cameras import Camera
from sandbox.cloud import Cloud, cloud
from sandbox.demo import shipped_policy
from sandbox.deploy import AUDIT_RATE
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
    with cloud(state_dir, FLEET) as deployed:
        yield deployed


@pytest.fixture(scope="session")
def devices(sandbox: Cloud, state_dir: Path) -> dict[str, Device]:
    enrolled = enrol_all(sandbox.emulator, FLEET, state_dir / "devices")
    return {device.camera: device for device in enrolled}


@pytest.fixture(scope="session")
def subscriber(sandbox: Cloud) -> Subscriber:
    return subscribe(sandbox)


@pytest.fixture(scope="session")
def policy() -> Policy:
    return shipped_policy()


@pytest.fixture
def camera(
    sandbox: Cloud, devices: dict[str, Device], state_dir: Path
) -> Iterator[Callable[..., Camera]]:
    made: list[Camera] = []

    def make(name: str, port: int | None = None) -> Camera:
        folder = state_dir / "cameras" / name
        made.append(Camera(devices[name], folder, port or sandbox.emulator.mqtt_port))
        return made[-1]

    yield make
    for each in made:
        each.stop()


@dataclass(frozen=True)
class Inspector:
    """Waits until nothing is wrong with what became of some cameras' wafers, or tells what still is."""

    sandbox: Cloud
    subscriber: Subscriber
    policy: Policy

    def complaints(self, cameras: Sequence[Camera], patience_s: float = 60) -> list[str]:
        deadline = time.monotonic() + patience_s
        while True:
            if all(each.done for each in cameras) and not self._complaints(cameras):
                time.sleep(_POLL_S)  # a repeat on its way would arrive now
                return self._complaints(cameras)
            if time.monotonic() > deadline:
                return self._complaints(cameras) or ["a camera has not ended"]
            time.sleep(_POLL_S)

    def _complaints(self, cameras: Sequence[Camera]) -> list[str]:
        wafers = played(cameras)
        expected = expect(wafers, self.policy, AUDIT_RATE)
        return discrepancies(wafers, expected, self.found(cameras))

    def found(self, cameras: Sequence[Camera]) -> Found:
        """What is found under the cameras' names."""
        names = {each.device.camera for each in cameras}
        fab = cameras[0].device.fab
        prefix = f"{fab}/{cameras[0].device.camera}/" if len(names) == 1 else f"{fab}/"
        everything = find(self.sandbox, self.subscriber, prefix)
        topics = tuple(f"fabwafer/{fab}/{name}/" for name in names)
        return replace(
            everything,
            stored=[item for item in everything.stored if item["camera"] in names],
            alerts=[each for each in everything.alerts if each.alert.camera in names],
            reviews=[item for item in everything.reviews if item["camera"] in names],
            quarantined=[
                each for each in everything.quarantined if each["topic"].startswith(topics)
            ],
        )


@pytest.fixture
def inspector(sandbox: Cloud, subscriber: Subscriber, policy: Policy) -> Inspector:
    return Inspector(sandbox, subscriber, policy)


@pytest.fixture
def until() -> Callable[..., None]:
    def wait(what: str, condition: Callable[[], bool], patience_s: float = 30) -> None:
        deadline = time.monotonic() + patience_s
        while not condition():
            assert time.monotonic() < deadline, f"not within {patience_s} s: {what}"
            time.sleep(0.05)

    return wait


@pytest.fixture
def impatient_queue(sandbox: Cloud) -> Iterator[Callable[[str, int], None]]:
    """Let a queue deliver again after seconds instead of minutes, for the time of one test."""
    sqs = sandbox.emulator.client("sqs")
    before: dict[str, str] = {}

    def shorten(queue: str, visibility_s: int) -> None:
        url = sandbox.outputs[queue]
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
        before[url] = answer["Attributes"]["VisibilityTimeout"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(visibility_s)})

    yield shorten
    for url, timeout_s in before.items():
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": timeout_s})


@pytest.fixture
def tap(sandbox: Cloud) -> Iterator[Callable[[str], "Tap"]]:
    """A rule of the test's own that copies a camera's messages into a queue."""
    taps: list[Tap] = []

    def listen(camera: str) -> Tap:
        taps.append(Tap.open(sandbox, camera))
        return taps[-1]

    yield listen
    for each in taps:
        each.close()


@dataclass
class Tap:
    """Every message of one camera, as its envelope: payload in base64, topic, time of arrival."""

    sandbox: Cloud
    name: str
    queue_url: str

    @classmethod
    def open(cls, sandbox: Cloud, camera: str) -> "Tap":
        name = f"tap_{camera}"
        queue_url = sandbox.emulator.client("sqs").create_queue(QueueName=name)["QueueUrl"]
        sandbox.emulator.client("iot").create_topic_rule(
            ruleName=name,
            topicRulePayload={
                "sql": "SELECT encode(*, 'base64') AS payload, topic() AS topic, "
                f"timestamp() AS received_ms FROM 'fabwafer/faba/{camera}/#'",
                "awsIotSqlVersion": "2016-03-23",
                "actions": [{"sqs": {"queueUrl": queue_url, "roleArn": "arn:aws:iam::0:role/x"}}],
            },
        )
        return cls(sandbox, name, queue_url)

    def take(self) -> list[dict[str, str | int]]:
        """The messages that came since the last call."""
        sqs = self.sandbox.emulator.client("sqs")
        taken: list[dict[str, str | int]] = []
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
