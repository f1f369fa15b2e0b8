"""What the review API tells about a batch of answers."""

from fabwafer.work_item import State
from lambdas.review.views import View


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
