"""Looking around: who am I, which fabs and cameras, the backlog, one wafer with all about it, its picture."""

from typing import Annotated, cast

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from fabwafer.errors import ContractError
from fabwafer.history import Event, is_intact, readings
from fabwafer.work_item import MAX_BULK, MAX_LEASED, MAX_NOTE_CHARACTERS, State
from lambdas.records import Item
from lambdas.review.backlog import find_items
from lambdas.review.catalogue_reports import CameraView, Catalogue, FabView
from lambdas.review.queries import BacklogQuery, ItemPath
from lambdas.review.showing import is_masked, item_summary, picture, review_view, wafer_view
from lambdas.review.views import ItemPage, Me, Picture, WaferDetail
from lambdas.review.visit import NotFoundError, Role, Visit, Visiting
from lambdas.work_records import Work, answer_of

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]


@router.get("/me", summary="Who the caller is here")
def me(visit: Visiting) -> Me:
    """Return the caller's roles and fabs, and the limits that a client should know."""
    return Me(
        name=visit.caller.name,
        roles=tuple(sorted(visit.caller.roles)),
        fabs=visit.fabs,
        lease_s=visit.desk.rules.lease_ms // 1000,
        most_bulk=MAX_BULK,
        most_leased=MAX_LEASED,
        most_note_characters=MAX_NOTE_CHARACTERS,
    )


@router.get("/catalogue", summary="The caller's fabs and their cameras")
def catalogue(visit: Visiting) -> Catalogue:
    """Return every camera that was ever heard of in the caller's fabs."""
    visit.need(*Role)
    return Catalogue(
        fabs=tuple(
            FabView(fab=fab, cameras=tuple(map(_camera, visit.desk.cameras.of_fab(fab))))
            for fab in visit.fabs
        )
    )


@router.get("/items", summary="The backlog")
def backlog(visit: Visiting, query: Annotated[BacklogQuery, Query()]) -> ItemPage:
    """List items; who only reviews sees those that wait for a first answer."""
    visit.need(*Role)
    visit.need_fab(query.fab)
    if query.state is not State.OPEN or query.holder is not None:
        visit.need(Role.ENGINEER, Role.ADMIN)
    first, last = query.opened_from_ms or 0, query.opened_to_ms
    if last is not None and last < first:
        raise ContractError("opened_to_ms", last, f"at least opened_from_ms, {first}")
    works, cursor = find_items(visit, query)
    return ItemPage(items=tuple(item_summary(visit, each) for each in works), cursor=cursor)


@router.get("/items/<item>", summary="All about a wafer")
def detail(visit: Visiting, item: ItemPath) -> WaferDetail:
    """Return a wafer, whether it was ever reviewed or not, with its history."""
    visit.need(*Role)
    row, work = find_wafer(visit, item)
    events = visit.desk.work.history(item) if work else []
    policy = visit.policy(str(row["fab"]), cast("str | None", row.get("model")))
    measured = () if is_masked(visit, work) else ("received_ms", "sequence", "sha256", "edge_ms")
    return WaferDetail(
        **wafer_view(visit, row, work).model_dump(),
        normal=policy.normal,
        labels=policy.labels,
        review=review_view(visit, work, events, intact=is_whole(work, events)) if work else None,
        **{name: row.get(name) for name in measured},
    )


@router.get("/items/<item>/picture", summary="A fresh address of a wafer's picture")
def fresh_picture(visit: Visiting, item: ItemPath) -> Picture:
    """Return where the picture can be fetched from now on."""
    visit.need(*Role)
    row, _ = find_wafer(visit, item)
    return picture(visit, row)


def find_wafer(visit: Visit, item: str) -> tuple[Item, Work | None]:
    """Return a wafer's prediction and work item; a prediction may have expired while its review is kept.

    Raises:
        NotFoundError: If there is neither in the caller's fabs.
    """
    row, work = visit.desk.wafers.read(item), visit.desk.work.read(item)
    known = row or (work.row if work else None)
    if known is None or not visit.caller.sees(str(known["fab"])):
        raise NotFoundError(f"item {item}")
    return known, work


def is_whole(work: Work | None, events: list[Event]) -> bool:
    """Tell whether a work item's chain of events is complete and unaltered, and the item is what comes of them."""
    if work is None:
        return False
    review = work.review
    whole = is_intact(events, review.head, len(review.event_ids))
    follows = whole and readings(events) == review.readings
    return follows and answer_of(work.row.get("answer")) == review.answer


def _camera(row: Item) -> CameraView:
    return CameraView(
        camera=str(row["camera"]),
        heartbeat_ms=cast("int | None", row.get("received_ms")),
        model=cast("str | None", row.get("model")),
        version=cast("str | None", row.get("version")),
        degraded=tuple(cast("list[str]", row.get("degraded", []))),
    )
