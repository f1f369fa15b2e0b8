"""What is known of a device -> how it fares with a candidate. Pure."""

from dataclasses import dataclass
from enum import StrEnum

RESTARTS = 3
"""A deployment restarts a component once, and a device may be switched off; more is a crash."""


class Condition(StrEnum):
    """How a device fares with a candidate."""

    BEHIND = "has not taken it up"
    RUNS = "runs"
    SILENT = "ran it, and fell silent"
    FAILED = "could not deploy it"
    REFUSES = "refuses it"
    CRASHES = "keeps restarting"

    @property
    def is_trouble(self) -> bool:
        """Tell whether it speaks against a candidate."""
        return self not in (Condition.BEHIND, Condition.RUNS)

    @property
    def is_its_fault(self) -> bool:
        """Tell whether it is the candidate's own doing; else the network's, the disk's or Greengrass', maybe."""
        return self in (Condition.REFUSES, Condition.CRASHES)


@dataclass(frozen=True)
class Pulse:
    """What is known of a device; times in epoch ms.

    Attributes:
        heard_ms: Its last heartbeat, None if there never was one.
        excused_ms: When its whole fab was last without a heartbeat: its own silence counts from then.
        started_ms: When its component started.
        restarts: How often since the stage began.
        runs: Whether it says that it runs the candidate, as this stage has it run.
        ran: Whether it ever said so in this stage.
        refused: What it says against the candidate.
        deployment: How Greengrass says that its deployment went, None if unknown.
    """

    heard_ms: int | None = None
    excused_ms: int = 0
    started_ms: int | None = None
    restarts: int = 0
    runs: bool = False
    ran: bool = False
    refused: str | None = None
    deployment: str | None = None


def condition(pulse: Pulse, now_ms: int, silent_s: int) -> Condition:
    """Return how a device fares."""
    if pulse.refused is not None:
        return Condition.REFUSES
    if pulse.deployment in ("FAILED", "REJECTED", "TIMED_OUT"):
        return Condition.FAILED
    if pulse.ran and pulse.restarts >= RESTARTS:
        return Condition.CRASHES
    is_excused = now_ms - pulse.excused_ms <= silent_s * 1000
    if pulse.ran and is_silent(pulse, now_ms, silent_s) and not is_excused:
        return Condition.SILENT
    return Condition.RUNS if pulse.runs else Condition.BEHIND


def is_silent(pulse: Pulse, now_ms: int, silent_s: int) -> bool:
    """Tell whether a device has not been heard of lately."""
    return pulse.heard_ms is None or now_ms - pulse.heard_ms > silent_s * 1000
