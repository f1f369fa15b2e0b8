"""What is neither a prediction nor a review: texts of the label book, batches, exports, counted days."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lambdas.records import Item
from lambdas.stores.clients import dynamodb
from lambdas.stores.gathering import read_all
from lambdas.stores.pages import Filter, Page, Span, Table, query
from lambdas.stores.values import deserialized, serialized

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class PaperTable:
    """Papers of some kind, each with a name."""

    name: str
    client: "DynamoDBClient" = field(default_factory=dynamodb)

    def read(self, kind: str, name: str) -> Item | None:
        """Return a paper, None if there is none."""
        found = self.client.get_item(
            TableName=self.name,
            Key=serialized({"kind": kind, "name": name}),
            ConsistentRead=True,
        )
        return deserialized(found["Item"]) if "Item" in found else None

    def read_all(self, kind: str, names: list[str]) -> dict[str, Item]:
        """Return those of a kind's papers that there are, by name."""
        keys = [{"kind": kind, "name": name} for name in names]
        return {str(row["name"]): row for row in read_all(self.client, self.name, keys)}

    def latest(self, kind: str, limit: int, wanted: Filter | None = None) -> list[Item]:
        """Return a kind's papers, those with the highest names first."""
        span = Span(None, "kind", kind, "name", newest_first=True)
        page = Page(limit=limit, wanted=wanted or Filter())
        table = Table(self.name, ("kind", "name"))
        rows, _ = query(self.client, table, span, page, consistent=True)
        return rows

    def put(self, paper: Item) -> None:
        """Keep a paper in the place of what there was."""
        self.client.put_item(TableName=self.name, Item=serialized(paper))

    def put_new(self, paper: Item) -> bool:
        """Keep a paper unless there is one; tell whether it was kept."""
        try:
            self.client.put_item(
                TableName=self.name,
                Item=serialized(paper),
                ConditionExpression="attribute_not_exists(kind)",
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def revise(self, paper: Item, version: int) -> bool:
        """Keep a paper in the place of the one of this version; False if there is another by now."""
        try:
            self.client.put_item(
                TableName=self.name,
                Item=serialized(paper),
                ConditionExpression="#version = :version",
                ExpressionAttributeNames={"#version": "version"},
                ExpressionAttributeValues=serialized({":version": version}),
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True
