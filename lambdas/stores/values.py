"""Items as the functions see them <-> items as DynamoDB takes them."""

from collections.abc import Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from lambdas.records import Item, Value

_TO = TypeSerializer()
_FROM = TypeDeserializer()


def serialized(item: Mapping[str, Value]) -> dict[str, Any]:
    """Return an item with its types written out."""
    return {name: _TO.serialize(value) for name, value in item.items()}


def deserialized(item: Mapping[str, Any]) -> Item:
    """Return an item with plain values; numbers are `Decimal`."""
    return {name: _FROM.deserialize(value) for name, value in item.items()}
