"""Which key a query may go on after: ministack 1.5.33 takes one with attributes that are no keys.

DynamoDB refuses it, so a page that hands on a whole row as its end would work here and nowhere else. Runs in the
emulator's environment, without our dependencies.
"""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

from sandbox.parts import part, wrap


def foreign_start_keys_are_refused(tables: ModuleType) -> None:
    """Let a query go on only after a key of exactly the table's and the index' attributes."""
    wrap(tables, "_query", "data", partial(_refusing, tables))


def _refusing(tables: ModuleType, query: Callable[[Any], Any]) -> Callable[[Any], Any]:
    known, named = part(tables, "_tables"), part(tables, "_normalize_table_name")
    schemas, refusal = part(tables, "_index_key_schemas"), part(tables, "error_response_json")

    def query_of_a_key(data: Any) -> Any:
        start, table = data.get("ExclusiveStartKey"), known.get(named(data.get("TableName")))
        if isinstance(start, dict) and table:
            keys = {table["pk_name"], table.get("sk_name")} - {None}
            for index, hashes, ranges in schemas(table):
                keys |= {*hashes, *ranges} if index == data.get("IndexName") else set()
            if start.keys() - keys:
                return refusal("ValidationException", "The provided starting key is invalid", 400)
        return query(data)

    return query_of_a_key
