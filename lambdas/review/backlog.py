"""Finding work items: by urgency, by age, by what the model said, or by whose they are."""

from decimal import Decimal
from typing import cast

from fabwafer.work_item import Queue, State
from lambdas.records import Item, Value
from lambdas.review.cursors import cursor_of, start_of
from lambdas.review.queries import BacklogQuery, Order
from lambdas.review.showing import is_masked
from lambdas.review.visit import Visit
from lambdas.stores.pages import Filter, Page
from lambdas.work_records import Work

_RANKED = {Order.NOVEL: "novelty", Order.UNSURE: "probability"}
_MOST_RANKED = 10_000
"""Items of a state that are put in order by a value that no index has; of more, the oldest."""

_LAST = Decimal(10**9)


def find_items(visit: Visit, query: BacklogQuery) -> tuple[list[Work], str | None]:
    """Return items, and the cursor to go on at."""
    if query.holder is not None or query.order is Order.URGENT:
        return _by_turn(visit, query)
    if query.order in _RANKED:
        return _by_value(visit, query, _RANKED[query.order])
    return _by_state(visit, query)


def is_told(visit: Visit, work: Work, query: BacklogQuery) -> bool:
    """Tell whether somebody who is to read an item blind would learn by this query what the model said of it."""
    ordered = query.order in {Order.URGENT, *_RANKED}
    asks = query.label is not None or ordered or _said(query).compares
    return asks and is_masked(visit, work)


def _by_turn(visit: Visit, query: BacklogQuery) -> tuple[list[Work], str | None]:
    queue = Queue.CHECK if query.state is State.SETTLED else Queue(query.state.value)
    if query.holder is not None:
        queue = Queue.HELD
    partition: Item = {"fab_queue": f"{query.fab}/{queue.value}"}
    start = start_of(query.cursor, {"item": str, "turn": int}, partition)
    said = _said(query)
    opened = Filter(
        equal={**said.equal, "holder": query.holder},
        at_least={**said.at_least, "opened_at": query.opened_from_ms},
        at_most={**said.at_most, "opened_at": query.opened_to_ms},
    )
    page = Page(query.limit, start, opened)
    works, end = visit.desk.work.by_urgency(query.fab, queue, page)
    return works, cursor_of(end, ("item", "turn"))


def _by_state(visit: Visit, query: BacklogQuery) -> tuple[list[Work], str | None]:
    partition: Item = {"fab_state": f"{query.fab}/{query.state.value}"}
    start = start_of(query.cursor, {"item": str, "opened_at": int}, partition)
    rows, end = visit.desk.work.rows_in_state(
        query.fab,
        query.state,
        Page(query.limit, start, _said(query)),
        opened=(query.opened_from_ms, query.opened_to_ms),
        newest_first=query.order is Order.NEWEST,
    )
    return visit.desk.work.named([str(row["item"]) for row in rows]), cursor_of(
        end, ("item", "opened_at")
    )


def _by_value(visit: Visit, query: BacklogQuery, name: str) -> tuple[list[Work], str | None]:
    """The highest novelty or the lowest probability first; what has no value comes last."""
    page = Page(_MOST_RANKED, wanted=_said(query), most_calls=20, evaluated=_MOST_RANKED)
    opened = (query.opened_from_ms, query.opened_to_ms)
    rows, _ = visit.desk.work.rows_in_state(query.fab, query.state, page, opened=opened)
    ranked = sorted((_rank(row.get(name), name), str(row["item"])) for row in rows)
    start = start_of(query.cursor, {"rank": int, "item": str}, {})
    if start is not None:
        after = (start["rank"], start["item"])
        ranked = [each for each in ranked if each > after]
    shown = ranked[: query.limit]
    works = visit.desk.work.named([item for _, item in shown])
    if len(ranked) <= query.limit:
        return works, None
    rank, item = shown[-1]
    return works, cursor_of({"rank": rank, "item": item}, ("rank", "item"))


def _rank(value: Value, name: str) -> Decimal:
    if value is None:
        return _LAST
    number = cast("Decimal", value)
    return -number if name == "novelty" else number


def _said(query: BacklogQuery) -> Filter:
    return Filter(
        equal={"prediction": query.label, "camera": query.camera, "lot": query.lot},
        at_least={"probability": query.min_probability, "novelty": query.min_novelty},
        at_most={"probability": query.max_probability, "novelty": query.max_novelty},
    )
