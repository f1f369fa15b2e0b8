"""every hour -> wafers that the model was sure of -> review queue: the most novel and the most varied, within a budget."""

import time
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from lambdas.fabs import for_every_fab
from lambdas.loop.ledger import Ledger
from lambdas.loop.picking import Picker
from lambdas.settings import PickReviewsSettings
from lambdas.stores.channels import Queue
from lambdas.stores.papers import PaperTable
from lambdas.stores.reviews import WorkTable
from lambdas.stores.wafers import WaferTable
from lambdas.telemetry import Telemetry, observed

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: "LambdaContext") -> None:  # noqa: ARG001  a schedule says nothing
    """Pick wafers of every fab."""
    with observed("pick_reviews", context) as telemetry:
        picker, fabs = _wired()
        pick_all(picker, fabs, round(time.time() * 1000), telemetry)


def pick_all(picker: Picker, fabs: Sequence[str], now_ms: int, telemetry: Telemetry) -> None:
    """Pick wafers of every fab; one that fails does not stop the others.

    Raises:
        FabsFailedError: At the end, if one did.
    """
    for found in for_every_fab(fabs, lambda fab: picker.pick(fab, now_ms), telemetry):
        telemetry.count("ReviewsPicked", sum(found.picked.values()))
        telemetry.line("picked", fab=found.fab, wafers=found.wafers, **found.picked)


@cache
def _wired() -> tuple[Picker, tuple[str, ...]]:
    settings = PickReviewsSettings()
    picker = Picker(
        wafers=WaferTable(settings.predictions_table),
        reviews=WorkTable(settings.reviews_table, ""),
        ledger=Ledger(PaperTable(settings.papers_table)),
        queue=Queue(settings.review_queue_url),
        budget=settings.pick_budget,
        spread_h=settings.pick_spread_h,
    )
    return picker, tuple(sorted(filter(None, settings.fabs.split(","))))
