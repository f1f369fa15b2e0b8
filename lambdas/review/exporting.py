"""a wish for an export -> exports queue; how far it is, and where to fetch it."""

import uuid
from typing import Any

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from lambdas.records import Item
from lambdas.review.bodies import ExportBody
from lambdas.review.export_papers import KIND, ExportOrder, export_paper
from lambdas.review.queries import ExportPath
from lambdas.review.reports import ExportView
from lambdas.review.visit import NotFoundError, Role, Visit, Visiting

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]

_ADDRESS_S = 900


class QueueRefusedError(Exception):
    """The exports queue did not take an order; the request fails, and can be repeated."""


@router.post("/exports", summary="Ask for an export")
def request_export(visit: Visiting, body: ExportBody) -> ExportView:
    """Order an export; it is written in the background."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    visit.need_fab(body.fab)
    order = ExportOrder(export=uuid.uuid4().hex, wish=body)
    paper = export_paper(order, visit.caller.name, visit.now_ms)
    visit.desk.papers.put(paper)
    if visit.desk.exports_queue.send([order.model_dump_json(ensure_ascii=True)]):
        raise QueueRefusedError(visit.desk.exports_queue.url)
    return _view(visit, paper)


@router.get("/exports/<export>", summary="How far an export is")
def export_state(visit: Visiting, export: ExportPath) -> ExportView:
    """Return an export's state, and its address once it is written."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    paper = visit.desk.papers.read(KIND, export)
    if paper is None or not visit.caller.sees(str(paper["fab"])):
        raise NotFoundError(f"export {export}")
    return _view(visit, paper)


def _view(visit: Visit, paper: Item) -> ExportView:
    kept: dict[str, Any] = dict(paper)
    view = ExportView(
        export=kept["name"],
        fab=kept["fab"],
        format=kept["format"],
        scope=kept["scope"],
        state=kept["state"],
        requested_by=kept["requested_by"],
        requested_ms=kept["requested_ms"],
        wafers=kept.get("wafers"),
        size_bytes=kept.get("size_bytes"),
        picture_count=kept.get("picture_count"),
        problem=kept.get("problem"),
    )
    if "key" not in kept:
        return view
    return view.model_copy(
        update={
            "url": visit.desk.exports.address(kept["key"], _ADDRESS_S),
            "expires_ms": visit.now_ms + _ADDRESS_S * 1000,
        }
    )
