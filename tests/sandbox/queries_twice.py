"""Asks the emulator's tables the same queries with and without the repairs; runs in the emulator's environment."""

import importlib
import json
import random
from typing import Any

from sandbox.query_repairs import queries_read_what_they_ask_for
from sandbox.start_keys import foreign_start_keys_are_refused

TABLE, INDEX = "wafers", "by_time"
PARTITIONS, ITEMS, CHANGES, QUERIES = ("a", "b"), 400, 300, 300


def main() -> None:
    """Print how many queries were asked, and how many items came of them."""
    tables = importlib.import_module("ministack.services.dynamodb")
    plain = tables._query
    queries_read_what_they_ask_for(tables)
    foreign_start_keys_are_refused(tables)
    draw = random.Random(7)  # noqa: S311
    create(tables)
    change(tables, draw, ITEMS)
    found = 0
    for _ in range(QUERIES):
        change(tables, draw, CHANGES // QUERIES)
        asked = query(draw)
        for _ in range(20):
            repaired, unrepaired = answered(tables._query(asked)), answered(plain(asked))
            if repaired != unrepaired:
                raise SystemExit(f"{asked}: {repaired}, without the repair {unrepaired}")
            found += repaired["Count"]
            if "LastEvaluatedKey" not in repaired:
                break
            last = repaired["LastEvaluatedKey"]
            refused, _, _ = tables._query(asked | {"ExclusiveStartKey": last | {"lot": {"S": "1"}}})
            if refused != 400:
                raise SystemExit(f"{last} with a lot: it went on after more than a key")
            asked = asked | {"ExclusiveStartKey": last}
    print(json.dumps({"queries": QUERIES, "found": found}))  # noqa: T201


def create(tables: Any) -> None:
    """Make a table with an index by partition and time."""
    answered(
        tables._create_table(
            {
                "TableName": TABLE,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [
                    {"AttributeName": "item", "AttributeType": "S"},
                    {"AttributeName": "fab", "AttributeType": "S"},
                    {"AttributeName": "at", "AttributeType": "N"},
                ],
                "KeySchema": [{"AttributeName": "item", "KeyType": "HASH"}],
                "GlobalSecondaryIndexes": [
                    {
                        "IndexName": INDEX,
                        "KeySchema": [
                            {"AttributeName": "fab", "KeyType": "HASH"},
                            {"AttributeName": "at", "KeyType": "RANGE"},
                        ],
                        "Projection": {"ProjectionType": "ALL"},
                    }
                ],
            }
        )
    )


def change(tables: Any, draw: random.Random, times: int) -> None:
    """Put, move, take out of the index or delete items; their times are seldom unique."""
    for _ in range(times):
        key = {"item": {"S": f"item-{draw.randrange(ITEMS)}"}}
        place = {"fab": {"S": draw.choice(PARTITIONS)}, "at": {"N": str(draw.randrange(100))}}
        match draw.randrange(4):
            case 0 | 1:
                answered(tables._put_item({"TableName": TABLE, "Item": key | place}))
            case 2:
                sparse = {"at": place["at"]}
                answered(tables._put_item({"TableName": TABLE, "Item": key | sparse}))
            case 3:
                answered(tables._delete_item({"TableName": TABLE, "Key": key}))
        answered(
            tables._update_item(
                {
                    "TableName": TABLE,
                    "Key": {"item": {"S": f"item-{draw.randrange(ITEMS)}"}},
                    "UpdateExpression": "SET #a = :a, fab = :f",
                    "ExpressionAttributeNames": {"#a": "at"},
                    "ExpressionAttributeValues": {":a": place["at"], ":f": place["fab"]},
                }
            )
        )


def query(draw: random.Random) -> dict[str, Any]:
    """Return a query of a form that the repair knows, or of one that it leaves alone."""
    least, most = sorted(draw.randrange(100) for _ in range(2))
    terms = [
        "",
        " AND #o >= :least",
        " AND #o <= :most",
        " AND #o BETWEEN :least AND :most",
        " AND #o < :most",
        " AND (#o > :least)",
    ]
    term = draw.choice(terms)
    values = {":p": {"S": draw.choice((*PARTITIONS, "nobody"))}}
    values |= {
        name: {"N": str(bound)}
        for name, bound in ((":least", least), (":most", most))
        if name in term
    }
    names = {"#p": "fab"} | ({"#o": "at"} if term else {})
    limit = draw.choice([None, 1, 7, 50])
    return {
        "TableName": TABLE,
        "IndexName": INDEX,
        "KeyConditionExpression": f"#p = :p{term}",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": draw.random() < 0.5,
        **({} if limit is None else {"Limit": limit}),
    }


def answered(answer: Any) -> Any:
    """Return what an operation answered."""
    status, _, body = answer
    if status != 200:
        raise SystemExit(f"{status}: {body}")
    return json.loads(body)


if __name__ == "__main__":
    main()
