"""Where the configuration comes from, and when it may have changed."""

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event
from typing import Any, Protocol

from edge_component import logs
from edge_component.health import Health
from edge_component.ipc import Nucleus, NucleusAwayError
from edge_component.pacing import Backoff
from fabwafer.errors import ContractError

_DEBOUNCE_S = 1.0


class Configuration(Protocol):
    """A configuration that may change while the component runs."""

    def read(self) -> Mapping[str, Any]:
        """Return its present values.

        Raises:
            ContractError: If they cannot be read.
        """
        ...

    def may_have_changed(self) -> bool:
        """Tell whether to read it again; called every moment."""
        ...


class FileConfiguration:
    """A JSON file, read again when it is written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._version()

    def read(self) -> Mapping[str, Any]:
        """Return the file's values."""
        try:
            values = json.loads(self._path.read_bytes())
        except (OSError, ValueError) as error:
            raise ContractError(
                "configuration", str(self._path), f"a JSON file ({error})"
            ) from error
        if not isinstance(values, dict):
            raise ContractError("configuration", values, "a JSON object")
        return values

    def may_have_changed(self) -> bool:
        """Compare the file's size and time."""
        seen, self._seen = self._seen, self._version()
        return seen != self._seen

    def _version(self) -> tuple[int, int] | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_size, stat.st_mtime_ns


class GreengrassConfiguration:
    """The component's configuration in Greengrass, where every merged key is an event of its own.

    The event only sets a flag; the values are fetched when no further event has come for a moment.
    Subscriptions fail while the nucleus is away and can die silently, so they are made anew in the
    background, and the values are fetched after each.
    """

    def __init__(
        self,
        nucleus: Nucleus,
        health: Health,
        *,
        resubscribe_s: float = 600.0,
        debounce_s: float = _DEBOUNCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._nucleus = nucleus
        self._health = health
        self._backoff = Backoff(first_s=1.0)
        self._debounce_s = debounce_s
        self._clock = clock
        self._event = Event()
        self._due: float | None = None
        self._subscribe_at = clock()
        self._resubscribe_s = resubscribe_s

    def read(self) -> Mapping[str, Any]:
        """Fetch the values."""
        try:
            values = self._nucleus.configuration()
        except NucleusAwayError as error:
            self._due = self._clock() + self._backoff.failed()  # or the event would be lost
            raise ContractError(
                "configuration", None, f"an answer of Greengrass ({error})"
            ) from error
        self._backoff.succeeded()
        return component_values(values, os.environ.get("AWS_IOT_THING_NAME", ""))

    def may_have_changed(self) -> bool:
        """Keep the subscription alive and debounce its events."""
        if self._event.is_set():
            self._event.clear()
            self._due = self._clock() + self._debounce_s
        if self._clock() >= self._subscribe_at and self._subscribe():
            return True
        if self._due is not None and self._clock() >= self._due:
            self._due = None
            return True
        return False

    def _subscribe(self) -> bool:
        try:
            self._nucleus.watch_configuration(self._event.set)
        except NucleusAwayError as error:
            self._subscribe_at = self._clock() + self._backoff.failed()
            self._health.degrade("greengrass", str(error))
            return False
        self._subscribe_at = self._clock() + self._resubscribe_s
        self._backoff.succeeded()
        self._health.recover("greengrass")
        logs.info("subscribed to the configuration")
        return True


def component_values(values: Mapping[str, Any], thing: str) -> dict[str, Any]:
    """Return what concerns us of a Greengrass configuration.

    One deployment serves many Pis, so what it leaves empty of fab and camera the thing's name tells:
    `<fab>--<camera>`. The access control beside our keys is the nucleus' own.
    """
    own = {key: value for key, value in values.items() if key != "accessControl"}
    fab, named, camera = thing.partition("--")
    if named:
        own["fab"] = own.get("fab") or fab
        own["camera"] = own.get("camera") or camera
    return own
