"""What the review API answers; times are epoch milliseconds, probabilities and rates 0..1."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from fabwafer.fields import Fraction
from fabwafer.history import Act, Verdict
from fabwafer.work_item import State


class View(BaseModel):
    """A frozen answer."""

    model_config = ConfigDict(frozen=True)


class Problem(View):
    """Why a request was refused; nothing was changed."""

    message: str
    field: str | None = None
    value: str | None = None
    expected: str | None = None
    version: Annotated[int | None, Field(description="the item's version now, at 409")] = None
    held_by: str | None = None


class Me(View):
    """Who the caller is to this API."""

    name: str
    roles: tuple[str, ...]
    fabs: tuple[str, ...]
    lease_s: int
    most_bulk: int
    most_leased: int
    most_note_characters: int


class Picture(View):
    """Where the picture of a wafer can be fetched for a while."""

    url: str
    expires_ms: int


class AnswerView(View):
    """What was answered."""

    verdict: Verdict
    labels: tuple[str, ...] = ()


class ReadingView(AnswerView):
    """One person's answer that counts."""

    reviewer: str
    at_ms: int
    note: str | None = None
    bulk: bool = False


class ModelAnswer(View):
    """What the model said, and why a person is asked."""

    label: str
    probability: Fraction
    reason: str | None = None
    model: str | None = None
    novelty: float | None = None
    refused: Annotated[str | None, Field(description="why it is no picture of a wafer")] = None
    scores: dict[str, float] | None = None
    heat: list[list[float]] | None = None
    accept: Annotated[float | None, Field(description="needs no person from here")] = None
    alert: Annotated[float | None, Field(description="a defect alerts from here")] = None


class WaferIdentity(View):
    """Which wafer it is."""

    item: str
    fab: str
    camera: str
    timestamp: int
    lot: str | None = None
    wafer: int | None = None


class WorkItem(WaferIdentity):
    """A wafer in the caller's hands."""

    version: int
    blind: Annotated[bool, Field(description="answer without the model's answer or another's")]
    lease_until_ms: int
    labels: Annotated[tuple[str, ...], Field(description="what may be answered")]
    picture: Picture
    model_answer: ModelAnswer | None = None
    comment: Annotated[str | None, Field(description="why it was sent back")] = None
    readings: Annotated[tuple[ReadingView, ...], Field(description="to be adjudicated")] = ()


class WorkItems(View):
    """Items leased to the caller."""

    items: tuple[WorkItem, ...]


class Lease(View):
    """An item that the caller holds, and until when."""

    item: str
    version: int
    lease_until_ms: int


class Leases(View):
    """What came of a heartbeat."""

    held: tuple[Lease, ...]
    lost: tuple[str, ...]


class ItemState(View):
    """Where an item stands after an answer, release or undo."""

    item: str
    version: int
    state: Annotated[State | None, Field(description="none to whom it would tell too much")] = None
    answer: AnswerView | None = None
    repeated: Annotated[bool, Field(description="this answer id was known: nothing changed")] = (
        False
    )


class AnswerOutcome(View):
    """What became of one answer of many: status and body that it alone would have been answered with."""

    item: str
    answer_id: str
    status: int
    body: ItemState | Problem


class AnswerOutcomes(View):
    """What became of every answer, in the order in which they came."""

    outcomes: tuple[AnswerOutcome, ...]


class ItemSummary(WaferIdentity):
    """A wafer in the backlog."""

    version: int
    state: State
    opened_ms: int
    picture: Picture
    model_answer: ModelAnswer | None = None
    held_by: str | None = None
    lease_until_ms: int | None = None
    answer: AnswerView | None = None


class ItemPage(View):
    """Part of the backlog; without a cursor it was the last."""

    items: tuple[ItemSummary, ...]
    cursor: str | None = None


class HistoryEvent(View):
    """One link of an item's chain of events."""

    item: str
    seq: int
    act: Act
    reviewer: str
    at_ms: int
    before: AnswerView | None = None
    after: AnswerView | None = None
    note: str | None = None
    bulk: bool = False
    batch: str | None = None
    took_ms: int | None = None
    previous: str
    hash: str


class ReviewView(View):
    """What people did about a wafer."""

    state: State
    version: int
    opened_ms: int
    held_by: str | None = None
    lease_until_ms: int | None = None
    answer: AnswerView | None = None
    readings: tuple[ReadingView, ...] = ()
    comment: str | None = None
    history: tuple[HistoryEvent, ...] = ()
    intact: Annotated[bool, Field(description="the chain of events is whole")] = True


class WaferView(WaferIdentity):
    """A wafer as found; without a model's answer where the caller is to read it blind."""

    picture: Picture
    model_answer: ModelAnswer | None = None
    alerted: bool | None = None
    state: State | None = None
    answer: AnswerView | None = None


class WaferDetail(WaferView):
    """All about a wafer."""

    normal: Annotated[str, Field(description="the label of a wafer without defect")]
    labels: tuple[str, ...]
    received_ms: int | None = None
    sequence: int | None = None
    sha256: str | None = None
    edge_ms: float | None = None
    review: ReviewView | None = None


class WaferPage(View):
    """Part of what was searched; without a cursor it was the last."""

    wafers: tuple[WaferView, ...]
    cursor: str | None = None
