"""The tables: predictions, reviews, cameras."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.records import Item, Value
from lambdas.stores.clients import dynamodb
from lambdas.stores.pages import Page, Span, Table, query
from lambdas.stores.values import deserialized, serialized

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutItemInputTypeDef


@dataclass(frozen=True)
class PredictionTable:
    """Every prediction ever made, and which of its effects are done."""

    name: str
    client: "DynamoDBClient" = field(default_factory=dynamodb)

    def put_new(self, item: Item) -> Item | None:
        """Store a record unless its key is taken; return the record that has it, None if stored."""
        return _put(self.client, self.name, item, "attribute_not_exists(imgid)")

    def claim_alert(self, imgid: str, timestamp: int, claim: str) -> bool:
        """Take the right to alert about a wafer; False if another message has it or used it up.

        A wafer that is not stored is a fault: alerts are queued only after the record is there.
        """
        try:
            self.client.update_item(
                TableName=self.name,
                Key=serialized({"imgid": imgid, "timestamp": timestamp}),
                UpdateExpression="SET alert_claim = :claim",
                ConditionExpression=(
                    "attribute_exists(imgid) AND attribute_not_exists(alerted_ms)"
                    " AND (attribute_not_exists(alert_claim) OR alert_claim = :claim)"
                ),
                ExpressionAttributeValues=serialized({":claim": claim}),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self.client.exceptions.ConditionalCheckFailedException as error:
            if "Item" not in error.response:
                raise
            return False
        return True

    def mark_alerted(self, imgid: str, timestamp: int, alerted_ms: int) -> None:
        """Remember that the alert is out, if possible: it only holds back a redelivery."""
        with suppress(ClientError, BotoCoreError):
            self.client.update_item(
                TableName=self.name,
                Key=serialized({"imgid": imgid, "timestamp": timestamp}),
                UpdateExpression="SET alerted_ms = :now",
                ConditionExpression="attribute_exists(imgid)",
                ExpressionAttributeValues=serialized({":now": alerted_ms}),
            )


@dataclass(frozen=True)
class ReviewTable:
    """The work items of the reviewers."""

    name: str
    client: "DynamoDBClient" = field(default_factory=dynamodb)

    def open_new(self, item: Item) -> bool:
        """Store a work item unless there is one for this wafer, whatever became of it."""
        return _put(self.client, self.name, item, "attribute_not_exists(opened_at)") is None


@dataclass(frozen=True)
class CameraTable:
    """The last heartbeat of every camera."""

    name: str
    client: "DynamoDBClient" = field(default_factory=dynamodb)

    def put_newer(self, item: Item) -> bool:
        """Store a camera's state unless a later one arrived before."""
        condition = "attribute_not_exists(fab) OR received_ms < :received"
        values = {":received": item["received_ms"]}
        return _put(self.client, self.name, item, condition, values) is None

    def of_fab(self, fab: str) -> list[Item]:
        """Return the cameras of a fab, by name."""
        table = Table(self.name, ("fab", "camera"))
        rows, _ = query(self.client, table, Span(None, "fab", fab, "camera"), Page(limit=1000))
        return rows


def _put(
    client: "DynamoDBClient",
    table: str,
    item: Item,
    condition: str,
    values: Mapping[str, Value] | None = None,
) -> Item | None:
    request: PutItemInputTypeDef = {
        "TableName": table,
        "Item": serialized(item),
        "ConditionExpression": condition,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if values:
        request["ExpressionAttributeValues"] = serialized(values)
    try:
        client.put_item(**request)
    except client.exceptions.ConditionalCheckFailedException as error:
        return deserialized(cast("dict[str, Any]", error.response)["Item"])
    return None
