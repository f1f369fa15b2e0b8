"""Finding wafers: over time within a fab, a camera, a lot or a label, filtered by what the model said."""

from dataclasses import replace
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from fabwafer.errors import ContractError
from lambdas.records import Item, item_of
from lambdas.review.cursors import cursor_of, start_of
from lambdas.review.queries import LotQuery, WaferQuery
from lambdas.review.showing import is_masked, wafer_view
from lambdas.review.views import WaferPage, WaferView
from lambdas.review.visit import Role, Visit, Visiting
from lambdas.review.walks import Walk
from lambdas.stores.pages import Filter, Page, Span
from lambdas.work_records import Work

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]

_KEY = ("imgid", "timestamp")
_MOST_OF_A_LOT = 1000


@router.get("/wafers", summary="Search, newest first")
def search(visit: Visiting, query: Annotated[WaferQuery, Query()]) -> WaferPage:
    """Find wafers; a page that is not full goes on at its cursor all the same."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    visit.need_fab(query.fab)
    if (query.to_ms or query.from_ms or 0) < (query.from_ms or 0):
        raise ContractError("to_ms", query.to_ms, f"at least from_ms, {query.from_ms}")
    label = _canonical(visit, query)
    if query.holder is not None:
        return WaferPage(wafers=_held(visit, query, label))
    span = _span(visit, query, label)
    start = start_of(query.cursor, {"imgid": str, "timestamp": int}, {span.partition: span.value})
    wanted = _filter(query, label, span.index)
    walk = Walk(
        read=lambda page: visit.desk.wafers.find(span, replace(page, wanted=wanted)),
        key=lambda row: {name: row[name] for name in _KEY},
        item=item_of,
    )
    tells = label is not None or wanted.compares
    found, end = walk.page(visit, query.limit, start, tells=tells)
    return WaferPage(
        wafers=tuple(wafer_view(visit, row, work) for row, work in found),
        cursor=cursor_of(end, _KEY),
    )


@router.get("/lot", summary="All wafers of a lot, oldest first")
def lot(visit: Visiting, query: Annotated[LotQuery, Query()]) -> WaferPage:
    """Return a lot's wafers, each as often as it was looked at."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    visit.need_fab(query.fab)
    span = Span("by_lot", "fab_lot", f"{query.fab}/{query.lot}", "timestamp")
    start = start_of(query.cursor, {"imgid": str, "timestamp": int}, {span.partition: span.value})
    rows, end = visit.desk.wafers.find(span, Page(_MOST_OF_A_LOT, start))
    return WaferPage(
        wafers=_views(visit, rows, leave_out_masked=False), cursor=cursor_of(end, _KEY)
    )


def _held(visit: Visit, query: WaferQuery, label: str | None) -> tuple[WaferView, ...]:
    """What one person holds is little: all of it is read, and then asked what it is."""
    works = visit.desk.work.held_by(query.fab, query.holder or "", visit.now_ms)
    rows = visit.desk.wafers.read_all([each.review.item for each in works])
    wanted = _filter(query, label, None)
    times = Filter(at_least={"timestamp": query.from_ms}, at_most={"timestamp": query.to_ms})
    place = Filter(equal={"lot": query.lot})
    found = [row for row in rows.values() if all(w.fits(row) for w in (wanted, times, place))]
    found.sort(key=lambda row: int(str(row["timestamp"])), reverse=True)
    told = label is not None or wanted.compares
    return _views(visit, found, leave_out_masked=told)


def _views(visit: Visit, rows: list[Item], *, leave_out_masked: bool) -> tuple[WaferView, ...]:
    works = visit.desk.work.read_all([item_of(row) for row in rows])

    def shown(work: Work | None) -> bool:
        return not (leave_out_masked and is_masked(visit, work))

    return tuple(
        wafer_view(visit, row, works.get(item_of(row)))
        for row in rows
        if shown(works.get(item_of(row)))
    )


def _canonical(visit: Visit, query: WaferQuery) -> str | None:
    if query.label is None:
        return None
    policy = visit.policy(query.fab, query.model)
    try:
        return policy.label_set.canonical(query.label)
    except ContractError as error:
        raise ContractError("label", query.label, error.expected) from error


def _span(visit: Visit, query: WaferQuery, label: str | None) -> Span:
    """Take the index that leaves least to filter; wafers without defect are most of every other one anyway."""
    fab = query.fab
    index, partition, value = "by_fab", "fab", fab
    if query.lot is not None:
        index, partition, value = "by_lot", "fab_lot", f"{fab}/{query.lot}"
    elif label is not None and label != visit.desk.policies.of(query.model).normal:
        index, partition, value = "by_label", "fab_label", f"{fab}/{label}"
    elif query.camera is not None:
        index, partition, value = "by_camera", "fab_camera", f"{fab}/{query.camera}"
    elif label is not None:
        index, partition, value = "by_label", "fab_label", f"{fab}/{label}"
    return Span(index, partition, value, "timestamp", query.from_ms, query.to_ms, newest_first=True)


def _filter(query: WaferQuery, label: str | None, index: str | None) -> Filter:
    """What the index says already is not asked again: a filter makes every call look at more."""
    return Filter(
        equal={
            "prediction": None if index == "by_label" else label,
            "camera": None if index == "by_camera" else query.camera,
            "model": query.model,
        },
        at_least={"probability": query.min_probability, "novelty": query.min_novelty},
        at_most={"probability": query.max_probability, "novelty": query.max_novelty},
    )
