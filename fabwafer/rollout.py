"""A stage's figures -> stay, go on or go back: guards on what a candidate says, health of the devices that run it. Pure.

Guards are sequential tests (`fabwafer.guards`): a bad candidate is stopped at whatever wafer they have seen enough,
and the whole stage stops a candidate that is at its limits in every figure with a probability of at most 0.035.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fabwafer.guards import Guard

_MANY = 0.2
"""Share of the devices that answered: more in trouble stop a stage, if there are two of them or nobody else."""
RESTARTS = 3
"""A deployment restarts a component once, and a device may be switched off; more is a crash."""
PILOT_GUARDS = frozenset({"unexplained disagreement", "more reviews", "reviews", "alerts"})
"""What must be cleared for a stage to end before it has all its wafers; the others have too few to clear."""


class Course(StrEnum):
    """What becomes of a stage."""

    STAY = "stay"
    ON = "go on"
    BACK = "go back"


class Condition(StrEnum):
    """How a device fares with a candidate."""

    BEHIND = "has not taken it up"
    RUNS = "runs"
    SILENT = "ran it, and fell silent"
    FAILED = "could not deploy it"
    REFUSES = "refuses it"
    CRASHES = "keeps restarting"


_TROUBLE = (Condition.SILENT, Condition.FAILED, Condition.REFUSES, Condition.CRASHES)
_ITS_FAULT = (Condition.REFUSES, Condition.CRASHES)
"""The others may be the network's, the disk's or Greengrass'."""


@dataclass(frozen=True)
class Pulse:
    """What is known of a device; times in epoch ms.

    Attributes:
        heard_ms: Its last heartbeat, None if there never was one.
        started_ms: When its component started.
        restarts: How often since the stage began.
        runs: Whether it says that it runs the candidate, as this stage has it run.
        ran: Whether it ever said so in this stage.
        refused: What it says against the candidate.
        deployment: How Greengrass says that its deployment went, None if unknown.
    """

    heard_ms: int | None = None
    started_ms: int | None = None
    restarts: int = 0
    runs: bool = False
    ran: bool = False
    refused: str | None = None
    deployment: str | None = None


@dataclass(frozen=True)
class StageRule:
    """How long a stage lasts.

    Attributes:
        wanted: Wafers that it takes.
        least: Wafers without which it neither ends early nor counts when its time is up.
        longest_s: Its time.
        silent_s: A device without a heartbeat for so long is silent, or offline.
        must_see: Whether a stage that saw too little goes back; a ring behind others that did well may pass.
    """

    wanted: int
    least: int
    longest_s: int
    silent_s: int
    must_see: bool


@dataclass(frozen=True)
class Look:
    """What a stage is judged by.

    Attributes:
        age_ms: Since it was entered.
        wafers: Seen by the candidate.
        guards: Its figures.
        devices: The condition of each of the ring's devices.
        offline: How many of those have not been heard of lately.
        given_up: Why Greengrass gave the ring's deployment up, None if it has not.
    """

    age_ms: int
    wafers: int
    guards: Sequence[Guard]
    devices: Mapping[str, Condition]
    offline: int = 0
    given_up: str | None = None


@dataclass(frozen=True)
class Judgement:
    """What becomes of a stage, and why.

    Attributes:
        course: What becomes of it.
        reason: Why, in words.
        blames: Whether it goes back for what the candidate itself did: its figures, or devices that cannot use it.
    """

    course: Course
    reason: str
    blames: bool = False


def condition(pulse: Pulse, now_ms: int, rule: StageRule) -> Condition:
    """Return how a device fares."""
    if pulse.refused is not None:
        return Condition.REFUSES
    if pulse.deployment in ("FAILED", "REJECTED", "TIMED_OUT"):
        return Condition.FAILED
    if pulse.ran and pulse.restarts >= RESTARTS:
        return Condition.CRASHES
    if pulse.ran and is_silent(pulse, now_ms, rule):
        return Condition.SILENT
    return Condition.RUNS if pulse.runs else Condition.BEHIND


def is_silent(pulse: Pulse, now_ms: int, rule: StageRule) -> bool:
    """Tell whether a device has not been heard of lately."""
    return pulse.heard_ms is None or now_ms - pulse.heard_ms > rule.silent_s * 1000


def judge(rule: StageRule, look: Look, *, paused: bool = False) -> Judgement:
    """Decide what becomes of a stage: what speaks against it first, a pause only holds up what would go on."""
    against = _against(rule, look)
    if against is not None:
        return against
    done = _done(rule, look)
    if done is None:
        return Judgement(Course.STAY, f"{look.wafers} of {rule.wanted} wafers")
    return Judgement(Course.STAY, f"paused: {done}") if paused else Judgement(Course.ON, done)


def judge_return(rule: StageRule, look: Look, *, paused: bool = False) -> Judgement:
    """Decide about a ring that a model comes back to: no wafer is waited for, its devices alone are judged."""
    unusable = _trouble(look.devices)
    if unusable is not None:
        return unusable
    if look.given_up is not None:
        return Judgement(Course.BACK, look.given_up)
    behind = sum(each is Condition.BEHIND for each in look.devices.values())
    words = f"{len(look.devices) - behind} of {len(look.devices)} devices run it"
    waits = behind > look.offline and look.age_ms < rule.silent_s * 1000
    return Judgement(Course.STAY if waits or paused else Course.ON, words)


def _against(rule: StageRule, look: Look) -> Judgement | None:
    told = [guard for guard in look.guards if guard.reached is not None]
    if told:
        words = "; ".join(guard.words for guard in told)
        return Judgement(Course.BACK, words, blames=True)
    unusable = _trouble(look.devices)
    if unusable is not None:
        return unusable
    unjudged = look.given_up or _too_little(rule, look)
    return None if unjudged is None else Judgement(Course.BACK, unjudged)


def _too_little(rule: StageRule, look: Look) -> str | None:
    if not rule.must_see:
        return None
    if not look.devices:
        return "the ring has no device, so nobody would know"
    if _is_over(rule, look) and look.wafers < rule.least:
        return f"{look.wafers} wafers in {rule.longest_s} s, expected at least {rule.least}"
    return None


def _trouble(devices: Mapping[str, Condition]) -> Judgement | None:
    answered = [each for each in devices.values() if each is not Condition.BEHIND]
    bad = {name: each for name, each in devices.items() if each in _TROUBLE}
    few = len(bad) < 2 or len(bad) <= _MANY * len(answered)
    if not bad or (few and len(bad) < len(answered)):
        return None
    words = ", ".join(f"{name} {each.value}" for name, each in sorted(bad.items()))
    reason = f"{len(bad)} of {len(answered)} devices in trouble: {words}"
    return Judgement(Course.BACK, reason, blames=any(each in _ITS_FAULT for each in bad.values()))


def _done(rule: StageRule, look: Look) -> str | None:
    if not look.devices:
        return "the ring has no device"
    if look.offline == len(look.devices) and not look.wafers:
        waited = look.age_ms >= rule.silent_s * 1000 and not rule.must_see
        return "all its devices are offline; they join later" if waited else None
    if look.wafers >= rule.wanted:
        return f"{look.wafers} wafers"
    if look.wafers >= rule.least and _are_cleared(look.guards):
        return f"{look.wafers} wafers, which the sequential tests find enough"
    return f"time is up, {look.wafers} wafers" if _is_over(rule, look) else None


def _are_cleared(guards: Iterable[Guard]) -> bool:
    pilots = [guard for guard in guards if guard.name in PILOT_GUARDS]
    return bool(pilots) and all(guard.cleared for guard in pilots)


def _is_over(rule: StageRule, look: Look) -> bool:
    return look.age_ms >= rule.longest_s * 1000
