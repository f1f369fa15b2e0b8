"""13. A new bundle or configuration -> the component that runs with it, and back to 1.

The composition root: it reads the configuration, runs a `Component` with it, and replaces that one when
the configuration changes. It ends for a signal, for a finished simulation, and when Greengrass refuses
its token; never for a camera, a network or a model. With a configuration file it also ends when that is
wrong at the start, or when another process uses the state folder; under Greengrass it waits.
"""

import fcntl
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from edge_component import logs
from edge_component.component import Component, State
from edge_component.config import Settings, parse_settings
from edge_component.configuration import Configuration
from edge_component.health import Health
from edge_component.ipc import Nucleus, NucleusAwayError, TokenRefusedError
from edge_component.pacing import Backoff
from fabwafer.errors import ContractError, FabWaferError

_TICK_S = 0.2
_LOCK_WAIT_S = 15.0
_SOUND_S = 60.0
EXIT_CONFIGURATION, EXIT_LOCKED, EXIT_TOKEN = 2, 3, 4


class LockedError(FabWaferError):
    """Another process uses the state folder."""


class Main:
    """Keeps a component running with the configuration of the moment."""

    def __init__(
        self,
        configuration: Configuration,
        nucleus: Nucleus | None,
        health: Health,
        stop: Event,
        *,
        patient: bool = False,
    ) -> None:
        """Wire the process.

        Args:
            configuration: Where settings come from.
            nucleus: The connection to Greengrass, where there is one.
            health: Told by all parts.
            stop: Set by a signal.
            patient: Whether to wait for a good configuration and a free state folder instead of ending.
        """
        self._configuration = configuration
        self._nucleus = nucleus
        self._stop = stop
        self._health = health
        self._patient = patient
        self._reported = False
        self._backoff = Backoff(first_s=1.0)

    def run(self) -> int:
        """Run until there is a reason to end; return the exit status."""
        try:
            settings = self._first_settings()
            while settings is not None:
                settings = self._run_with(settings)
        except TokenRefusedError as error:
            logs.warn("ending", reason=str(error))
            return EXIT_TOKEN
        except ContractError as error:
            logs.warn("ending", reason=str(error), field=error.field)
            return EXIT_CONFIGURATION
        except LockedError as error:
            logs.warn("ending", reason=str(error))
            return EXIT_LOCKED
        finally:
            if self._nucleus is not None:
                self._nucleus.close()
        logs.info("ended")
        return 0

    def _first_settings(self) -> Settings | None:
        """Read the configuration; under Greengrass, which may mend it by a merge, wait for a good one."""
        while not self._stop.is_set():
            try:
                return parse_settings(self._configuration.read())
            except ContractError as error:
                if not self._patient:
                    raise
                self._health.degrade("configuration", str(error))
                self._stop.wait(self._backoff.failed())
        return None

    def _run_with(self, settings: Settings) -> Settings | None:
        """Run one component; return the settings of the next one, or None to end."""
        self._health.recover("configuration")
        try:
            settings.state_dir.mkdir(parents=True, exist_ok=True)
            with _alone(settings, self._stop):
                component = Component(settings, self._nucleus, self._health)
                component.start()
                try:
                    return self._watch(component, settings)
                finally:
                    self._end(component)
        except LockedError as error:
            if not self._patient:
                raise
            return self._again(settings, error)
        except (OSError, sqlite3.Error) as error:
            return self._again(settings, error)

    def _again(self, settings: Settings, error: Exception) -> Settings | None:
        """Pause after a failure; return the settings to go on with, or None to end."""
        self._health.degrade("start", str(error))
        self._stop.wait(self._backoff.failed())
        return None if self._stop.is_set() else self._changed(settings) or settings

    def _end(self, component: Component) -> None:
        """Stop a component; its successor must not begin while a part of it hangs, on a dead share say."""
        while not component.stop() and not self._stop.is_set():
            self._health.degrade("stop", "a part of the former configuration has not ended yet")
        self._health.recover("stop")

    def _watch(self, component: Component, settings: Settings) -> Settings | None:
        sound_at = time.monotonic() + _SOUND_S
        self._health.recover("start")
        while not self._stop.wait(_TICK_S):
            state = component.state()
            if state is State.DONE:
                return None
            _raise_if_failed(state)
            if time.monotonic() >= sound_at:
                self._backoff.succeeded()
            self._report_running()
            if changed := self._changed(settings):
                return changed
        return None

    def _changed(self, settings: Settings) -> Settings | None:
        """Return new settings that are valid and different; report invalid ones and keep the old."""
        if not self._configuration.may_have_changed():
            return None
        try:
            found = parse_settings(self._configuration.read())
        except ContractError as error:
            self._health.degrade("configuration", str(error))
            return None
        self._health.recover("configuration")
        if found == settings:
            return None
        logs.info("configuration changed")
        return found

    def _report_running(self) -> None:
        """Tell Greengrass once that the component works, which is when a model is loaded."""
        if self._nucleus is None or self._reported or self._health.model is None:
            return
        try:
            self._nucleus.running()
        except NucleusAwayError as error:
            self._health.degrade("state", str(error))
            return
        self._reported = True
        self._health.recover("state")


def _raise_if_failed(state: State) -> None:
    if state is State.REFUSED:
        raise TokenRefusedError("Greengrass refuses the token of this process")
    if state is State.DAMAGED:
        raise sqlite3.DatabaseError("a part ended for good; the outbox will be checked")


@contextmanager
def _alone(settings: Settings, stop: Event) -> Iterator[None]:
    """Hold the state folder: a predecessor may still be finishing, a second instance must not start."""
    deadline = time.monotonic() + _LOCK_WAIT_S
    with (settings.state_dir / "lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if stop.is_set() or time.monotonic() >= deadline:
                    raise LockedError(f"{settings.state_dir}: in use by another process") from error
                stop.wait(_TICK_S)
        yield
