"""3. Outbox -> MQTT topic: paced, a few at a time, oldest first; only an acknowledgement deletes.

After a failure messages go out one by one, so that what was waiting arrives in order; every success
doubles the window. What is refused for good is kept, counted and tried again now and then, and does
not hold up the rest.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from threading import Event
from typing import Protocol

from edge_component import logs
from edge_component.entries import Stored
from edge_component.health import Health
from edge_component.outbox import Outbox
from edge_component.pacing import Backoff, Pacer
from fabwafer.errors import FabWaferError

WINDOW_MESSAGES = 9
"""Greengrass allows 10 unacknowledged publishes; one of them is the heartbeat's."""
WINDOW_BYTES = 15_000
"""Greengrass allows 15 kB in flight."""
_STOP_GRACE_S = 2.0


class PublishError(FabWaferError):
    """A message that was not acknowledged, and may yet have arrived: it will be sent again."""


class RefusedError(PublishError):
    """A message that will not be taken until somebody changes a policy."""


class Publisher(Protocol):
    """A way to AWS IoT Core."""

    max_payload_bytes: int

    def publish(self, topic: str, payload: bytes) -> Future[None]:
        """Send a message at least once.

        The future ends with nothing when it is acknowledged, else with a `PublishError`.
        """
        ...

    def unanswered(self) -> None:
        """Hear that a publish got no answer in time: begin with a new connection if that may help."""
        ...

    def close(self) -> None:
        """Disconnect."""
        ...


@dataclass(frozen=True)
class Pace:
    """How fast messages go out, and how soon again.

    Attributes:
        messages_per_s: At most so many; IoT Core discards what exceeds 100 a second of a connection.
        ack_timeout_s: An unanswered publish counts as failed after it.
        refused_retry_s: The pause between attempts at refused messages.
        backoff_s: The first and the longest pause after failures.
    """

    messages_per_s: float = 20.0
    ack_timeout_s: float = 10.0
    refused_retry_s: float = 60.0
    backoff_s: tuple[float, float] = (0.5, 30.0)


class Delivery:
    """Carries the outbox' messages to a publisher."""

    def __init__(
        self,
        outbox: Outbox,
        publisher: Publisher,
        health: Health,
        pace: Pace,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Wire a delivery.

        Args:
            outbox: This thread's connection to the outbox.
            publisher: Where to.
            health: Told what fails.
            pace: How fast, and how soon again.
            clock: Seconds.
        """
        self._outbox = outbox
        self._publisher = publisher
        self._health = health
        self._pace = pace
        self._clock = clock
        self._pacer = Pacer(pace.messages_per_s)
        self._backoff = Backoff(*pace.backoff_s)
        self._retry_refused_at = clock()
        self._window = 1
        self._acknowledged: list[int] = []

    def step(self, stop: Event) -> float | None:
        """Publish one window of messages.

        Returns:
            The seconds to wait after a failure; 0 when there may be more; None when nothing waits.
        """
        self._forget_acknowledged()
        batch = self._refused_turn() or _fitting(self._outbox.ready(self._window))
        if not batch:
            return None
        failures = self._send(batch, stop)
        self._forget_acknowledged()
        if failures:
            self._window = 1
            self._health.degrade("publish", failures[0])
            return self._backoff.failed()
        self._window = min(WINDOW_MESSAGES, self._window * 2)
        self._backoff.succeeded()
        self._health.recover("publish")
        return 0.0

    def _forget_acknowledged(self) -> None:
        """Delete what has arrived; a full disk may keep it here until the next step."""
        if self._acknowledged:
            self._outbox.acknowledge(self._acknowledged)
            self._acknowledged = []

    def _refused_turn(self) -> list[Stored]:
        if self._clock() < self._retry_refused_at:
            return []
        self._retry_refused_at = self._clock() + self._pace.refused_retry_s
        return self._outbox.refused()

    def _send(self, batch: list[Stored], stop: Event) -> list[str]:
        flights: list[tuple[Stored, Future[None]]] = []
        for stored in batch:
            if stop.wait(self._pacer.reserve()) or any(map(_has_failed, flights)):
                break
            flights.append((stored, self._publish(stored)))
        self._await([future for _, future in flights], stop)
        return [failure for each in flights if (failure := self._settle(*each))]

    def _publish(self, stored: Stored) -> Future[None]:
        message = stored.message
        limit = self._publisher.max_payload_bytes
        if len(message.payload) > limit:
            too_large: Future[None] = Future()
            reason = f"{len(message.payload)} bytes, the publisher takes {limit}"
            too_large.set_exception(RefusedError(reason))
            return too_large
        return self._publisher.publish(message.topic, message.payload)

    def _await(self, futures: list[Future[None]], stop: Event) -> None:
        deadline = self._clock() + self._pace.ack_timeout_s
        while self._clock() < deadline:
            if not wait(futures, timeout=0.2).not_done:
                return
            if stop.is_set():
                deadline = min(deadline, self._clock() + _STOP_GRACE_S)
        self._publisher.unanswered()

    def _settle(self, stored: Stored, future: Future[None]) -> str | None:
        """Note what became of one message; return why it must be sent again, if it must."""
        if not future.done():
            return "no answer"
        error = future.exception()
        if error is None:
            self._acknowledged.append(stored.id)
            if stored.refused:
                self._outbox.release(stored.message.kind)
            return None
        if isinstance(error, RefusedError):
            self._outbox.refuse(stored, str(error))
            logs.warn("message refused", topic=stored.message.topic, reason=str(error))
            return None
        return str(error)


def _has_failed(flight: tuple[Stored, Future[None]]) -> bool:
    """Tell whether a message has failed already: what follows must not overtake it."""
    return flight[1].done() and flight[1].exception() is not None


def _fitting(messages: list[Stored]) -> list[Stored]:
    """Return the first messages that fit into the window's bytes, but at least one."""
    fitting: list[Stored] = []
    size = 0
    for each in messages:
        size += len(each.message.payload)
        if fitting and size > WINDOW_BYTES:
            break
        fitting.append(each)
    return fitting
