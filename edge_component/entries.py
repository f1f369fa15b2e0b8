"""What goes into the outbox, what comes out, and how full it is."""

from dataclasses import dataclass

from fabwafer.topics import Kind


@dataclass(frozen=True)
class Outgoing:
    """A message to be stored.

    Attributes:
        kind: What it carries.
        imgid: Whose it is.
        topic: Where it is published.
        payload: What is published.
        upload: A picture that must be in S3 before the message that names it goes out.
    """

    kind: Kind
    imgid: str
    topic: str
    payload: bytes
    upload: bytes | None = None

    @property
    def size(self) -> int:
        """Return the bytes that count against the limit."""
        return len(self.topic) + len(self.payload) + len(self.upload or b"")


@dataclass(frozen=True)
class Stored:
    """A message in the outbox, with its number there."""

    id: int
    message: Outgoing
    refused: bool


@dataclass(frozen=True)
class Entry:
    """All that one wafer's commit holds.

    Attributes:
        sequence: Its number among all wafers of this camera.
        mark: What keeps the camera from repeating it.
        messages: What is to be published.
        journal: Its line in the journal, if one is kept.
        dropped: How many messages of it nothing can carry.
    """

    sequence: int
    mark: str
    messages: tuple[Outgoing, ...]
    journal: str | None = None
    dropped: int = 0


@dataclass(frozen=True)
class Backlog:
    """How full the outbox is."""

    messages: int
    bytes: int
    oldest_s: float
    refused: int
    refusal: str | None
    dropped: int
    quarantined: int
    sequence: int
