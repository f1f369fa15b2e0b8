"""a wish for an export -> exports queue; how far it is, and where to fetch it."""

import uuid
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from lambdas.records import Item
from lambdas.review.bodies import ExportBody
from lambdas.review.export_papers import KIND, ExportOrder, export_paper
from lambdas.review.export_reports import ExportList, ExportView
from lambdas.review.queries import ExportPath, FabQuery
from lambdas.review.visit import NotFoundError, Role, Visit, Visiting
from lambdas.stores.pages import Filter

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]

_ADDRESS_S = 900
_MOST_LISTED = 50


class QueueRefusedError(Exception):
    """The exports queue did not take an order; the request fails, and can be repeated."""


@router.post("/exports", summary="Ask for an export")
def request_export(visit: Visiting, body: ExportBody) -> ExportView:
    """Order an export; it is written in the background."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    visit.need_fab(body.fab)
    order = ExportOrder(
        export=_name(visit.now_ms),
        wish=body,
        requested_by=visit.caller.name,
        reads=Role.REVIEWER in visit.caller.roles,
    )
    paper = export_paper(order, visit.now_ms)
    visit.desk.papers.put(paper)
    if visit.desk.exports_queue.send([order.model_dump_json(ensure_ascii=True)]):
        raise QueueRefusedError(visit.desk.exports_queue.url)
    return _view(visit, paper)


@router.get("/exports", summary="Earlier exports, newest first")
def export_list(visit: Visiting, query: Annotated[FabQuery, Query()]) -> ExportList:
    """Return the latest exports of a fab that are not forgotten yet; a reviewer's own alone."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    wanted = Filter(equal={"fab": visit.need_fab(query.fab), "requested_by": _whose(visit)})
    papers = visit.desk.papers.latest(KIND, _MOST_LISTED, wanted)
    return ExportList(exports=tuple(_view(visit, paper) for paper in papers))


@router.get("/exports/<export>", summary="How far an export is")
def export_state(visit: Visiting, export: ExportPath) -> ExportView:
    """Return an export's state, and its address once it is written."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    paper = visit.desk.papers.read(KIND, export)
    if paper is None or not visit.caller.sees(str(paper["fab"])):
        raise NotFoundError(f"export {export}")
    if _whose(visit) not in (None, paper["requested_by"]):
        raise NotFoundError(f"export {export}")
    return _view(visit, paper)


def _whose(visit: Visit) -> str | None:
    """Whoever may be given a wafer to read blind would find its answers in what others exported."""
    return visit.caller.name if Role.REVIEWER in visit.caller.roles else None


def _name(now_ms: int) -> str:
    """Names stand in the order of time, and cannot be guessed."""
    return f"{now_ms:013}-{uuid.uuid4().hex}"


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
