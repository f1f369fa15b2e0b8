"""The heartbeat: published at once, past the outbox, for an old one tells nothing."""

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from threading import Event

from edge_component.config import Settings
from edge_component.dates import is_set
from edge_component.health import Health
from edge_component.outbox import Outbox
from edge_component.publisher import Publisher, RefusedError

_NEWS_SPACING_S = 5.0


class Heart:
    """Beats every `heartbeat_s`, and soon after something begins or ceases to work."""

    def __init__(
        self,
        settings: Settings,
        publisher: Publisher,
        health: Health,
        outbox: Outbox,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._publisher = publisher
        self._health = health
        self._outbox = outbox
        self._clock = clock
        self._due = self._last = clock()

    def step(self, _stop: Event) -> float | None:
        """Beat when it is time; return None, for the next look is soon enough."""
        if self._health.changed.is_set():
            self._due = min(self._due, self._last + _NEWS_SPACING_S)
        if self._clock() < self._due:
            return None
        self._health.changed.clear()
        self._last = self._clock()
        self._due = self._last + self._settings.heartbeat_s
        self._tell_of_the_date()
        backlog = None
        with suppress(sqlite3.Error):
            backlog = self._outbox.backlog()
        settings = self._settings
        beat = self._health.heartbeat(
            settings.fab, settings.camera, _version(), settings.state_dir, backlog
        )
        self._publisher.publish(str(beat.topic), beat.to_bytes()).add_done_callback(self._settle)
        return None

    def _tell_of_the_date(self) -> None:
        if is_set():
            self._health.recover("clock")
        else:
            self._health.degrade("clock", "not set: wafers carry a date that is too early")

    def _settle(self, published: Future[None]) -> None:
        """Say what is refused; what is offline the messages say, and an old heartbeat is not repeated."""
        error = published.exception()
        if isinstance(error, RefusedError):
            self._health.degrade("status", str(error))
        elif error is None:
            self._health.recover("status")


def _version() -> str:
    with suppress(PackageNotFoundError):
        return version("fabwafer")
    return "unknown"
