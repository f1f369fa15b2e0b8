"""What a real Greengrass runtime does, line by line of what was measured of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from edge_parts import write_bundle
from fake_ggipc import FakeNucleus

from edge_component.configuration import GreengrassConfiguration
from edge_component.health import Health
from edge_component.ipc import MAX_PAYLOAD_BYTES, Nucleus, NucleusAwayError, TokenRefusedError
from edge_component.patterns import generate
from edge_component.pictures import encode_dies
from edge_component.publisher import PublishError, RefusedError
from fabwafer.errors import ContractError

TOPIC = "fabwafer/faba/camera1/prediction/w1"


@pytest.fixture
def client(nucleus: FakeNucleus) -> Iterator[Nucleus]:
    del nucleus
    client = Nucleus(call_timeout_s=2, second_try_s=0.01)
    yield client
    client.close()


def publish(client: Nucleus, payload: bytes = b"{}") -> BaseException | None:
    return client.publish(TOPIC, payload).exception(5)


def eventually(condition: Callable[[], bool], timeout_s: float = 15) -> bool:
    """Wait for what another process does."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class TestConnection:
    def test_a_publish_is_acknowledged_with_qos_1(
        self, client: Nucleus, nucleus: FakeNucleus
    ) -> None:
        assert publish(client) is None
        assert [(each.topic, each.qos) for each in nucleus.published] == [(TOPIC, 1)]

    def test_a_service_error_is_to_be_repeated(self, client: Nucleus, nucleus: FakeNucleus) -> None:
        nucleus.online = False
        error = publish(client)
        assert type(error) is PublishError and str(error) == "ServiceError"
        nucleus.online = True
        assert publish(client) is None
        assert nucleus.connects == 1

    def test_lines_13_and_15_unauthorized_is_refused_for_good(
        self, client: Nucleus, nucleus: FakeNucleus
    ) -> None:
        nucleus.denied = lambda topic: topic == TOPIC
        error = publish(client)
        assert isinstance(error, RefusedError) and TOPIC in str(error)

    def test_a_dropped_connection_is_made_anew(self, client: Nucleus, nucleus: FakeNucleus) -> None:
        publish(client)
        nucleus.drop_connections()
        assert eventually(lambda: publish(client) is None)
        assert nucleus.connects == 2

    def test_one_byte_too_many_would_cost_the_connection(
        self, client: Nucleus, nucleus: FakeNucleus
    ) -> None:
        assert publish(client, b"x" * MAX_PAYLOAD_BYTES) is None
        assert isinstance(publish(client, b"x" * 7_301), PublishError)
        assert publish(client) is None
        assert nucleus.connects == 2

    def test_a_refused_token_gets_one_more_client_and_then_ends_the_process(
        self, client: Nucleus, nucleus: FakeNucleus
    ) -> None:
        publish(client)
        nucleus.restart()
        with pytest.raises(TokenRefusedError):
            eventually(lambda: publish(client) is None)
        assert nucleus.connects == 3

    def test_a_nucleus_that_is_away_is_waited_for(
        self, client: Nucleus, nucleus: FakeNucleus
    ) -> None:
        nucleus.stop()
        error = publish(client)
        assert type(error) is PublishError and "no connection" in str(error)
        nucleus.start()
        assert publish(client) is None

    def test_a_publish_that_is_never_answered_gets_a_new_connection(
        self, client: Nucleus, nucleus: FakeNucleus
    ) -> None:
        nucleus.answers = False
        silent = client.publish(TOPIC, b"{}")
        assert eventually(lambda: "PublishToIoTCore" in nucleus.calls)
        assert not silent.done()
        client.unanswered()
        nucleus.answers = True
        assert publish(client) is None
        assert nucleus.connects == 2

    def test_calls_fail_clearly_while_the_nucleus_is_away(
        self, client: Nucleus, nucleus: FakeNucleus
    ) -> None:
        nucleus.stop()
        for call in (client.configuration, client.running):
            with pytest.raises(NucleusAwayError):
                call()

    @pytest.mark.parametrize("call", ["configuration", "running", "watch"])
    def test_a_call_on_a_dropped_connection_ended_the_process(
        self, client: Nucleus, nucleus: FakeNucleus, call: str
    ) -> None:
        calls: dict[str, Callable[[], object]] = {
            "configuration": client.configuration,
            "running": client.running,
            "watch": lambda: client.watch_configuration(lambda: None),
        }

        def works() -> bool:
            with suppress(NucleusAwayError):
                calls[call]()
                return True
            return False

        publish(client)
        dropped = client._client
        nucleus.drop_connections()
        # Until the client knows, a call is merely unanswered; after that it raises at once.
        assert eventually(lambda: _is_closed(dropped))
        with pytest.raises(NucleusAwayError):
            calls[call]()
        assert eventually(works)
        assert nucleus.connects == 2

    def test_a_connection_closed_a_moment_ago_ended_the_step(self, client: Nucleus) -> None:
        class JustClosed:
            def publish_to_iot_core_async(self, **_: object) -> None:
                raise RuntimeError("4104 (AWS_ERROR_EVENT_STREAM_RPC_CONNECTION_CLOSED)")

            def close(self) -> None:
                pass

        client._client = JustClosed()
        assert type(publish(client)) is PublishError
        assert publish(client) is None

    def test_what_the_nucleus_calls_invalid_was_repeated_for_ever(
        self, client: Nucleus, nucleus: FakeNucleus
    ) -> None:
        nucleus.invalid = lambda topic: topic == TOPIC
        error = publish(client)
        assert isinstance(error, RefusedError) and str(error) == f"InvalidArgumentsError: {TOPIC}"


def _is_closed(client: Any) -> bool:
    answer = client.publish_to_iot_core_async
    try:
        answer(topic_name="probe", qos="1", payload=b"").exception(5)
    except RuntimeError:
        return True
    return False


class TestConfiguration:
    @pytest.fixture
    def configuration(self, client: Nucleus, health: Health) -> GreengrassConfiguration:
        return GreengrassConfiguration(client, health, resubscribe_s=0.3, debounce_s=0.05)

    def changed(self, configuration: GreengrassConfiguration, timeout_s: float = 5) -> bool:
        return eventually(configuration.may_have_changed, timeout_s)

    def test_an_event_leads_to_a_fresh_read(
        self, configuration: GreengrassConfiguration, nucleus: FakeNucleus
    ) -> None:
        configuration._resubscribe_s = 1000
        assert configuration.may_have_changed()
        reads = nucleus.calls.count("GetConfiguration")
        nucleus.merge(fab="fabb", camera="camera9")
        assert self.changed(configuration)
        assert nucleus.calls.count("GetConfiguration") == reads
        assert configuration.read() == {"fab": "fabb", "camera": "camera9"}
        assert not self.changed(configuration, 0.2)

    def test_subscribing_while_the_nucleus_is_away_is_tried_again(
        self, configuration: GreengrassConfiguration, nucleus: FakeNucleus, health: Health
    ) -> None:
        nucleus.stop()
        assert not configuration.may_have_changed()
        assert "no connection" in health.reasons["greengrass"]
        nucleus.start()
        assert self.changed(configuration)
        assert health.reasons == {}

    def test_a_read_that_failed_lost_the_event(
        self, configuration: GreengrassConfiguration, nucleus: FakeNucleus
    ) -> None:
        configuration._resubscribe_s = 1000
        assert configuration.may_have_changed()
        nucleus.merge(fab="fabb")
        assert self.changed(configuration)
        nucleus.stop()
        with pytest.raises(ContractError, match="Greengrass"):
            configuration.read()
        nucleus.start()
        assert self.changed(configuration)
        assert configuration.read() == {"fab": "fabb"}

    def test_a_subscription_that_died_silently_is_replaced(
        self, configuration: GreengrassConfiguration, nucleus: FakeNucleus
    ) -> None:
        configuration.may_have_changed()
        nucleus.lose_subscriptions()
        nucleus.merge(fab="fabc")
        assert self.changed(configuration)
        assert configuration.read() == {"fab": "fabc"}
        assert nucleus.calls.count("SubscribeToConfigurationUpdate") == 2


class Process:
    """The component as Greengrass runs it."""

    def __init__(self, nucleus: FakeNucleus, folder: Path) -> None:
        self.nucleus, self.folder = nucleus, folder
        self.log = folder / "stdout.jsonl"
        self.journal = folder / "journal.jsonl"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "edge_component", "--greengrass"],
                env=os.environ | self.nucleus.environment(),
                stdout=log,
            )

    def signal(self, number: int) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(10)

    def wait(self, timeout_s: float = 30) -> int:
        assert self.process is not None
        return self.process.wait(timeout_s)

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [entry for line in lines if (entry := json.loads(line))["event"] == name]

    def journaled(self) -> list[str]:
        lines = self.journal.read_text().splitlines() if self.journal.exists() else []
        return [json.loads(line)["imgid"] for line in lines]


@pytest.fixture
def component(nucleus: FakeNucleus, tmp_path: Path, bundle: Path) -> Iterator[Process]:
    process = Process(nucleus, tmp_path)
    nucleus.config |= {
        "fab": "faba",
        "camera": "camera1",
        "model_dir": str(bundle),
        "state_dir": str(tmp_path / "state"),
        "source": {"kind": "simulator", "wafers": "60", "rate_per_s": "0"},
        "publisher": {"kind": "greengrass"},
        "messages_per_s": "100",
        "journal": str(process.journal),
    }
    yield process
    if process.process is not None and process.process.poll() is None:
        process.process.kill()
        process.process.wait(10)


def imgids(nucleus: FakeNucleus, kind: str) -> list[str]:
    return [each.body["imgid"] for each in nucleus.of_kind(kind)]


def all_there(nucleus: FakeNucleus, wafers: int) -> Callable[[], bool]:
    return lambda: all(len(set(imgids(nucleus, kind))) == wafers for kind in ("prediction", "img"))


@pytest.mark.timeout(240)
@pytest.mark.parametrize("offline_s", [3, pytest.param(60, marks=pytest.mark.long)])
def test_lines_1_and_4_offline_with_wafers_arriving_then_online_all_arrive_once_in_order(
    component: Process, nucleus: FakeNucleus, offline_s: int
) -> None:
    nucleus.online = False
    wafers = 20 * offline_s
    source = {"kind": "simulator", "wafers": str(wafers), "rate_per_s": "20"}
    nucleus.config |= {"source": source, "exit_when_done": "true"}
    component.start()
    time.sleep(offline_s)
    assert nucleus.published == []
    nucleus.online = True
    assert component.wait(30 + 2 * offline_s) == 0
    assert imgids(nucleus, "prediction") == imgids(nucleus, "img") == component.journaled()
    assert len(component.journaled()) == wafers
    assert [each.body["sequence"] for each in nucleus.of_kind("prediction")] == list(
        range(1, wafers + 1)
    )


def test_sigterm_ends_it_within_10_s_with_the_outbox_intact(
    component: Process, nucleus: FakeNucleus
) -> None:
    nucleus.online = False
    component.start()
    assert eventually(lambda: len(component.journaled()) == 60)
    assert component.signal(signal.SIGTERM) == 0
    assert [each["outcome"] for each in component.events("wafer")].count("accepted") > 0
    assert len(component.events("wafer")) == 60
    nucleus.online = True
    component.start()
    assert nucleus.wait_for(all_there(nucleus, 60))
    assert imgids(nucleus, "prediction") == component.journaled()


def test_killed_in_mid_run_again_and_again_it_loses_no_wafer_and_journals_each_once(
    component: Process, nucleus: FakeNucleus
) -> None:
    source = {"kind": "simulator", "wafers": "150", "rate_per_s": "150"}
    nucleus.config |= {"source": source, "exit_when_done": "true"}
    for wafers in (30, 80):
        component.start()
        assert nucleus.wait_for(lambda least=wafers: len(nucleus.of_kind("prediction")) > least)
        component.signal(signal.SIGKILL)
    component.start()
    assert component.wait() == 0
    assert len(component.journaled()) == len(set(component.journaled())) == 150
    assert (
        set(imgids(nucleus, "prediction"))
        == set(imgids(nucleus, "img"))
        == set(component.journaled())
    )
    first_time = list(dict.fromkeys(imgids(nucleus, "prediction")))
    assert first_time == component.journaled()


def test_a_repeat_is_the_same_message(component: Process, nucleus: FakeNucleus) -> None:
    nucleus.config |= {"source": {"kind": "simulator", "wafers": "100"}}
    component.start()
    assert nucleus.wait_for(lambda: len(nucleus.published) > 50)
    component.signal(signal.SIGKILL)
    component.start()
    assert nucleus.wait_for(all_there(nucleus, 100))
    payloads: dict[str, set[bytes]] = {}
    for each in nucleus.published:
        if each.kind != "status":
            payloads.setdefault(each.topic, set()).add(each.payload)
    assert all(len(versions) == 1 for versions in payloads.values())


def test_lines_2_and_3_the_limits_of_the_nucleus_are_kept_when_it_is_slow(
    component: Process, nucleus: FakeNucleus
) -> None:
    nucleus.answer_delay_s = 0.05
    component.start()
    assert nucleus.wait_for(all_there(nucleus, 60), 30)
    assert 4 < nucleus.flights.most_messages <= 10
    assert nucleus.flights.most_bytes <= 15_000
    assert nucleus.connects == 1


def test_a_restarted_nucleus_makes_it_end_and_its_successor_goes_on(
    component: Process, nucleus: FakeNucleus
) -> None:
    source = {"kind": "simulator", "wafers": "100", "rate_per_s": "50"}
    nucleus.config |= {"source": source}
    component.start()
    assert nucleus.wait_for(lambda: len(nucleus.of_kind("prediction")) > 20)
    nucleus.restart()
    assert component.wait() not in (0, None)
    component.start()
    assert nucleus.wait_for(all_there(nucleus, 100))


def test_lines_5_and_11_without_camera_and_model_it_stays_and_says_so(
    component: Process, nucleus: FakeNucleus, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    nucleus.config |= {
        "model_dir": str(tmp_path / "late"),
        "source": {"kind": "folder", "folder": str(folder), "settle_s": "0.1", "poll_s": "0.05"},
    }
    component.start()
    assert nucleus.wait_for(lambda: any("model" in str(b) for b in degraded(nucleus)))
    assert nucleus.states == []
    write_bundle(tmp_path / "late")
    nucleus.merge(model_dir=str(tmp_path / "late" / "."), heartbeat_s="0.2")
    assert nucleus.wait_for(lambda: any("camera" in str(b) for b in degraded(nucleus)))
    assert nucleus.wait_for(lambda: nucleus.states == ["RUNNING"])
    folder.mkdir()
    (folder / "w.png").write_bytes(encode_dies(generate(1, 1)[0]))
    assert nucleus.wait_for(all_there(nucleus, 1))
    assert nucleus.wait_for(lambda: degraded(nucleus)[-1] == [])


def degraded(nucleus: FakeNucleus) -> list[list[str]]:
    return [each.body.get("degraded", []) for each in nucleus.of_kind("status")]


def test_a_merge_is_taken_up_without_a_restart_and_a_bad_one_is_reported(
    component: Process, nucleus: FakeNucleus
) -> None:
    source = {"kind": "simulator", "wafers": "0", "rate_per_s": "20"}
    nucleus.config |= {"source": source, "heartbeat_s": "0.2"}
    component.start()
    assert nucleus.wait_for(lambda: len(nucleus.of_kind("prediction")) > 5)
    nucleus.merge(messages_per_s="soon")
    assert nucleus.wait_for(lambda: any("messages_per_s" in str(b) for b in degraded(nucleus)))
    before = len(nucleus.of_kind("prediction"))
    assert nucleus.wait_for(lambda: len(nucleus.of_kind("prediction")) > before)
    nucleus.merge(messages_per_s="50", camera="camera2")
    moved = "fabwafer/faba/camera2/prediction"
    assert nucleus.wait_for(lambda: any(each.topic.startswith(moved) for each in nucleus.published))
    assert component.process is not None and component.process.poll() is None
    sequences = [each.body["sequence"] for each in nucleus.of_kind("prediction")]
    assert sequences == sorted(sequences)


def test_a_denied_topic_is_said_loudly_and_the_rest_goes_on(
    component: Process, nucleus: FakeNucleus
) -> None:
    nucleus.denied = lambda topic: "/img/" in topic
    nucleus.config |= {"heartbeat_s": "0.2"}
    component.start()
    assert nucleus.wait_for(lambda: len(nucleus.of_kind("prediction")) == 60)
    assert nucleus.wait_for(
        lambda: any("refused: 60 messages" in str(b) for b in degraded(nucleus))
    )
    assert len(component.events("message refused")) == 60


def test_a_bad_configuration_at_the_start_waits_for_a_good_one(
    component: Process, nucleus: FakeNucleus
) -> None:
    nucleus.config["fab"] = "no/fab"
    component.start()
    assert eventually(
        lambda: any("no/fab" in each["reason"] for each in component.events("degraded"))
    )
    nucleus.config["fab"] = "faba"
    assert nucleus.wait_for(lambda: nucleus.states == ["RUNNING"])


def test_its_threads_are_few_and_named(component: Process, nucleus: FakeNucleus) -> None:
    component.start()
    assert nucleus.wait_for(all_there(nucleus, 60))
    assert component.process is not None
    tasks = Path(f"/proc/{component.process.pid}/task")
    assert len(list(tasks.iterdir())) <= 8
