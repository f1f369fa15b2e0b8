"""A stored prediction -> the request that a person look at it, as the review queue takes it."""

from fabwafer.notices import ReviewRequest
from fabwafer.triage import ReviewReason
from lambdas.records import Item


def request_body(row: Item, reason: ReviewReason) -> str:
    """Return the request as JSON, in ASCII: SQS refuses some characters that a lot's name may have."""
    told = {name: row[name] for name in ReviewRequest.model_fields if name in row}
    whole = {name: int(str(told[name])) for name in ("timestamp", "wafer") if name in told}
    real = {name: float(str(told[name])) for name in ("probability", "novelty") if name in told}
    asked = ReviewRequest.model_validate(told | whole | real | {"reason": reason.value})
    return asked.model_dump_json(exclude_none=True, ensure_ascii=True)
