"""How the component is doing: counters and reasons in, heartbeats out on the status topic."""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock
from typing import Any

from edge_component import logs
from edge_component.dates import now_ms
from edge_component.entries import Backlog
from edge_component.scan import escaped
from fabwafer.messages import Heartbeat

_THERMAL_ZONE = Path("/sys/class/thermal/thermal_zone0/temp")
_REASON_CHARACTERS = 200


class Health:
    """What every thread reports, and the heartbeat reads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._lock = Lock()
        self._reasons: dict[str, str] = {}
        self._classified = 0
        self._last_wafer: int | None = None
        self._edge_ms: float | None = None
        self.model: str | None = None
        self.serial: int | None = None
        self.verified: bool | None = None
        self.shadow: str | None = None
        self.changed = Event()

    def degrade(self, part: str, reason: str) -> None:
        """Report that a part does not work, and why; logged when it is news."""
        reason = escaped(reason)[:_REASON_CHARACTERS]
        with self._lock:
            news = self._reasons.get(part) != reason
            self._reasons[part] = reason
        if news:
            logs.warn("degraded", part=part, reason=reason)
            self.changed.set()

    def recover(self, part: str) -> None:
        """Report that a part works."""
        with self._lock:
            news = self._reasons.pop(part, None) is not None
        if news:
            logs.info("recovered", part=part)
            self.changed.set()

    def classified(self, wafers: int, last_wafer: int, edge_ms: float) -> None:
        """Count wafers; `edge_ms` is the time that the last one took."""
        with self._lock:
            self._classified += wafers
            self._last_wafer = last_wafer
            self._edge_ms = edge_ms

    @property
    def reasons(self) -> dict[str, str]:
        """Return why the component is degraded, by part."""
        with self._lock:
            return dict(self._reasons)

    def heartbeat(
        self, fab: str, camera: str, version: str, state_dir: Path, backlog: Backlog | None
    ) -> Heartbeat:
        """Return the present state as a message; without the outbox' part if that cannot be read."""
        reasons = [f"{part}: {reason}" for part, reason in sorted(self.reasons.items())]
        counts: dict[str, Any] = {}
        if backlog is not None:
            if backlog.refused:
                reasons.append(f"refused: {backlog.refused} messages ({backlog.refusal})")
            counts = {
                "sequence": backlog.sequence,
                "outbox_messages": backlog.messages,
                "outbox_oldest_s": round(backlog.oldest_s, 1),
                "dropped": backlog.dropped,
                "quarantined": backlog.quarantined,
            }
        with self._lock:
            return Heartbeat(
                fab=fab,
                camera=camera,
                timestamp=now_ms(),
                version=version,
                model=self.model,
                serial=self.serial,
                verified=self.verified,
                shadow=self.shadow,
                uptime_s=round(self._clock() - self._started, 1),
                degraded=reasons,
                classified=self._classified,
                last_wafer=self._last_wafer,
                edge_ms=self._edge_ms,
                disk_free_bytes=_disk_free_bytes(state_dir),
                temperature_c=_temperature_c(),
                **counts,
            )


def _disk_free_bytes(folder: Path) -> int | None:
    with suppress(OSError):
        return shutil.disk_usage(folder).free
    return None


def _temperature_c(zone: Path = _THERMAL_ZONE) -> float | None:
    with suppress(OSError, ValueError):
        return int(zone.read_text()) / 1000
    return None
