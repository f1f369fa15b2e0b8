"""Finding work items: by urgency, by age, by what the model said, or by whose they are."""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import cast

from fabwafer.work_item import Queue, State
from lambdas.records import Item, Value
from lambdas.review.cursors import cursor_of, start_of
from lambdas.review.queries import BacklogQuery, Order
from lambdas.review.visit import Visit
from lambdas.review.walks import Walk
from lambdas.stores.pages import Filter, Page
from lambdas.work_records import Work

_RANKED = {Order.NOVEL: "novelty", Order.UNSURE: "probability"}
_MOST_RANKED = 10_000
"""Items of a state that are put in order by a value that no index has; of more, the oldest."""

_LAST = Decimal(10**9)


@dataclass(frozen=True)
class _Way:
    """One order of the backlog: how it is read, the key of a row, and the partition that the key is of."""

    read: Callable[[Page], tuple[list[Item], Item | None]]
    key: Mapping[str, type]
    partition: Item


def find_items(visit: Visit, query: BacklogQuery) -> tuple[list[Work], str | None]:
    """Return items, and the cursor to go on at; none of those whose presence would tell a blind reader of the model."""
    way = _way(visit, query)
    walk = Walk(
        read=way.read,
        key=lambda row: {name: row[name] for name in way.key},
        item=lambda key: str(key["item"]),
    )
    ordered = query.order in {Order.URGENT, *_RANKED}
    tells = query.label is not None or ordered or _said(query).compares
    start = start_of(query.cursor, way.key, way.partition)
    found, end = walk.page(visit, query.limit, start, tells=tells)
    return [work for _, work in found if work is not None], cursor_of(end, tuple(way.key))


def _way(visit: Visit, query: BacklogQuery) -> _Way:
    if query.holder is not None or query.order is Order.URGENT:
        return _by_turn(visit, query)
    if query.order in _RANKED:
        return _by_value(visit, query, _RANKED[query.order])
    return _by_state(visit, query)


def _by_turn(visit: Visit, query: BacklogQuery) -> _Way:
    queue = Queue.CHECK if query.state is State.SETTLED else Queue(query.state.value)
    if query.holder is not None:
        queue = Queue.HELD
    said = _said(query)
    opened = Filter(
        equal={**said.equal, "holder": query.holder},
        at_least={**said.at_least, "opened_at": query.opened_from_ms},
        at_most={**said.at_most, "opened_at": query.opened_to_ms},
    )
    return _Way(
        lambda page: visit.desk.work.rows_by_turn(query.fab, queue, replace(page, wanted=opened)),
        {"item": str, "turn": int},
        {"fab_queue": f"{query.fab}/{queue.value}"},
    )


def _by_state(visit: Visit, query: BacklogQuery) -> _Way:
    read = partial(
        visit.desk.work.rows_in_state,
        query.fab,
        query.state,
        opened=(query.opened_from_ms, query.opened_to_ms),
        newest_first=query.order is Order.NEWEST,
    )
    return _Way(
        lambda page: read(replace(page, wanted=_said(query))),
        {"item": str, "opened_at": int},
        {"fab_state": f"{query.fab}/{query.state.value}"},
    )


def _by_value(visit: Visit, query: BacklogQuery, name: str) -> _Way:
    """The highest novelty or the lowest probability first; what has no value comes last."""
    everything = Page(_MOST_RANKED, wanted=_said(query), most_calls=20, evaluated=_MOST_RANKED)
    opened = (query.opened_from_ms, query.opened_to_ms)
    rows, _ = visit.desk.work.rows_in_state(query.fab, query.state, everything, opened=opened)
    ranked = sorted((_rank(row.get(name), name), str(row["item"])) for row in rows)

    def read(page: Page) -> tuple[list[Item], Item | None]:
        first = bisect_right(ranked, (page.start["rank"], page.start["item"])) if page.start else 0
        last = first + page.limit
        found: list[Item] = [{"rank": rank, "item": item} for rank, item in ranked[first:last]]
        return found, found[-1] if last < len(ranked) else None

    return _Way(read, {"rank": int, "item": str}, {})


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
