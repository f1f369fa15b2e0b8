"""What clients of the review API may send; whatever else comes is refused by field and value."""

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fabwafer.fields import Lot, ModelName, Name
from fabwafer.history import Verdict
from fabwafer.work_item import MAX_BULK, MAX_LEASED, MAX_NOTE_CHARACTERS
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
Version = Annotated[int, Field(ge=0, description="the version that was looked at")]
Label = Annotated[str, Field(min_length=1, max_length=64)]
Note = Annotated[str, Field(min_length=1, max_length=MAX_NOTE_CHARACTERS)]


def is_item(text: str) -> bool:
    """Tell whether a text can be an item's id."""
    return re.match(ITEM_PATTERN, text) is not None


def is_drawn(text: str) -> bool:
    """Tell whether a text can be an id that somebody drew: a batch's, an export's."""
    return re.match(_ID_PATTERN, text) is not None


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", regex_engine="python-re")


class Line(StrEnum):
    """Which queue to work in."""

    REVIEW = "review"
    ADJUDICATION = "adjudication"


class NextBody(_Body):
    """A wish for work."""

    fab: Name
    count: Annotated[int, Field(ge=1, le=MAX_LEASED)] = 1
    line: Line = Line.REVIEW


class HeldItem(_Body):
    """An item at the version at which it was handed out."""

    item: ItemId
    version: Version


class HeartbeatBody(_Body):
    """The items that a client still works on."""

    items: Annotated[tuple[HeldItem, ...], Field(min_length=1, max_length=2 * MAX_LEASED)]


class _Answered(_Body):
    verdict: Verdict
    labels: Annotated[tuple[Label, ...], Field(max_length=9)] = ()
    note: Note | None = None

    @model_validator(mode="after")
    def _labels_go_with_the_verdict(self) -> Self:
        if (self.verdict is Verdict.LABELS) != bool(self.labels):
            raise ValueError("expected labels with the verdict labels, and with no other")
        return self


class AnswerBody(_Answered):
    """One person's answer about one wafer."""

    answer_id: AnswerId
    version: Version
    took_ms: Annotated[
        int | None, Field(ge=0, le=86_400_000, description="from picture drawn to key pressed")
    ] = None


class UndoBody(_Body):
    """Taking one's last answer about an item back."""

    answer_id: AnswerId
    version: Version


class ReleaseBody(_Body):
    """Giving an item back without an answer."""

    version: Version
    skip: Annotated[
        bool, Field(description="it is for somebody else: the caller gets it last, if at all")
    ] = False


class SendBackBody(_Body):
    """Having an item answered anew."""

    answer_id: AnswerId
    version: Version
    comment: Note


class BulkBody(_Answered):
    """One answer about many wafers."""

    fab: Name
    items: Annotated[tuple[HeldItem, ...], Field(min_length=1, max_length=MAX_BULK)]

    @model_validator(mode="after")
    def _each_item_once(self) -> Self:
        if len({each.item for each in self.items}) != len(self.items):
            raise ValueError("expected each item once")
        return self


class BulkAnswerBody(BulkBody):
    """One answer about many wafers, to be kept under a batch's id."""

    batch: AnswerId


class UndoBatchBody(_Body):
    """Taking a whole batch back."""

    answer_id: AnswerId


class ExportFormat(StrEnum):
    """What an export looks like."""

    CSV = "csv"
    MANIFEST = "manifest"
    FOLDERS = "folders"
    COCO = "coco"


class ExportScope(StrEnum):
    """Which wafers an export holds."""

    ALL = "all"
    REVIEWED = "reviewed"


class ExportBody(_Body):
    """A wish for an export."""

    fab: Name
    format: ExportFormat
    scope: ExportScope = ExportScope.ALL
    from_ms: Annotated[int, Field(ge=0)]
    to_ms: Annotated[int, Field(ge=0)]
    camera: Name | None = None
    lot: Lot | None = None

    @model_validator(mode="after")
    def _a_span(self) -> Self:
        if self.to_ms <= self.from_ms:
            raise ValueError("expected to_ms after from_ms")
        return self


class Neighbour(_Body):
    """A label that is easily taken for another, and what tells them apart."""

    label: Label
    difference: Annotated[str, Field(min_length=1, max_length=500)]


class LabelBody(_Body):
    """A new text of a fab's label book."""

    fab: Name
    model: ModelName | None = None
    version: Version
    meaning: Annotated[str, Field(min_length=1, max_length=1000)]
    neighbours: Annotated[tuple[Neighbour, ...], Field(max_length=10)] = ()
    examples: Annotated[tuple[ItemId, ...], Field(max_length=20)] = ()


class DecisionBody(_Body):
    """What an administrator decides about a model that waits for it."""

    approve: bool


class WishBody(_Body):
    """What an administrator wants of a rollout."""

    wish: Wish
