from collections.abc import Callable
from concurrent.futures import Future
from threading import Event

import pytest
from edge_parts import Clock
from test_edge_outbox import wafer

from edge_component.health import Health
from edge_component.outbox import Outbox
from edge_component.pacing import Backoff, Pacer
from edge_component.publisher import WINDOW_MESSAGES, Delivery, Pace, PublishError, RefusedError

Open = Callable[..., Outbox]
FAST = Pace(messages_per_s=1e6, ack_timeout_s=0.01)


class FakePublisher:
    """Answers every publish as it is told: None acknowledges, an error fails, ... keeps silent."""

    max_payload_bytes = 5000

    def __init__(self) -> None:
        self.topics: list[str] = []
        self.answer: Callable[[str], object] = lambda _topic: None
        self.silences = 0

    def publish(self, topic: str, _payload: bytes) -> Future[None]:
        self.topics.append(topic)
        future: Future[None] = Future()
        answer = self.answer(topic)
        if isinstance(answer, Exception):
            future.set_exception(answer)
        elif answer is None:
            future.set_result(None)
        return future

    def unanswered(self) -> None:
        self.silences += 1

    def close(self) -> None:
        pass


@pytest.fixture
def publisher() -> FakePublisher:
    return FakePublisher()


@pytest.fixture
def outbox(open_outbox: Open) -> Outbox:
    outbox = open_outbox()
    outbox.commit([wafer(number) for number in range(1, 21)])
    return outbox


@pytest.fixture
def delivery(outbox: Outbox, publisher: FakePublisher, health: Health, clock: Clock) -> Delivery:
    return Delivery(outbox, publisher, health, FAST, clock)


def all_topics(count: int = 20) -> list[str]:
    return [topic for number in range(1, count + 1) for topic in (f"p/w{number}", f"i/w{number}")]


def drain(delivery: Delivery) -> None:
    while delivery.step(Event()) is not None:
        pass


def test_everything_goes_out_once_in_order(
    delivery: Delivery, publisher: FakePublisher, outbox: Outbox
) -> None:
    drain(delivery)
    assert publisher.topics == all_topics()
    assert outbox.backlog().messages == 0


def test_offline_nothing_is_deleted_and_the_order_is_kept(
    delivery: Delivery, publisher: FakePublisher, outbox: Outbox, health: Health
) -> None:
    publisher.answer = lambda _topic: PublishError("ServiceError")
    pauses = [delivery.step(Event()) for _ in range(5)]
    assert publisher.topics == ["p/w1"] * 5
    assert outbox.backlog().messages == 40
    assert all(pause is not None and pause > 0 for pause in pauses)
    assert health.reasons["publish"] == "ServiceError"
    publisher.answer = lambda _topic: None
    drain(delivery)
    assert publisher.topics[5:] == all_topics()
    assert health.reasons == {}


def test_the_window_opens_slowly_and_not_too_far(
    delivery: Delivery, publisher: FakePublisher
) -> None:
    windows = []
    while delivery.step(Event()) is not None:
        windows.append(len(publisher.topics) - sum(windows))
    assert windows == [1, 2, 4, 8, 9, 9, 7]
    assert max(windows) == WINDOW_MESSAGES


def test_no_more_than_15_kb_are_in_flight(
    open_outbox: Open, publisher: FakePublisher, health: Health
) -> None:
    outbox = open_outbox()
    outbox.commit([wafer(number, size=4900) for number in range(1, 11)])
    delivery = Delivery(outbox, publisher, health, FAST)
    windows = []
    while delivery.step(Event()) is not None:
        windows.append(len(publisher.topics) - sum(windows))
    assert max(windows) == 3


def test_a_failure_stops_what_would_overtake_it(
    delivery: Delivery, publisher: FakePublisher
) -> None:
    for _ in range(3):
        delivery.step(Event())
    publisher.answer = lambda _topic: PublishError("ServiceError")
    before = len(publisher.topics)
    delivery.step(Event())
    assert len(publisher.topics) == before + 1


def test_what_is_refused_is_kept_and_does_not_block_the_rest(
    delivery: Delivery, publisher: FakePublisher, outbox: Outbox, clock: Clock
) -> None:
    publisher.answer = lambda topic: RefusedError("UnauthorizedError") if topic[0] == "i" else None
    drain(delivery)
    assert outbox.backlog().refused == outbox.backlog().messages == 20
    assert len(publisher.topics) == 40
    clock.now += 60
    drain(delivery)
    assert len(publisher.topics) == 41


def test_when_the_policy_is_mended_the_refused_go_out(
    delivery: Delivery, publisher: FakePublisher, outbox: Outbox, clock: Clock
) -> None:
    publisher.answer = lambda _topic: RefusedError("UnauthorizedError")
    drain(delivery)
    publisher.answer = lambda _topic: None
    clock.now += 60
    drain(delivery)
    assert outbox.backlog().messages == 20
    clock.now += 60
    drain(delivery)
    assert outbox.backlog().messages == 0


def test_what_is_too_large_is_never_handed_to_the_publisher(
    open_outbox: Open, publisher: FakePublisher, health: Health
) -> None:
    outbox = open_outbox()
    outbox.commit([wafer(1, size=5001), wafer(2)])
    drain(Delivery(outbox, publisher, health, FAST))
    assert publisher.topics == ["p/w2", "i/w2"]
    assert outbox.backlog().refusal == "5001 bytes, the publisher takes 5000"


def test_an_unanswered_publish_is_repeated_word_for_word(
    outbox: Outbox, publisher: FakePublisher, health: Health
) -> None:
    delivery = Delivery(outbox, publisher, health, FAST)
    publisher.answer = lambda _topic: ...
    assert delivery.step(Event())
    assert (publisher.silences, health.reasons["publish"]) == (1, "no answer")
    publisher.answer = lambda _topic: None
    delivery.step(Event())
    assert publisher.topics == ["p/w1", "p/w1"]


def test_a_stop_does_not_wait_for_answers(
    outbox: Outbox, publisher: FakePublisher, health: Health
) -> None:
    delivery = Delivery(outbox, publisher, health, Pace(messages_per_s=1e-3, ack_timeout_s=1e3))
    stop = Event()
    stop.set()
    delivery.step(stop)
    assert (publisher.topics, outbox.backlog().messages) == ([], 40)


def test_an_acknowledgement_that_a_full_disk_kept_is_deleted_before_anything_else(
    outbox: Outbox, publisher: FakePublisher, health: Health
) -> None:
    class Full:
        def __init__(self) -> None:
            self.failures = 1

        def acknowledge(self, ids: list[int]) -> None:
            if self.failures:
                self.failures = 0
                raise OSError("disk full")
            outbox.acknowledge(ids)

        def __getattr__(self, name: str) -> object:
            return getattr(outbox, name)

    delivery = Delivery(Full(), publisher, health, FAST)  # type: ignore[arg-type]
    with pytest.raises(OSError, match="disk full"):
        delivery.step(Event())
    drain(delivery)
    assert publisher.topics == all_topics()


def test_the_pace_spaces_messages_evenly(clock: Clock) -> None:
    pacer = Pacer(20, clock)
    assert [round(pacer.reserve(), 3) for _ in range(4)] == [0, 0.05, 0.1, 0.15]
    clock.now += 10
    assert [round(pacer.reserve(), 3) for _ in range(2)] == [0, 0.05]


def test_pauses_double_up_to_a_bound_with_jitter() -> None:
    longest, shortest = Backoff(1, 8, draw=lambda: 1.0), Backoff(1, 8, draw=lambda: 0.0)
    assert [longest.failed() for _ in range(5)] == [1, 2, 4, 8, 8]
    assert [shortest.failed() for _ in range(5)] == [0.5, 1, 2, 4, 4]
    longest.succeeded()
    assert longest.failed() == 1
