"""Looking around: who am I, which fabs and cameras, the backlog, one wafer with all about it, its picture."""

from typing import Annotated, cast

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from fabwafer.history import Event, is_intact
from fabwafer.work_item import MAX_BULK, MAX_LEASED, MAX_NOTE_CHARACTERS, Queue, State
from lambdas.records import Item
from lambdas.review.cursors import cursor_of, start_of
from lambdas.review.queries import BacklogQuery, ItemPath, Order
from lambdas.review.records import Work
from lambdas.review.reports import CameraView, Catalogue, FabView
from lambdas.review.showing import is_masked, item_summary, picture, review_view, wafer_view
from lambdas.review.views import ItemPage, Me, Picture, WaferDetail
from lambdas.review.visit import NotFoundError, Role, Visit, Visiting
from lambdas.stores.pages import Filter, Page

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
    works, end, order = _by_turn(visit, query) if _is_turned(query) else _by_state(visit, query)
    return ItemPage(
        items=tuple(item_summary(visit, each) for each in works if _shown(visit, each, query)),
        cursor=cursor_of(end, ("item", order)),
    )


@router.get("/items/<item>", summary="All about a wafer")
def detail(visit: Visiting, item: ItemPath) -> WaferDetail:
    """Return a wafer, whether it was ever reviewed or not, with its history."""
    visit.need(*Role)
    row, work = _wafer(visit, item)
    events = visit.desk.work.history(item) if work else []
    policy = visit.desk.policies.of(cast("str | None", row.get("model")))
    measured = () if is_masked(visit, work) else ("received_ms", "sequence", "sha256", "edge_ms")
    return WaferDetail(
        **wafer_view(visit, row, work).model_dump(),
        normal=policy.normal,
        labels=policy.labels,
        review=review_view(visit, work, events, intact=_intact(work, events)) if work else None,
        **{name: row.get(name) for name in measured},
    )


@router.get("/items/<item>/picture", summary="A fresh address of a wafer's picture")
def fresh_picture(visit: Visiting, item: ItemPath) -> Picture:
    """Return where the picture can be fetched from now on."""
    visit.need(*Role)
    row, _ = _wafer(visit, item)
    return picture(visit, row)


def _is_turned(query: BacklogQuery) -> bool:
    return query.order is Order.URGENT or query.holder is not None


def _by_turn(visit: Visit, query: BacklogQuery) -> tuple[list[Work], Item | None, str]:
    queue = Queue.CHECK if query.state is State.SETTLED else Queue(query.state.value)
    if query.holder is not None:
        queue = Queue.HELD
    partition: Item = {"fab_queue": f"{query.fab}/{queue.value}"}
    start = start_of(query.cursor, {"item": str, "turn": int}, partition)
    page = Page(query.limit, start, _filter(query))
    return *visit.desk.work.by_urgency(query.fab, queue, page), "turn"


def _by_state(visit: Visit, query: BacklogQuery) -> tuple[list[Work], Item | None, str]:
    partition: Item = {"fab_state": f"{query.fab}/{query.state.value}"}
    start = start_of(query.cursor, {"item": str, "opened_at": int}, partition)
    page = Page(query.limit, start, _filter(query))
    newest_first = query.order is Order.NEWEST
    found = visit.desk.work.in_state(query.fab, query.state, page, newest_first=newest_first)
    return *found, "opened_at"


def _wafer(visit: Visit, item: str) -> tuple[Item, Work | None]:
    """A prediction may have expired while its review is kept."""
    row, work = visit.desk.wafers.read(item), visit.desk.work.read(item)
    known = row or (work.row if work else None)
    if known is None or not visit.caller.sees(str(known["fab"])):
        raise NotFoundError(f"item {item}")
    return known, work


def _intact(work: Work | None, events: list[Event]) -> bool:
    return work is not None and is_intact(events, work.review.head, len(work.review.event_ids))


def _shown(visit: Visit, work: Work, query: BacklogQuery) -> bool:
    """Whoever filters by what the model said would learn it."""
    told = (query.label, query.min_probability, query.max_probability, query.min_novelty)
    return told == (None,) * len(told) or not is_masked(visit, work)


def _filter(query: BacklogQuery) -> Filter:
    return Filter(
        equal={
            "prediction": query.label,
            "camera": query.camera,
            "lot": query.lot,
            "holder": query.holder,
        },
        at_least={"probability": query.min_probability, "novelty": query.min_novelty},
        at_most={"probability": query.max_probability},
    )


def _camera(row: Item) -> CameraView:
    return CameraView(
        camera=str(row["camera"]),
        heartbeat_ms=cast("int | None", row.get("received_ms")),
        model=cast("str | None", row.get("model")),
        version=cast("str | None", row.get("version")),
        degraded=tuple(cast("list[str]", row.get("degraded", []))),
    )
