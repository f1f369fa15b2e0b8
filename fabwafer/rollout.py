"""A stage's figures -> stay, go on or go back: guards on what a candidate says, health of the devices that run it. Pure.

Guards are sequential tests (`fabwafer.guards`): a bad candidate is stopped at whatever wafer they have seen enough,
and the whole stage stops a candidate that is at its limits in every figure with a probability of at most 0.035.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fabwafer.guards import Guard
from fabwafer.pulse import Condition

_MANY = 0.2
"""Share of the devices: more of them are many, if there are two or nobody else."""
PILOT_GUARDS = frozenset({"unexplained disagreement", "more reviews", "reviews", "alerts"})
"""What must be cleared for a stage to end before it has all its wafers; the others have too few to clear."""


class Course(StrEnum):
    """What becomes of a stage."""

    STAY = "stay"
    ON = "go on"
    BACK = "go back"


@dataclass(frozen=True)
class StageRule:
    """How long a stage lasts.

    Attributes:
        wanted: Wafers that it takes.
        least: Wafers without which it neither ends early nor counts when its time is up.
        longest_s: Its time.
        silent_s: A device without a heartbeat for so long is silent, or offline.
        must_see: Whether a stage that saw too little goes back; a ring behind others that did well may pass.
        last: Whether no ring comes after it.
    """

    wanted: int
    least: int
    longest_s: int
    silent_s: int
    must_see: bool
    last: bool = False


@dataclass(frozen=True)
class Look:
    """What a stage is judged by.

    Attributes:
        age_ms: Since it was entered.
        wafers: Seen by the candidate.
        guards: Its figures.
        devices: The condition of each of the ring's devices.
        offline: Those that have not been heard of lately.
        given_up: Why Greengrass gave the ring's deployment up, None if it has not.
    """

    age_ms: int
    wafers: int
    guards: Sequence[Guard]
    devices: Mapping[str, Condition]
    offline: frozenset[str] = frozenset()
    given_up: str | None = None

    @property
    def online(self) -> list[Condition]:
        """Return the conditions of the devices that are heard of."""
        return [each for name, each in self.devices.items() if name not in self.offline]

    @property
    def behind(self) -> int:
        """Return how many devices are online and have not taken the candidate up."""
        return self.online.count(Condition.BEHIND)

    @property
    def is_with_nobody(self) -> bool:
        """Tell whether devices are online, and none of them runs the candidate."""
        return self.behind > 0 and Condition.RUNS not in self.online


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


def judge(rule: StageRule, look: Look, *, paused: bool = False) -> Judgement:
    """Decide what becomes of a stage: what speaks against it first, a pause only holds up what would go on."""
    against = _against(rule, look)
    if against is not None:
        return against
    done = _done(rule, look)
    words = (done or f"{look.wafers} of {rule.wanted} wafers") + _lag(look)
    if done is None or not _is_taken_up(rule, look):
        return Judgement(Course.STAY, words)
    return Judgement(Course.STAY, f"paused: {words}") if paused else Judgement(Course.ON, words)


def judge_return(rule: StageRule, look: Look, *, paused: bool = False) -> Judgement:
    """Decide about a ring that a model comes back to: no wafer is waited for, its devices alone are judged."""
    unusable = _trouble(look.devices)
    if unusable is not None:
        return unusable
    if look.given_up is not None:
        return Judgement(Course.BACK, look.given_up)
    behind = sum(each is Condition.BEHIND for each in look.devices.values())
    words = f"{len(look.devices) - behind} of {len(look.devices)} devices run it{_lag(look)}"
    is_early = look.age_ms < rule.silent_s * 1000
    waits = look.behind > 0 and (is_early or (rule.last and look.is_with_nobody))
    return Judgement(Course.STAY if waits or paused else Course.ON, words)


def _against(rule: StageRule, look: Look) -> Judgement | None:
    told = [guard for guard in look.guards if guard.reached is not None]
    if told:
        words = "; ".join(guard.words for guard in told)
        return Judgement(Course.BACK, words, blames=True)
    unusable = _trouble(look.devices)
    if unusable is not None:
        return unusable
    unjudged = look.given_up or _too_little(rule, look) or _taken_up_by_none(rule, look)
    return None if unjudged is None else Judgement(Course.BACK, unjudged)


def _too_little(rule: StageRule, look: Look) -> str | None:
    if not rule.must_see:
        return None
    if not look.devices:
        return "the ring has no device, so nobody would know"
    if _is_over(rule, look) and look.wafers < rule.least:
        return f"{look.wafers} wafers in {rule.longest_s} s, expected at least {rule.least}"
    return None


def _taken_up_by_none(rule: StageRule, look: Look) -> str | None:
    if not look.is_with_nobody or not _is_over(rule, look):
        return None
    return f"no device that is online has taken it up in {rule.longest_s} s"


def _trouble(devices: Mapping[str, Condition]) -> Judgement | None:
    """Judge by conditions, without the devices' names: people of every fab read the reason."""
    answered = [each for each in devices.values() if each is not Condition.BEHIND]
    bad = Counter(each for each in answered if each.is_trouble)
    if not bad or _are_few(bad.total(), len(answered)):
        return None
    words = ", ".join(f"{each.value} ({count})" for each, count in sorted(bad.items()))
    reason = f"{bad.total()} of {len(answered)} devices in trouble: {words}"
    return Judgement(Course.BACK, reason, blames=any(each.is_its_fault for each in bad))


def _are_few(devices: int, among: int) -> bool:
    return devices < among and (devices < 2 or devices <= _MANY * among)


def _is_taken_up(rule: StageRule, look: Look) -> bool:
    """Tell whether no device is waited for: a few that are behind get `silent_s`, many the stage's whole time."""
    if not look.behind or _is_over(rule, look):
        return True
    has_waited = look.age_ms >= rule.silent_s * 1000
    return has_waited and _are_few(look.behind, len(look.online))


def _lag(look: Look) -> str:
    if not look.behind:
        return ""
    return f"; {look.behind} of {len(look.online)} devices online have not taken it up"


def _done(rule: StageRule, look: Look) -> str | None:
    if not look.devices:
        return "the ring has no device"
    if not look.online and not look.wafers:
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
