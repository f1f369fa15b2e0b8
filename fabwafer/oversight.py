"""What a fab's answers tell of its reviewers and of its model: work done, honeypots, the model's live error. Pure."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fabwafer.history import Act, Answer, Event, Verdict, effective
from fabwafer.triage import ReviewReason

HASTY_MS = 1000
"""Below this nobody has looked."""
_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Day:
    """What one person answered on one day (UTC)."""

    day: str
    reviewer: str
    answers: int
    bulk: int
    hasty: int


@dataclass(frozen=True)
class Share:
    """How often something happened, with its 95 % interval."""

    cases: int
    hits: int
    low: float
    high: float


def days(events: Sequence[Event]) -> list[Day]:
    """Return what each person answered each day, by day and name; nothing taken back counts."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for event in effective(events):
        count = counts[_day(event.at_ms), event.reviewer]
        count["answers"] += 1
        count["bulk"] += event.batch is not None
        count["hasty"] += event.took_ms is not None and event.took_ms < HASTY_MS
    return [
        Day(day, reviewer, count["answers"], count["bulk"], count["hasty"])
        for (day, reviewer), count in sorted(counts.items())
    ]


def settled(events: Sequence[Event]) -> dict[str, Event]:
    """Return, of the items that these events left settled, the event that did it; events in order of time."""
    found: dict[str, Event] = {}
    for event in events:
        if event.act is Act.CHECK or (event.act is Act.UNDO and event.settled):
            continue
        if event.settled:
            found[event.item] = event
        else:
            found.pop(event.item, None)
    return found


def honeypots(events: Sequence[Event]) -> dict[str, tuple[int, int]]:
    """Return by reviewer how many wafers of known answer they were shown, and how many they got right."""
    shown: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for event in effective(events):
        if event.act is Act.CHECK:
            shown[event.reviewer] += 1
            right[event.reviewer] += event.after == event.before
    return {name: (shown[name], right[name]) for name in sorted(shown)}


def model_error(events: Sequence[Event]) -> Share | None:
    """Return how often the model is wrong where it is sure, from the random audit sample.

    A bad image says nothing about the model and is left out; an unknown pattern is an error.
    """
    judged = [
        (event, event.after)
        for event in settled(events).values()
        if event.reason == ReviewReason.AUDIT
        and event.after is not None
        and event.after.verdict is not Verdict.BAD_IMAGE
    ]
    if not judged:
        return None
    errors = sum(not _agrees(event.prediction, answer) for event, answer in judged)
    low, high = wilson(errors, len(judged))
    return Share(len(judged), errors, low, high)


def wilson(hits: int, cases: int) -> tuple[float, float]:
    """Return the 95 % interval of a share.

    Wilson, E. B. (1927): Probable inference, the law of succession, and statistical inference.
    """
    share, square = hits / cases, _Z95**2
    middle = (share + square / (2 * cases)) / (1 + square / cases)
    spread = math.sqrt(share * (1 - share) / cases + square / (4 * cases**2))
    half = _Z95 * spread / (1 + square / cases)
    return max(0.0, middle - half), min(1.0, middle + half)


def _agrees(label: str, answer: Answer) -> bool:
    return answer.verdict is Verdict.LABELS and answer.labels == (label,)


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d")
