"""What the review API tells about many items at once: batches, catalogue, label book, figures, audit log, exports.

Times are epoch milliseconds, probabilities and rates 0..1.
"""

from typing import Annotated

from pydantic import Field

from fabwafer.fields import Fraction
from fabwafer.work_item import State
from lambdas.review.views import HistoryEvent, View

Complete = Annotated[
    bool, Field(description="false while older ones are still being counted: ask again")
]


class BulkOutcome(View):
    """What becomes of one item of a batch; `refused` says why nothing does."""

    item: str
    version: int | None = None
    state: State | None = None
    refused: str | None = None


class BulkResult(View):
    """What became of a batch, or would."""

    batch: str | None = None
    done: int
    refused: int
    items: tuple[BulkOutcome, ...]


class CameraView(View):
    """A camera as last heard of."""

    camera: str
    heartbeat_ms: int | None = None
    model: str | None = None
    version: str | None = None
    degraded: tuple[str, ...] = ()


class FabView(View):
    """A fab and its cameras."""

    fab: str
    cameras: tuple[CameraView, ...]


class Catalogue(View):
    """The fabs that the caller may see."""

    fabs: tuple[FabView, ...]


class NeighbourView(View):
    """A label that is easily taken for this one."""

    label: str
    difference: str


class LabelView(View):
    """What a label means."""

    label: str
    normal: bool
    taught: Annotated[bool, Field(description="false for a label that people alone can give")] = (
        True
    )
    meaning: str
    neighbours: tuple[NeighbourView, ...] = ()
    examples: tuple[str, ...] = ()
    version: int = 0
    changed_by: str | None = None
    changed_ms: int | None = None


class LabelBook(View):
    """The labels that may be answered, with their meaning in a fab."""

    fab: str
    model: str | None = None
    labels: tuple[LabelView, ...]


class RateBucket(View):
    """One day's wafers as the model saw them."""

    day: Annotated[str, Field(description="YYYY-MM-DD, UTC")]
    wafers: int
    defects: int
    rate: Fraction | None = None
    labels: dict[str, int]


class Rates(View):
    """The defect rate over time."""

    fab: str
    camera: str | None = None
    buckets: tuple[RateBucket, ...]
    complete: Complete = True


class Backlog(View):
    """The items that wait in one state."""

    state: State
    count: int
    at_least: Annotated[bool, Field(description="there are more than could be counted")] = False
    oldest_ms: int | None = None


class ReviewerDay(View):
    """What one person answered on one day."""

    day: str
    reviewer: str
    answers: int
    bulk: int
    hasty: Annotated[int, Field(description="answers that took less than a second")]


class ErrorEstimate(View):
    """How often a model is wrong in what it decides alone, by a random sample of that, with its 95 % interval."""

    model: str | None = None
    wafers: int
    errors: int
    rate: Fraction
    low: Fraction
    high: Fraction


class Statistics(View):
    """How the reviewing goes."""

    fab: str
    days: int
    backlog: tuple[Backlog, ...]
    reviewers: tuple[ReviewerDay, ...]
    settled: Annotated[
        int | None, Field(description="labels settled in these days; not told to reviewers")
    ] = None
    audit: Annotated[
        tuple[ErrorEstimate, ...],
        Field(description="the model judged last comes first; not told to reviewers"),
    ] = ()
    labels_to_training: Annotated[
        int | None,
        Field(description="more labels that start the next training; none before anybody looked"),
    ] = None
    complete: Complete = True


class AgreementFigure(View):
    """How far answers about the same wafers agree."""

    pairs: int
    bulk_pairs: int
    percent: Fraction | None = None
    kappa: float | None = None


class NamedAgreement(AgreementFigure):
    """The figure of one label, reviewer or week."""

    name: str


class HoneypotFigure(View):
    """How a reviewer answered wafers whose answer is known."""

    reviewer: str
    shown: int
    right: int


class AgreementReport(View):
    """Agreement in percent and by chance-corrected kappa: Fleiss' overall and by label and week, Cohen's by reviewer."""

    fab: str
    days: int
    overall: AgreementFigure
    labels: tuple[NamedAgreement, ...]
    reviewers: tuple[NamedAgreement, ...]
    weeks: tuple[NamedAgreement, ...]
    honeypots: tuple[HoneypotFigure, ...]
    complete: Complete = True


class AuditPage(View):
    """Part of the audit log, newest first."""

    events: tuple[HistoryEvent, ...]
    cursor: str | None = None


class ExportView(View):
    """An export and how far it is; the address comes when it is done."""

    export: str
    fab: str
    format: str
    scope: str
    state: Annotated[str, Field(description="waiting, done or failed")]
    requested_by: str
    requested_ms: int
    wafers: int | None = None
    size_bytes: int | None = None
    picture_count: int | None = None
    url: str | None = None
    expires_ms: int | None = None
    problem: str | None = None


class ExportList(View):
    """Earlier exports, newest first."""

    exports: tuple[ExportView, ...]
