"""New answers, drift, the calendar, money -> whether a training starts now, and why (not). Pure.

Any one of these starts a training: a person, enough new labels of enough kinds, a class that the model in use does not
know, drift, or the calendar. Any one of these holds it back: another one under way, a rollout under way, a failure just
now, the month's cap, or nothing new to learn from.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fabwafer.errors import ContractError

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_LONGEST_PAUSE_H = 168.0
_VERSION = re.compile(r"(\d{1,6})\.(\d{1,6})(\D.*)?\Z")


@dataclass(frozen=True)
class TrainingRules:
    """What a deployment decides.

    Attributes:
        wanted: New labels that start a training; of these no label counts for more than half, so that many answers of
            one kind alone do not.
        new_class: Answers of a class that the model in use does not know which start one.
        least: New labels without which neither drift nor the calendar does.
        every_days: The calendar's interval; 0 for none.
        cap_usd: What may be spent in a calendar month (UTC); None for no cap.
        pause_h: Hours to wait after a failure; twice as long after the next one, a week at most.
    """

    wanted: int = 150
    new_class: int = 30
    least: int = 20
    every_days: float = 7.0
    cap_usd: float | None = None
    pause_h: float = 24.0


@dataclass(frozen=True)
class Situation:
    """How things stand; times in epoch ms.

    Attributes:
        now_ms: Now.
        new_labels: Settled answers that no finished training has learned from, by label.
        settled: All settled answers that a training may learn from.
        known: The labels of the model in use.
        since_ms: When the last finished training started, or the first model was met.
        running: The training under way, None if there is none.
        rollout: The rollout under way, None if there is none.
        failures: Trainings that failed in a row, up to now.
        failed_ms: When the last of them ended.
        drift: What has moved since the last finished training, in words.
        spent_usd: This month.
        estimate_usd: Of the next training; the most that it can cost before the first, None without a price.
        asked_by: The person who asks for a training now, None for the schedule.
        lacking: What a job needs and nobody has put there, in words.
    """

    now_ms: int
    new_labels: Mapping[str, int]
    settled: int
    known: frozenset[str]
    since_ms: int
    running: str | None = None
    rollout: str | None = None
    failures: int = 0
    failed_ms: int = 0
    drift: tuple[str, ...] = ()
    spent_usd: float = 0.0
    estimate_usd: float | None = None
    asked_by: str | None = None
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True)
class Need:
    """Whether a training starts now.

    Attributes:
        due: It does.
        reasons: Why it does, or else all that is missing and all that holds it back, in words.
        next_run_ms: When the calendar starts one, if it may; None without a calendar.
    """

    due: bool
    reasons: tuple[str, ...]
    next_run_ms: int | None = None


def need(situation: Situation, rules: TrainingRules) -> Need:
    """Decide whether to train."""
    next_run_ms = None
    if rules.every_days:
        next_run_ms = situation.since_ms + round(rules.every_days * _DAY_MS)
    for_it = _for_it(situation, rules, next_run_ms)
    against = _against(situation, rules)
    if for_it and not against:
        return Need(True, tuple(for_it), next_run_ms)
    missing = [] if for_it else [_missing(situation, rules)]
    return Need(False, (*for_it, *missing, *against), next_run_ms)


def counted(new_labels: Mapping[str, int], wanted: int) -> int:
    """Return how many new labels count: of each at most half of what is wanted, at least one."""
    most = max(1, wanted // 2)
    return sum(min(count, most) for count in new_labels.values())


def next_version(current: str, training: int) -> str:
    """Return the version of a training's candidate: the next minor one, with the training's number for a patch.

    It is above the current one, and no other training's: a refused candidate's version is never given again.

    Raises:
        ContractError: If the current version does not begin with two numbers.
    """
    found = _VERSION.match(current)
    if found is None:
        raise ContractError("model version", current, "<major>.<minor>.<patch>")
    return f"{int(found[1])}.{int(found[2]) + 1}.{training}"


def _for_it(situation: Situation, rules: TrainingRules, next_run_ms: int | None) -> list[str]:
    reasons: list[str] = []
    total = sum(situation.new_labels.values())
    if situation.asked_by is not None:
        reasons.append(f"{situation.asked_by} asked for it")
    if counted(situation.new_labels, rules.wanted) >= rules.wanted:
        reasons.append(f"{total} new labels, {rules.wanted} wanted")
    reasons += [
        f"{count} labels of {label}, which the model in use does not know; {rules.new_class} wanted"
        for label, count in sorted(situation.new_labels.items())
        if label not in situation.known and count >= rules.new_class
    ]
    if total >= rules.least:
        reasons += [f"drift: {what}" for what in situation.drift]
        if next_run_ms is not None and situation.now_ms >= next_run_ms:
            reasons.append(f"{rules.every_days:g} days since the last training")
    return reasons


def _missing(situation: Situation, rules: TrainingRules) -> str:
    total = sum(situation.new_labels.values())
    counting = counted(situation.new_labels, rules.wanted)
    text = f"needs {rules.wanted - counting} more labels: {total} new, {rules.wanted} wanted"
    if counting < total:
        text += f", of one label at most {max(1, rules.wanted // 2)} count"
    return text


def _against(situation: Situation, rules: TrainingRules) -> list[str]:
    reasons = [f"lacks {what}" for what in situation.lacking]
    if situation.running is not None:
        reasons.append(f"training {situation.running} is under way")
    if situation.rollout is not None:
        reasons.append(f"rollout {situation.rollout} is under way: it decides what to begin with")
    if not situation.settled:
        reasons.append("nothing to learn from: no settled label")
    wait_ms = _pause_until(situation, rules) - situation.now_ms
    if situation.asked_by is None and wait_ms > 0:
        hours = max(1, round(wait_ms / _HOUR_MS))
        reasons.append(f"the last {situation.failures} failed: next try in {hours} h")
    reasons += _over_cap(situation, rules)
    return reasons


def _pause_until(situation: Situation, rules: TrainingRules) -> int:
    if not situation.failures:
        return 0
    pause_h = min(rules.pause_h * 2.0 ** (situation.failures - 1), _LONGEST_PAUSE_H)
    return situation.failed_ms + round(pause_h * _HOUR_MS)


def _over_cap(situation: Situation, rules: TrainingRules) -> list[str]:
    """What nobody knows the price of is over any cap."""
    estimate, cap = situation.estimate_usd, rules.cap_usd
    if cap is None or (estimate is not None and situation.spent_usd + estimate <= cap):
        return []
    told = f"{situation.spent_usd:.2f} spent, {estimate or 0:.2f} more expected"
    why = "nobody knows what a training costs" if estimate is None else told
    return [f"the month's cap of {cap:.2f} USD: {why}"]
