"""An export on its way: what the API orders, and what is known of it until it is forgotten."""

from pydantic import BaseModel, ConfigDict

from lambdas.records import Item
from lambdas.review.bodies import ExportBody, ExportFormat

KIND = "export"
KEPT_DAYS = 7
_DAY_S = 86_400
_SUFFIXES = {ExportFormat.CSV: "csv", ExportFormat.EVENTS: "jsonl"}


class ExportOrder(BaseModel):
    """What waits in the exports queue; `reads` is whether who asked for it may be given wafers to read blind."""

    model_config = ConfigDict(frozen=True)

    export: str
    wish: ExportBody
    requested_by: str
    reads: bool


def export_paper(order: ExportOrder, now_ms: int) -> Item:
    """Return what is known of an export that was just ordered."""
    return {
        "kind": KIND,
        "name": order.export,
        "fab": order.wish.fab,
        "format": order.wish.format.value,
        "scope": order.wish.scope.value,
        "state": "waiting",
        "requested_by": order.requested_by,
        "requested_ms": now_ms,
        "expires_at": now_ms // 1000 + KEPT_DAYS * _DAY_S,
    }


def export_key(order: ExportOrder) -> str:
    """Return where an export's file is kept, below its fab."""
    suffix = _SUFFIXES.get(order.wish.format, "zip")
    name = f"{order.wish.fab}-{order.wish.format.value}.{suffix}"
    return f"{order.wish.fab}/{order.export}/{name}"
