"""Reading an index piece by piece: a bounded number of calls, whatever is filtered out on the way."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from lambdas.records import Item, Value
from lambdas.stores.values import deserialized, serialized

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_Asked = TypeVar("_Asked", str, float)


@dataclass(frozen=True)
class Table:
    """A table, and the attributes that an item of it is named by."""

    name: str
    key: tuple[str, ...]


@dataclass(frozen=True)
class Span:
    """A part of an index: one partition, from the first to the last of its order.

    Attributes:
        index: The index, None for the table itself.
        partition: The attribute that names the partition.
        value: The partition.
        order: The attribute that the partition is ordered by.
        first: From here, inclusive.
        last: To here, inclusive.
        newest_first: Read it from its end.
    """

    index: str | None
    partition: str
    value: str
    order: str
    first: int | None = None
    last: int | None = None
    newest_first: bool = False


@dataclass(frozen=True)
class Filter:
    """Which of the items that a call looks at to return; a value of None asks for nothing.

    An attribute of a map within an item is named with a dot between, `shadow.model`.

    Attributes:
        equal: Attribute -> its value.
        at_least: Attribute -> its smallest value.
        at_most: Attribute -> its largest value.
        without: Attribute that is a list -> what must not be in it.
    """

    equal: Mapping[str, str | None] = field(default_factory=dict)
    at_least: Mapping[str, float | None] = field(default_factory=dict)
    at_most: Mapping[str, float | None] = field(default_factory=dict)
    without: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def compares(self) -> bool:
        """Tell whether a number has to be at least, or at most, some value."""
        asked = (*self.at_least.values(), *self.at_most.values())
        return any(value is not None for value in asked)

    def fits(self, row: Item) -> bool:
        """Tell whether an item is wanted; `without` is asked of the table alone."""
        return (
            all(_at(row, name) == value for name, value in _asked(self.equal))
            and all(_number(row, name) >= value for name, value in _asked(self.at_least))
            and all(_number(row, name) <= value for name, value in _asked(self.at_most))
        )

    def request(self) -> tuple[str, dict[str, str], dict[str, Value]]:
        """Return the expression, its names and its values; empty if everything is wanted."""
        terms: list[str] = []
        names: dict[str, str] = {}
        values: dict[str, Value] = {}
        for form, asked in self._forms():
            for attribute, value in asked.items():
                if value is not None:
                    number = len(terms)
                    path = {f"#f{number}_{n}": each for n, each in enumerate(attribute.split("."))}
                    terms.append(form.format(name=".".join(path), value=f":f{number}"))
                    names |= path
                    values[f":f{number}"] = (
                        Decimal(repr(value)) if isinstance(value, float) else value
                    )
        return " AND ".join(terms), names, values

    def _forms(self) -> Iterator[tuple[str, Mapping[str, str | float | None]]]:
        yield "{name} = {value}", self.equal
        yield "{name} >= {value}", self.at_least
        yield "{name} <= {value}", self.at_most
        yield "NOT contains({name}, {value})", self.without


def _asked(wanted: Mapping[str, _Asked | None]) -> list[tuple[str, _Asked]]:
    return [(name, value) for name, value in wanted.items() if value is not None]


def _number(row: Item, name: str) -> float:
    """What an item does not have is neither at least nor at most anything."""
    found = _at(row, name)
    return math.nan if found is None else float(str(found))


def _at(row: Item, path: str) -> object:
    found: object = row
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


@dataclass(frozen=True)
class Page:
    """How much to read.

    Attributes:
        limit: Items to return at most.
        start: The key of the item to go on after.
        wanted: Which of them.
        most_calls: Calls at most; what is filtered out counts.
        evaluated: Items that one call looks at.
    """

    limit: int
    start: Item | None = None
    wanted: Filter = field(default_factory=Filter)
    most_calls: int = 5
    evaluated: int = 500


def query(
    client: "DynamoDBClient", table: Table, span: Span, page: Page, *, consistent: bool = False
) -> tuple[list[Item], Item | None]:
    """Return items, and the key to go on after, None at the end.

    DynamoDB goes on after a key of exactly the table's and the index' attributes: with any other it is refused.
    """
    request = _request(table.name, span, page) | {"ConsistentRead": consistent}
    rows: list[Item] = []
    start: Any = serialized(page.start) if page.start else None
    for _ in range(page.most_calls):
        found = client.query(**request, **({"ExclusiveStartKey": start} if start else {}))
        rows += [deserialized(row) for row in found["Items"]]
        start = found.get("LastEvaluatedKey")
        if start is None or len(rows) >= page.limit:
            break
    if len(rows) > page.limit:
        rows = rows[: page.limit]
        return rows, {name: rows[-1][name] for name in (*table.key, span.partition, span.order)}
    return rows, deserialized(start) if start else None


def _request(table: str, span: Span, page: Page) -> dict[str, Any]:
    wanted, filtered, compared = page.wanted.request()
    names = {"#p": span.partition, **filtered}
    values: dict[str, Value] = {":p": span.value, **compared}
    condition = "#p = :p"
    if span.first is not None or span.last is not None:
        names["#o"] = span.order
        condition += " AND " + _between(span, values)
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": serialized(values),
        "ScanIndexForward": not span.newest_first,
        "Limit": page.evaluated if wanted else page.limit + 1,
    }
    if span.index is not None:
        request["IndexName"] = span.index
    if wanted:
        request["FilterExpression"] = wanted
    return request


def _between(span: Span, values: dict[str, Value]) -> str:
    if span.last is None:
        values[":first"] = span.first or 0
        return "#o >= :first"
    if span.first is None:
        values[":last"] = span.last
        return "#o <= :last"
    values |= {":first": span.first, ":last": span.last}
    return "#o BETWEEN :first AND :last"
