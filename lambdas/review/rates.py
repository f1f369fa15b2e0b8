"""The defect rate day by day; what was counted is kept, for a past day hardly changes."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Annotated, cast

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from fabwafer.tally import day_of
from fabwafer.triage import Policy
from lambdas.records import Item
from lambdas.review.queries import DAY_MS, RatesQuery
from lambdas.review.reports import RateBucket, Rates
from lambdas.review.visit import Role, Visit, Visiting
from lambdas.stores.pages import Span

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]

_THREADS = 8
_FRESH_MS = 60_000
_KEPT_MS = DAY_MS
_SETTLES_AFTER_MS = 2 * DAY_MS
"""A camera back from an outage delivers late: until then a day is counted anew like today."""
_FORGOTTEN_S = 30 * 86_400


@router.get("/rates", summary="The defect rate over time")
def rates(visit: Visiting, query: Annotated[RatesQuery, Query()]) -> Rates:
    """Count a fab's or a camera's wafers by day and label."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    visit.need_fab(query.fab)
    last = (visit.now_ms if query.until_ms is None else query.until_ms) // DAY_MS
    days = [last - back for back in reversed(range(query.days))]
    kind = f"rates/{query.fab}" + (f"/{query.camera}" if query.camera else "")
    kept = visit.desk.papers.read_all(kind, [day_of(day * DAY_MS) for day in days])
    with ThreadPoolExecutor(_THREADS) as pool:
        counts = pool.map(partial(_counted, visit, query, kind, kept), days)
        buckets = tuple(map(_bucket, days, counts))
    return Rates(fab=query.fab, camera=query.camera, buckets=buckets)


def _counted(
    visit: Visit, query: RatesQuery, kind: str, kept: Mapping[str, Item], day: int
) -> dict[str, int]:
    paper = kept.get(day_of(day * DAY_MS))
    if paper is not None and _is_fresh(paper, day, visit.now_ms):
        return {
            label: int(count) for label, count in cast("Mapping[str, int]", paper["labels"]).items()
        }
    index, partition, value = "by_fab", "fab", query.fab
    if query.camera is not None:
        index, partition, value = "by_camera", "fab_camera", f"{query.fab}/{query.camera}"
    span = Span(index, partition, value, "timestamp", day * DAY_MS, (day + 1) * DAY_MS - 1)
    counts = dict(visit.desk.wafers.count(span))
    visit.desk.papers.put(
        {
            "kind": kind,
            "name": day_of(day * DAY_MS),
            "labels": counts,
            "counted_ms": visit.now_ms,
            "expires_at": visit.now_ms // 1000 + _FORGOTTEN_S,
        }
    )
    return counts


def _is_fresh(paper: Item, day: int, now_ms: int) -> bool:
    age_ms = now_ms - int(cast("int", paper["counted_ms"]))
    over_ms = now_ms - (day + 1) * DAY_MS
    return age_ms < (_KEPT_MS if over_ms > _SETTLES_AFTER_MS else _FRESH_MS)


def _bucket(day: int, labels: Mapping[str, int]) -> RateBucket:
    wafers = sum(labels.values())
    defects = wafers - labels.get(Policy().normal, 0)
    rate = defects / wafers if wafers else None
    return RateBucket(
        day=day_of(day * DAY_MS), wafers=wafers, defects=defects, rate=rate, labels=dict(labels)
    )
