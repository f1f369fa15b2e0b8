"""What happened to a work item: events, only ever appended, each bound to the one before by its hash. Pure."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

GENESIS = "0" * 64
"""What the first event of an item names as its predecessor."""


class Verdict(StrEnum):
    """What a person says of a wafer."""

    LABELS = "labels"
    UNKNOWN = "unknown"
    BAD_IMAGE = "bad_image"


class Act(StrEnum):
    """What happened; a check is an answer about a wafer whose answer was known."""

    ANSWER = "answer"
    ADJUDICATE = "adjudicate"
    CHECK = "check"
    UNDO = "undo"
    SEND_BACK = "send_back"


@dataclass(frozen=True)
class Answer:
    """What a person said; `labels` are canonical and in alphabetical order."""

    verdict: Verdict
    labels: tuple[str, ...] = ()

    @property
    def category(self) -> str:
        """Return the answer as one word, equal for answers that agree."""
        return "+".join(self.labels) if self.verdict is Verdict.LABELS else self.verdict.value


@dataclass(frozen=True)
class Reading:
    """One person's answer that counts; `seq` is the number of its event."""

    reviewer: str
    answer: Answer
    at_ms: int
    seq: int
    bulk: bool = False
    note: str | None = None
    adjudicates: bool = False


@dataclass(frozen=True)
class Event:
    """One link of the chain.

    Attributes:
        item: The work item.
        seq: The event's number in its item, from 1.
        id: Drawn by the client; a repeat is known by it.
        act: What happened.
        reviewer: Who did it.
        at_ms: When, by the cloud's clock.
        before: The answer that stood before, as far as there was one, and
        before_by: who gave it, and
        before_bulk: whether in bulk.
        after: The answer given; of an undo the one that stands again.
        settled: Whether the item has its label now.
        undoes: Of an undo: the number of the event taken back.
        note: The reviewer's words.
        batch: The bulk answer it was part of.
        took_ms: How long the reviewer looked.
        prediction: The model's label.
        reason: Why a person was asked.
        model: The model, name@version.
        previous: Hash of the event before.
        hash: SHA-256 of all the above.
    """

    item: str
    seq: int
    id: str
    act: Act
    reviewer: str
    at_ms: int
    before: Answer | None = None
    before_by: str | None = None
    before_bulk: bool = False
    after: Answer | None = None
    settled: bool = False
    undoes: int | None = None
    note: str | None = None
    batch: str | None = None
    took_ms: int | None = None
    prediction: str = ""
    reason: str = ""
    model: str | None = None
    previous: str = GENESIS
    hash: str = ""


def sealed(event: Event) -> Event:
    """Return the event with the hash of its content."""
    return replace(event, hash=_digest(event))


def record(event: Event) -> dict[str, Any]:
    """Return all that an event says, hash included: what its hash was made of, and what it can be checked by."""
    return asdict(event)


def is_intact(events: Sequence[Event], head: str, count: int) -> bool:
    """Tell whether these are all events of an item, in order and unaltered.

    Args:
        events: All that is kept of the item, the first event first.
        head: The hash of the last event, as the item itself remembers it.
        count: How many there were, as the item remembers it.
    """
    previous = GENESIS
    for number, event in enumerate(events, start=1):
        if (event.seq, event.previous, event.hash) != (number, previous, _digest(event)):
            return False
        previous = event.hash
    return (previous, len(events)) == (head, count)


def readings(events: Iterable[Event]) -> tuple[Reading, ...]:
    """Return the answers that count after these events: the label is derived from nothing else."""
    counting: tuple[Reading, ...] = ()
    checks: set[int] = set()
    for event in events:
        match event.act:
            case Act.ANSWER | Act.ADJUDICATE:
                counting = (*counting, _reading(event))
            case Act.CHECK:
                checks.add(event.seq)
            case Act.UNDO if event.undoes not in checks:
                counting = counting[:-1]
            case Act.SEND_BACK:
                counting = ()
            case _:
                pass
    return counting


def _reading(event: Event) -> Reading:
    if event.after is None:
        raise TypeError(f"{event.item}: event {event.seq} is an answer without one")
    return Reading(
        event.reviewer,
        event.after,
        event.at_ms,
        event.seq,
        bulk=event.batch is not None,
        note=event.note,
        adjudicates=event.act is Act.ADJUDICATE,
    )


def _digest(event: Event) -> str:
    content = record(event)
    del content["hash"]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
