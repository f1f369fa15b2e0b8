"""What people do to work items, under which rules, and what every deed asks of an item. Pure."""

import hashlib
import hmac
from dataclasses import dataclass, field

from fabwafer.errors import ConflictError
from fabwafer.history import Event
from fabwafer.work_item import Review


@dataclass(frozen=True)
class Rules:
    """What a deployment decides.

    Attributes:
        second_share: Share (0..1) of items that a second person reads, blind.
        honeypot_pool: Share of surely settled items that are kept to check reviewers with.
        honeypot_share: Share of handed-out items that bring such a one along.
        lease_ms: How long an item is one person's.
        undo_ms: How long an item that waits for its second reader stays with the first, who may think again; and
            how long any other blind answer can be taken back.
        key: What the draws depend on, so that nobody can work out which items are read twice.
    """

    second_share: float = 0.2
    honeypot_pool: float = 0.1
    honeypot_share: float = 0.02
    lease_ms: int = 300_000
    undo_ms: int = 20_000
    key: bytes = field(default=b"", repr=False)

    def draws(self, purpose: str, item: str, share: float) -> bool:
        """Tell whether an item is of a share (0..1) that is drawn for this purpose, always alike."""
        return _fraction(hmac.digest(self.key, f"{purpose}/{item}".encode(), "sha256")) < share


@dataclass(frozen=True)
class Question:
    """What the model said and why a person is asked; every event carries it."""

    prediction: str
    reason: str
    model: str | None = None


@dataclass(frozen=True)
class Deed:
    """What somebody does to an item.

    Attributes:
        id: Drawn by the client.
        reviewer: Who.
        version: The version that was looked at.
        at_ms: When.
        note: In their words.
        batch: The bulk answer it is part of.
        took_ms: How long they looked.
    """

    id: str
    reviewer: str
    version: int
    at_ms: int
    note: str | None = None
    batch: str | None = None
    took_ms: int | None = None


@dataclass(frozen=True)
class Change:
    """An item after a deed, and the event to append."""

    review: Review
    event: Event


def draw(purpose: str, item: str) -> float:
    """Return a number of 0..1 that an item always has for this purpose, and anybody can work out."""
    return _fraction(hashlib.sha256(f"{purpose}/{item}".encode()).digest())


def _fraction(digest: bytes) -> float:
    return int.from_bytes(digest[:8]) / 2**64


def require_version(review: Review, version: int) -> None:
    """Raise `ConflictError` unless this is the item's version."""
    if version != review.version:
        expected = f"{review.version}, the item's version now"
        raise ConflictError("version", version, expected, review.version)


def require_free(review: Review, name: str, now_ms: int) -> None:
    """Raise `ConflictError` if the item is in other hands."""
    holder = review.holder(now_ms)
    if holder not in (None, name):
        expected = "an item that nobody else holds"
        raise ConflictError("item", review.item, expected, review.version, holder)


def refusal(review: Review, expected: str) -> ConflictError:
    """Return why an item, as it is, does not allow a deed."""
    return ConflictError("item", review.item, expected, review.version)
