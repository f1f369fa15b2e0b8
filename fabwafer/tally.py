"""Events -> sums that are added up over any days, so that no event is read twice. Pure.

An event counts on its own day. What takes an answer back is booked when it happens, against the day of the answer: the
sums made of the events of a day that is over never change.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeAlias

from fabwafer.history import Act, Answer, Event, Verdict
from fabwafer.triage import ReviewReason

HASTY_MS = 1000
"""Below this nobody has looked."""

Key: TypeAlias = tuple[str, ...]
"""What is counted, the day (YYYY-MM-DD, UTC) that it counts for, and what it is about."""
Tally: TypeAlias = Counter[Key]

_ANSWERS = (Act.ANSWER, Act.ADJUDICATE, Act.CHECK)


class Sum(StrEnum):
    """What is counted: answers by person; pairs by both people and answers; what is settled; by model, what an audit judged."""

    ANSWERS = "answers"
    BULK = "bulk"
    HASTY = "hasty"
    SHOWN = "shown"
    RIGHT = "right"
    PAIRS = "pairs"
    SETTLED = "settled"
    JUDGED = "judged"
    WRONG = "wrong"


def counted(
    events: Sequence[Event], histories: Mapping[str, Sequence[Event]] | None = None
) -> Tally:
    """Return the sums of some events.

    Args:
        events: Whatever events of any items; those of one item in order.
        histories: Every event of the items that `reaching_back` names.
    """
    whole = _by_item(events) | dict(histories or {})
    tally: Tally = Counter()
    for event in events:
        if event.act in _ANSWERS:
            tally.update(_keys(event))
        else:
            tally.subtract(_withdrawn(event, whole[event.item]))
    return _without_zeros(tally)


def reaching_back(events: Iterable[Event]) -> list[str]:
    """Return the items of which an answer is taken back that may not be among these events."""
    found = _by_item(events)
    return sorted(
        item
        for item, some in found.items()
        if some[0].seq > 1 and any(event.act not in _ANSWERS for event in some)
    )


def added(tallies: Iterable[Tally], first_day: str) -> Tally:
    """Return the sums of many together, from one day (YYYY-MM-DD) on."""
    total: Tally = Counter()
    for tally in tallies:
        total.update(tally)
    return _without_zeros(Counter({key: n for key, n in total.items() if key[1] >= first_day}))


def written(tally: Tally) -> str:
    """Return sums as JSON."""
    return json.dumps([[count, *key] for key, count in sorted(tally.items())])


def read(text: str) -> Tally:
    """Return the sums that were written."""
    return Counter({tuple(key): count for count, *key in json.loads(text)})


def about(tally: Tally, counted_: Sum) -> dict[Key, int]:
    """Return one kind of sum: day and what it is about -> how often."""
    return {key[1:]: count for key, count in tally.items() if key[0] == counted_}


def answer_text(answer: Answer) -> str:
    """Return an answer as it stands in a key."""
    return json.dumps([answer.verdict.value, *answer.labels])


def answer_read(text: str) -> Answer:
    """Return the answer of a key."""
    verdict, *labels = json.loads(text)
    return Answer(Verdict(verdict), tuple(labels))


def day_of(at_ms: int) -> str:
    """Return the day of a moment, YYYY-MM-DD in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d")


def _keys(event: Event) -> list[Key]:
    day, who = day_of(event.at_ms), event.reviewer
    keys: list[Key] = [(Sum.ANSWERS, day, who)]
    if event.batch is not None:
        keys.append((Sum.BULK, day, who))
    if event.took_ms is not None and event.took_ms < HASTY_MS:
        keys.append((Sum.HASTY, day, who))
    return [*keys, *_check(event, day), *_pair(event, day), *_settling(event)]


def _check(event: Event, day: str) -> list[Key]:
    if event.act is not Act.CHECK:
        return []
    shown: list[Key] = [(Sum.SHOWN, day, event.reviewer)]
    return [*shown, (Sum.RIGHT, day, event.reviewer)] if event.after == event.before else shown


def _pair(event: Event, day: str) -> list[Key]:
    if event.act is not Act.ANSWER or event.before is None or event.after is None:
        return []
    bulk = "bulk" if event.before_bulk or event.batch is not None else ""
    first, second = answer_text(event.before), answer_text(event.after)
    return [(Sum.PAIRS, day, event.before_by or "", first, event.reviewer, second, bulk)]


def _settling(event: Event) -> list[Key]:
    """A bad image says nothing about the model; an unknown pattern is an error."""
    if event.act is Act.CHECK or not event.settled:
        return []
    day, answer = day_of(event.at_ms), event.after
    keys: list[Key] = [(Sum.SETTLED, day)]
    if event.reason != ReviewReason.AUDIT or answer is None:
        return keys
    if answer.verdict is not Verdict.BAD_IMAGE:
        keys.append((Sum.JUDGED, day, event.model or ""))
        if answer != Answer(Verdict.LABELS, (event.prediction,)):
            keys.append((Sum.WRONG, day, event.model or ""))
    return keys


def _withdrawn(event: Event, history: Sequence[Event]) -> list[Key]:
    """An answer that is taken back was no work; one that is sent back was, but settles nothing any more."""
    earlier = [each for each in history if each.seq < event.seq]
    if event.act is Act.UNDO:
        return [key for each in earlier if each.seq == event.undoes for key in _keys(each)]
    standing = _settled_by(earlier)
    return _settling(standing) if standing else []


def _settled_by(history: Sequence[Event]) -> Event | None:
    standing: Event | None = None
    for event in history:
        undone = event.act is Act.UNDO and standing and event.undoes == standing.seq
        if undone or event.act is Act.SEND_BACK:
            standing = None
        elif event.act in (Act.ANSWER, Act.ADJUDICATE) and event.settled:
            standing = event
    return standing


def _by_item(events: Iterable[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        found[event.item].append(event)
    return found


def _without_zeros(tally: Tally) -> Tally:
    return Counter({key: count for key, count in tally.items() if count})
