"""How much the emulator's tables read: ministack 1.5.33 sorts and judges a whole partition of an index for every query.

DynamoDB goes to the first key that is asked for and stops at the limit, so that a page costs the same in a small and in
a large table. Runs in the emulator's environment, without our dependencies.
"""

import contextvars
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

from sandbox.parts import part, wrap

_MEMBERS, _ORDERED = "_index_members", "_fabwafer_ordered"
_CONDITION = "KeyConditionExpression"

Key = tuple[Any, Any]
"""Of an item in its table."""
Member = tuple[tuple[Any, ...], Any, Any]
"""An item in an index: the values that order it, and its key."""


@dataclass
class _Asked:
    """A query as it came; `understood` once no more is read than what it asks for."""

    data: Mapping[str, Any]
    understood: bool = False


_asked: contextvars.ContextVar[_Asked | None] = contextvars.ContextVar("asked", default=None)


def queries_read_what_they_ask_for(tables: ModuleType) -> None:
    """Keep every partition of an index in order, and hand a query its own stretch of it."""
    order = _Order(tables)
    wrap(tables, "_query", "data", _noting)
    wrap(tables, _MEMBERS, "table", partial(_narrowing, order))
    wrap(tables, "_index_item", "table base_pk base_sk item add", partial(_following, order))
    wrap(tables, "_evaluate_condition", "expr item attr_values attr_names slot", _trusting)


def _noting(query: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def query_noted(data: Any) -> Any:
        token = _asked.set(_Asked(data))
        try:
            return query(data)
        finally:
            _asked.reset(token)

    return query_noted


def _narrowing(order: "_Order", members: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def members_asked_for(table: Any) -> Any:
        asked, whole = _asked.get(), members(table)
        name = asked and asked.data.get("IndexName")
        if asked is None or name not in whole:
            return whole
        return {name: _Stretch(order, table, whole[name], asked)}

    return members_asked_for


def _following(order: "_Order", index: Callable[..., None]) -> Callable[..., None]:
    def index_in_order(table: Any, base_pk: Any, base_sk: Any, item: Any, add: bool) -> None:
        index(table, base_pk, base_sk, item, add)
        order.follow(table, (base_pk, base_sk), item, add)

    return index_in_order


def _trusting(judge: Callable[..., bool]) -> Callable[..., bool]:
    def judged(*asked_of: Any, slot: str = "ConditionExpression") -> bool:
        asked = _asked.get()
        if slot == _CONDITION and asked is not None and asked.understood:
            return True
        return judge(*asked_of, slot=slot)

    return judged


class _Order:
    """Partitions of the indexes of all tables, in the order in which queries read them.

    They lie with the emulator's own list of an index' items, and go with it when that is dropped.
    """

    def __init__(self, tables: ModuleType) -> None:
        self._schemas = part(tables, "_index_key_schemas")
        self._partition_of = part(tables, "_index_partition")
        self._keys = part(tables, "_index_order_keys")
        self._value = part(tables, "_index_order_value")

    def partition(self, table: Any, index: str, value: Any, keys: Iterable[Key]) -> list[Member]:
        """Return a partition in order; sorted when it is first asked for, kept in order from then on."""
        partitions = table[_MEMBERS].setdefault(_ORDERED, {}).setdefault(index, {})
        if value not in partitions:
            items, ranges = table["items"], self.ranges(table, index)
            partitions[value] = sorted(
                (self.values(table, ranges, items[pk][sk]), pk, sk) for pk, sk in keys
            )
        found: list[Member] = partitions[value]
        return found

    def follow(self, table: Any, key: Key, item: Any, add: bool) -> None:
        """Enter or strike an item in those partitions that are kept in order."""
        ordered = table.get(_MEMBERS, {}).get(_ORDERED, {})
        for name, hashes, ranges in self._schemas(table):
            members = ordered.get(name, {}).get(self._partition_of(item, hashes, ranges))
            if members is None:
                continue
            member = (self.values(table, ranges, item), *key)
            if add:
                insort(members, member)
            else:
                members.pop(bisect_left(members, member))

    def ranges(self, table: Any, index: str) -> list[str]:
        """Return the names of an index' sort keys."""
        return next(ranges for name, _, ranges in self._schemas(table) if name == index)

    def values(self, table: Any, ranges: list[str], item: Any) -> tuple[Any, ...]:
        """Return what an item is ordered by, its sort keys first."""
        return tuple(self._value(item, *key) for key in self._keys(table, ranges))


@dataclass(frozen=True)
class _Stretch:
    """Stands in for an index' partitions, and has of the one that is asked for only what is to be read."""

    order: _Order
    table: Any
    partitions: Mapping[Any, Mapping[Key, None]]
    asked: _Asked

    def get(self, value: Any, default: Any) -> Iterable[Key]:
        """Return the keys of a partition's items that the query reads; all of them if it cannot be told which."""
        data, index = self.asked.data, self.asked.data["IndexName"]
        keys: Mapping[Key, None] = self.partitions.get(value, default)
        ranges = self.order.ranges(self.table, index)
        bounds = _bounds(data, ranges)
        if bounds is None or not keys:
            return keys
        members = self.order.partition(self.table, index, value, keys)
        least, most = (
            None if bound is None else self.order.values(self.table, ranges, {ranges[0]: bound})[0]
            for bound in bounds
        )
        low = 0 if least is None else bisect_left(members, least, key=_sort_key)
        high = len(members) if most is None else bisect_right(members, most, key=_sort_key)
        forward, limit = data.get("ScanIndexForward", True), int(data.get("Limit") or len(members))
        if start := data.get("ExclusiveStartKey"):
            cursor = self.order.values(self.table, ranges, start)
            if forward:
                low = max(low, bisect_right(members, cursor, key=_order))
            else:
                high = min(high, bisect_left(members, cursor, key=_order))
        self.asked.understood = True
        read = members[low:high][:limit] if forward else members[low:high][-limit:]
        return [(pk, sk) for _, pk, sk in read]


def _order(member: Member) -> tuple[Any, ...]:
    return member[0]


def _sort_key(member: Member) -> Any:
    return member[0][0]


def _bounds(data: Mapping[str, Any], ranges: list[str]) -> tuple[Any, Any] | None:
    """Return the least and the greatest value that a query's one sort key may have; None if it asks in another form."""
    names, values = data.get("ExpressionAttributeNames", {}), data["ExpressionAttributeValues"]
    match str(data.get(_CONDITION, "")).split():
        case [_, "=", _]:
            return None, None
        case [_, "=", _, "AND", name, *terms] if [names.get(name, name)] == ranges:
            return _term(terms, values)
    return None


def _term(terms: list[str], values: Mapping[str, Any]) -> tuple[Any, Any] | None:
    match terms:
        case [">=", least]:
            return values[least], None
        case ["<=", most]:
            return None, values[most]
        case ["BETWEEN", least, "AND", most]:
            return values[least], values[most]
    return None
