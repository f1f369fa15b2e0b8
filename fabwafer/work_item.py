"""A wafer that people look at: where it stands, whose it is, who may still answer. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from fabwafer.history import GENESIS, Answer, Reading

MAX_ANSWERS = 20
MAX_BULK = 200
MAX_LEASED = 10
MAX_NOTE_CHARACTERS = 2000
MAX_SKIPPED = 20


class State(StrEnum):
    """Where an item stands."""

    OPEN = "open"
    SECOND = "second"
    DISPUTED = "disputed"
    SETTLED = "settled"


class Queue(StrEnum):
    """Where an item waits for its next reader; a settled one that is no honeypot waits nowhere."""

    OPEN = "open"
    SECOND = "second"
    DISPUTED = "disputed"
    CHECK = "check"
    HELD = "held"


@dataclass(frozen=True)
class Lease:
    """Whose an item is, and until when (epoch ms)."""

    holder: str
    until_ms: int


@dataclass(frozen=True)
class Review:
    """A work item as its events have made it.

    Attributes:
        item: Its id.
        version: Grows with every change but a lease's extension.
        readings: The answers that count, the first first.
        second: Whether one answer is not enough.
        pooled: Whether it is kept as a honeypot once it is settled.
        lease: Whose it is.
        checks: The answers about it as a honeypot.
        comment: Why it was sent back.
        skipped: Who would rather leave it to others, the last who said so last.
        event_ids: The clients' ids of all its events.
        head: The hash of its last event.
    """

    item: str
    version: int = 0
    readings: tuple[Reading, ...] = ()
    second: bool = False
    pooled: bool = False
    lease: Lease | None = None
    checks: tuple[Reading, ...] = ()
    comment: str | None = None
    skipped: tuple[str, ...] = ()
    event_ids: tuple[str, ...] = ()
    head: str = GENESIS

    @property
    def state(self) -> State:
        """Return where it stands: adjudicated or agreed is settled, and one answer where that is enough."""
        if not self.readings:
            return State.OPEN
        if self.readings[-1].adjudicates:
            return State.SETTLED
        if len(self.readings) == 1:
            return State.SECOND if self.second else State.SETTLED
        agreed = len({reading.answer for reading in self.readings}) == 1
        return State.SETTLED if agreed else State.DISPUTED

    @property
    def answer(self) -> Answer | None:
        """Return the label that counts, None as long as it is not settled."""
        return self.readings[-1].answer if self.state is State.SETTLED else None

    @property
    def readers(self) -> tuple[str, ...]:
        """Return whose answers count."""
        return tuple(reading.reviewer for reading in self.readings)

    @property
    def checked(self) -> tuple[str, ...]:
        """Return who was checked with it."""
        return tuple(reading.reviewer for reading in self.checks)

    @property
    def is_honeypot(self) -> bool:
        """Tell whether reviewers may be checked with it."""
        return self.pooled and self.state is State.SETTLED

    @property
    def queue(self) -> Queue | None:
        """Return where it waits; whoever looks at the held ones sees those that expired.

        What its first reader may still take back waits for the second all the same: among the held ones it would stay
        when its time is over, in the way of those that somebody abandoned.
        """
        if self.lease is not None and self.lease.holder not in self.readers:
            return Queue.HELD
        if self.state is State.SETTLED:
            return Queue.CHECK if self.pooled else None
        return Queue(self.state.value)

    def holder(self, now_ms: int) -> str | None:
        """Return whose it is now; an expired lease is nobody's."""
        if self.lease is None or self.lease.until_ms <= now_ms:
            return None
        return self.lease.holder

    def wants_another(self, name: str) -> bool:
        """Tell whether somebody is to read it after others, without knowing what those said."""
        if self.state is State.SECOND:
            return name not in self.readers
        return self.is_honeypot and name not in self.readers and name not in self.checked

    def may_read(self, name: str) -> bool:
        """Tell whether an answer of this person is wanted."""
        return self.state is State.OPEN or self.wants_another(name)

    def may_adjudicate(self, name: str) -> bool:
        """Tell whether this person may decide between two answers: neither may be their own."""
        return self.state is State.DISPUTED and name not in self.readers
