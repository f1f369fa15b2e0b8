"""What clients of the review API may send; whatever else comes is refused by field and value."""

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)

from fabwafer.fields import Lot, ModelName, Name
from fabwafer.work_item import MAX_LEASED, MAX_NOTE_CHARACTERS
from lambdas.loop.rollout_records import Wish

ITEM_PATTERN = r"^[A-Za-z0-9_.-]{1,128}~[0-9]{12,15}$(?!\n)"
_ID_PATTERN = r"^[A-Za-z0-9_-]{8,64}$(?!\n)"

ItemId = Annotated[str, Field(pattern=ITEM_PATTERN, description="<imgid>~<timestamp>")]
AnswerId = Annotated[
    str,
    Field(
        pattern=_ID_PATTERN,
        description="drawn by the client; the same id again changes nothing",
    ),
]
Version = Annotated[int, Field(ge=0, le=10**9, description="the version that was looked at")]
Label = Annotated[str, Field(min_length=1, max_length=64)]
Moment = Annotated[int, Field(ge=0, le=253_402_300_799_999, description="epoch milliseconds")]
Note = Annotated[str, Field(min_length=1, max_length=MAX_NOTE_CHARACTERS)]


def is_item(text: str) -> bool:
    """Tell whether a text can be an item's id."""
    return re.match(ITEM_PATTERN, text) is not None


def is_drawn(text: str) -> bool:
    """Tell whether a text can be an id that somebody drew: a batch's, an export's."""
    return re.match(_ID_PATTERN, text) is not None


class Body(BaseModel):
    """What comes in a request, and nothing beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid", regex_engine="python-re")


class Line(StrEnum):
    """Which queue to work in."""

    REVIEW = "review"
    ADJUDICATION = "adjudication"


class NextBody(Body):
    """A wish for work."""

    fab: Name
    count: Annotated[int, Field(ge=1, le=MAX_LEASED)] = 1
    line: Line = Line.REVIEW


class HeldItem(Body):
    """An item at the version at which it was handed out."""

    item: ItemId
    version: Version


class HeartbeatBody(Body):
    """The items that a client still works on."""

    items: Annotated[tuple[HeldItem, ...], Field(min_length=1, max_length=2 * MAX_LEASED)]


class UndoBody(Body):
    """Taking one's last answer about an item back."""

    answer_id: AnswerId
    version: Version


class ReleaseBody(Body):
    """Giving an item back without an answer."""

    version: Version
    skip: Annotated[
        bool, Field(description="it is for somebody else: the caller gets it last, if at all")
    ] = False


class SendBackBody(Body):
    """Having an item answered anew."""

    answer_id: AnswerId
    version: Version
    comment: Note


class ExportFormat(StrEnum):
    """What an export looks like."""

    CSV = "csv"
    MANIFEST = "manifest"
    FOLDERS = "folders"
    COCO = "coco"
    EVENTS = "events"


class ExportScope(StrEnum):
    """Which wafers an export holds."""

    ALL = "all"
    REVIEWED = "reviewed"


class ExportBody(Body):
    """A wish for an export."""

    fab: Name
    format: ExportFormat
    scope: ExportScope = ExportScope.ALL
    from_ms: Moment
    to_ms: Moment
    camera: Name | None = None
    lot: Lot | None = None

    @model_validator(mode="after")
    def _a_span(self) -> Self:
        if self.to_ms <= self.from_ms:
            raise ValueError("expected to_ms after from_ms")
        return self

    @model_validator(mode="after")
    def _events_are_a_fabs(self) -> Self:
        if self.format is ExportFormat.EVENTS and (self.camera or self.lot):
            raise ValueError("expected events of a whole fab, of no camera or lot")
        return self


class Neighbour(Body):
    """A label that is easily taken for another, and what tells them apart."""

    label: Label
    difference: Annotated[str, Field(min_length=1, max_length=500)]


class LabelBody(Body):
    """A new text of a fab's label book."""

    fab: Name
    model: ModelName | None = None
    version: Version
    meaning: Annotated[str, Field(min_length=1, max_length=1000)]
    neighbours: Annotated[tuple[Neighbour, ...], Field(max_length=10)] = ()
    examples: Annotated[tuple[ItemId, ...], Field(max_length=20)] = ()


class DecisionBody(Body):
    """What an administrator decides about a model that waits for it."""

    approve: bool


class WishBody(Body):
    """What an administrator wants of a rollout."""

    wish: Wish
