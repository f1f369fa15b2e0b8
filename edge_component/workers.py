"""Threads that do one step after another and never end for an error that may pass."""

import sqlite3
from collections.abc import Callable
from threading import Event, Thread

from edge_component import logs
from edge_component.database import is_damage
from edge_component.health import Health
from edge_component.ipc import TokenRefusedError
from edge_component.pacing import Backoff

_IDLE_S = 1.0
_LONGEST_S = 24 * 3600.0

Step = Callable[[Event], float | None]
"""Does one piece of work; returns the seconds to wait, or None to wait until woken."""


class Worker:
    """One named thread."""

    def __init__(
        self, name: str, step: Step, health: Health, backoff: Backoff | None = None
    ) -> None:
        self.name = name
        self._step = step
        self._health = health
        self._backoff = backoff or Backoff()
        self._stop = Event()
        self._wake = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self.fatal: BaseException | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there may be work."""
        self._wake.set()

    def stop(self) -> None:
        """Ask it to end after the present step."""
        self._stop.set()
        self._wake.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for its end; return whether it has come."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._loop()
        except BaseException as error:  # noqa: BLE001 (a thread that ends silently stops the camera)
            logs.unforeseen("thread failed", part=self.name)
            self.fatal = error

    def _loop(self) -> None:
        while not self._stop.is_set() and self.fatal is None:
            self._wake.clear()
            pause = self._guarded_step()
            if pause is None:
                self._wake.wait(_IDLE_S)
            else:
                self._stop.wait(pause if 0 <= pause <= _LONGEST_S else _LONGEST_S)

    def _guarded_step(self) -> float | None:
        try:
            pause = self._step(self._stop)
        except TokenRefusedError as error:
            self.fatal = error
            return 0.0
        except sqlite3.Error as error:
            self.fatal = error if is_damage(error) else None
            self._health.degrade(self.name, f"outbox: {error}")
            return self._backoff.failed()
        except Exception as error:  # noqa: BLE001 (three exits in an hour: Greengrass gives up)
            logs.unforeseen("step failed", part=self.name)
            self._health.degrade(self.name, f"{type(error).__name__}: {error}")
            return self._backoff.failed()
        self._backoff.succeeded()
        self._health.recover(self.name)
        return pause
