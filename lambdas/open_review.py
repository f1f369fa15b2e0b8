"""review queue -> work item, the most instructive wafers first."""

import time
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from fabwafer.deeds import draw
from fabwafer.notices import ReviewRequest
from fabwafer.triage import ReviewReason
from lambdas.batch import Batch, PartialResponse, SqsEvent
from lambdas.records import item_id, review_item
from lambdas.settings import OpenReviewSettings
from lambdas.stores.tables import ReviewTable
from lambdas.telemetry import Telemetry, observed

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


_URGENT = {ReviewReason.NOVEL, ReviewReason.REFUSED, ReviewReason.SUSPECTED}
_AUDITED_FIRST = 0.1
"""Share of the audit sample that is as urgent as anything: a flood of novel wafers does not end it."""


def priority(request: ReviewRequest) -> Decimal:
    """Return how urgent a wafer is, 0..1, the highest first.

    What no model has seen may be a new way to lose wafers, what is no wafer a camera that sees
    none, and a suspicion against the model is judged by the answers of three days; then the less
    sure the model is, the more an answer teaches it. The place of an audited wafer is drawn: what
    people come to read of the sample is random still, however much else waits.
    """
    if request.reason in _URGENT:
        return Decimal(1)
    if request.reason == ReviewReason.AUDIT:
        place = draw("audit", item_id(request.imgid, request.timestamp)) / (1 - _AUDITED_FIRST)
        return min(Decimal(1), round(Decimal(place), 6))
    return 1 - round(Decimal(request.probability), 6)


def handler(event: SqsEvent, context: "LambdaContext") -> PartialResponse:
    """Open a batch of work items."""
    with observed("open_review", context) as telemetry:
        return open_batch(event, _reviews(), telemetry)


def open_batch(
    event: SqsEvent,
    reviews: ReviewTable,
    telemetry: Telemetry,
    clock: Callable[[], float] = time.time,
) -> PartialResponse:
    """Open a work item for every request; a request that came before changes nothing."""

    def open_item(body: str) -> tuple[ReviewRequest, bool]:
        request = ReviewRequest.model_validate_json(body)
        return request, reviews.open_new(
            review_item(request, priority(request), round(clock() * 1000))
        )

    batch = Batch(event, telemetry)
    for _, (request, opened) in batch.each(open_item, batch.bodies):
        telemetry.count("ReviewsOpened" if opened else "Duplicates")
        telemetry.line(
            "opened" if opened else "repeated",
            fab=request.fab,
            camera=request.camera,
            imgid=request.imgid,
        )
    return batch.response()


@cache
def _reviews() -> ReviewTable:
    return ReviewTable(OpenReviewSettings().reviews_table)
