"""What the review API tells about wafers, answers and models in figures; times are epoch milliseconds, rates 0..1."""

from typing import Annotated

from pydantic import Field

from fabwafer.fields import Fraction
from fabwafer.work_item import State
from lambdas.review.views import HistoryEvent, View

Complete = Annotated[
    bool, Field(description="false while older ones are still being counted: ask again")
]


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
