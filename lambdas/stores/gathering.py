"""Many items of a table at once, in calls of a hundred."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from lambdas.records import Item, Value
from lambdas.stores.values import deserialized, serialized

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEYS_PER_CALL = 100
_THREADS = 8


def read_all(
    client: "DynamoDBClient", table: str, keys: Sequence[Mapping[str, Value]]
) -> list[Item]:
    """Return those of the items with these keys that there are, in no order."""
    chunks = [keys[n : n + _KEYS_PER_CALL] for n in range(0, len(keys), _KEYS_PER_CALL)]
    if len(chunks) < 2:
        return [row for chunk in chunks for row in _read(client, table, chunk)]
    with ThreadPoolExecutor(_THREADS) as pool:
        found = pool.map(lambda chunk: _read(client, table, chunk), chunks)
        return [row for rows in found for row in rows]


def _read(client: "DynamoDBClient", table: str, chunk: Sequence[Mapping[str, Value]]) -> list[Item]:
    rows: list[Item] = []
    keys: list[Any] = [serialized(key) for key in chunk]
    while keys:
        found = client.batch_get_item(RequestItems={table: {"Keys": keys}})
        rows += [deserialized(row) for row in found["Responses"].get(table, [])]
        rest = found.get("UnprocessedKeys", {}).get(table)
        keys = list(rest["Keys"]) if rest else []
    return rows
