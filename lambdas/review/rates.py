"""The defect rate day by day: a day to which no wafer comes any more is counted once, a long one in several requests."""

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, cast

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from fabwafer.tally import day_of
from fabwafer.triage import Policy
from lambdas.records import Item, int_of
from lambdas.review.quality_reports import RateBucket, Rates
from lambdas.review.queries import DAY_MS, MOST_DAYS, RatesQuery
from lambdas.review.visit import Role, Visit, Visiting
from lambdas.stores.pages import Span

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]

_THREADS = 8
_FRESH_MS = 60_000
_SETTLES_AFTER_MS = 2 * DAY_MS
"""A camera back from an outage delivers late: until then a day is counted anew like today."""
_MOST_PAGES = 64
"""Pages of an index that one request reads; where there are more, the next one goes on."""
_FORGOTTEN_S = (MOST_DAYS + 7) * 86_400


@dataclass(frozen=True)
class _Counted:
    """A day's wafers of each label, and the key to go on counting after; None where all are counted."""

    labels: Counter[str]
    begun_ms: int
    counted_ms: int
    after: Item | None

    def holds(self, day: int, now_ms: int) -> bool:
        """Tell whether it is all of a day: for good, or of one to which wafers still come for a while."""
        final = self.begun_ms > (day + 1) * DAY_MS + _SETTLES_AFTER_MS
        return self.after is None and (final or now_ms - self.counted_ms < _FRESH_MS)


@router.get("/rates", summary="The defect rate over time")
def rates(visit: Visiting, query: Annotated[RatesQuery, Query()]) -> Rates:
    """Count a fab's or a camera's wafers by day and label."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    visit.need_fab(query.fab)
    last = (visit.now_ms if query.until_ms is None else query.until_ms) // DAY_MS
    days = [last - back for back in reversed(range(query.days))]
    papers = visit.desk.papers.read_all(counts_kind(query), [_name(day) for day in days])
    counted = {day: _counted(papers[_name(day)]) for day in days if _name(day) in papers}
    due = [day for day in days if day not in counted or not counted[day].holds(day, visit.now_ms)]
    most = max(1, _MOST_PAGES // max(1, len(due)))
    with ThreadPoolExecutor(_THREADS) as pool:
        gone_on = pool.map(lambda day: _gone_on(visit, query, day, counted.get(day), most), due)
        counted |= dict(zip(due, gone_on, strict=True))
    return Rates(
        fab=query.fab,
        camera=query.camera,
        buckets=tuple(_bucket(day, counted[day].labels) for day in days),
        complete=all(each.after is None for each in counted.values()),
    )


def _gone_on(
    visit: Visit, query: RatesQuery, day: int, before: _Counted | None, most: int
) -> _Counted:
    """Count on where the counting ended, or anew where it had ended and wafers may have come."""
    if before is None or before.after is None:
        before = _Counted(Counter(), visit.now_ms, visit.now_ms, None)
    index, partition, value = "by_fab", "fab", query.fab
    if query.camera is not None:
        index, partition, value = "by_camera", "fab_camera", f"{query.fab}/{query.camera}"
    span = Span(index, partition, value, "timestamp", day * DAY_MS, (day + 1) * DAY_MS - 1)
    counts, after = visit.desk.wafers.count(span, before.after, most)
    counted = _Counted(before.labels + counts, before.begun_ms, visit.now_ms, after)
    visit.desk.papers.put(_paper(query, day, counted))
    return counted


def _counted(paper: Item) -> _Counted:
    labels = cast("Mapping[str, Decimal]", paper["labels"])
    return _Counted(
        Counter({label: int(count) for label, count in labels.items()}),
        int_of(paper["begun_ms"]),
        int_of(paper["counted_ms"]),
        cast("Item | None", paper.get("after")),
    )


def _paper(query: RatesQuery, day: int, counted: _Counted) -> Item:
    paper: Item = {
        "kind": counts_kind(query),
        "name": _name(day),
        "labels": dict(counted.labels),
        "begun_ms": counted.begun_ms,
        "counted_ms": counted.counted_ms,
        "expires_at": counted.counted_ms // 1000 + _FORGOTTEN_S,
    }
    return paper if counted.after is None else paper | {"after": counted.after}


def counts_kind(query: RatesQuery) -> str:
    """Return the kind of the papers that keep what is counted."""
    return f"counts/{query.fab}" + (f"/{query.camera}" if query.camera else "")


def _name(day: int) -> str:
    return day_of(day * DAY_MS)


def _bucket(day: int, labels: Mapping[str, int]) -> RateBucket:
    wafers = sum(labels.values())
    defects = wafers - labels.get(Policy().normal, 0)
    rate = defects / wafers if wafers else None
    return RateBucket(
        day=_name(day), wafers=wafers, defects=defects, rate=rate, labels=dict(labels)
    )
