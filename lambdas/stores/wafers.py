"""Predictions as people look for them: by fab, camera, lot and label, over time."""

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lambdas.records import Item, Value, item_of, wafer_key
from lambdas.stores.clients import dynamodb
from lambdas.stores.gathering import read_all
from lambdas.stores.pages import Page, Span, Table, query
from lambdas.stores.values import deserialized, serialized

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class WaferTable:
    """The predictions table, read."""

    name: str
    client: "DynamoDBClient" = field(default_factory=dynamodb)

    def read(self, item: str) -> Item | None:
        """Return a prediction's record by its wafer's id."""
        found = self.client.get_item(TableName=self.name, Key=serialized(_key(item)))
        return deserialized(found["Item"]) if "Item" in found else None

    def read_all(self, items: list[str]) -> dict[str, Item]:
        """Return those of many records that there are, by their wafers' ids."""
        rows = read_all(self.client, self.name, [_key(item) for item in items])
        return {item_of(row): row for row in rows}

    def find(self, span: Span, page: Page) -> tuple[list[Item], Item | None]:
        """Return records of a part of an index, and the key to go on after."""
        return query(self.client, Table(self.name, ("imgid", "timestamp")), span, page)

    def count(
        self, span: Span, start: Item | None, most_pages: int
    ) -> tuple[Counter[str], Item | None]:
        """Return how many wafers there are of each label, and the key to go on after where there are more pages."""
        counts: Counter[str] = Counter()
        values: dict[str, Value] = {
            ":p": span.value,
            ":first": span.first or 0,
            ":last": span.last or 0,
        }
        request: dict[str, Any] = {
            "TableName": self.name,
            "IndexName": span.index,
            "KeyConditionExpression": "#p = :p AND #o BETWEEN :first AND :last",
            "ExpressionAttributeNames": {"#p": span.partition, "#o": span.order},
            "ExpressionAttributeValues": serialized(values),
            "ProjectionExpression": "prediction",
        }
        after: Any = serialized(start) if start else None
        for _ in range(most_pages):
            found = self.client.query(**request, **({"ExclusiveStartKey": after} if after else {}))
            counts.update(row["prediction"]["S"] for row in found["Items"])
            after = found.get("LastEvaluatedKey")
            if after is None:
                break
        return counts, deserialized(after) if after else None


def _key(item: str) -> dict[str, Value]:
    imgid, timestamp = wafer_key(item)
    return {"imgid": imgid, "timestamp": timestamp}
