"""Wafers that wait for a person, put into the deployed tables, and how the API's function is told other rules."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import Any

from fabwafer.labels import WM811K
from fabwafer.messages import Prediction
from fabwafer.triage import Decision, ReviewReason, review_request
from lambdas.open_review import priority
from lambdas.records import item_id, prediction_item, review_item
from lambdas.stores.values import serialized
from sandbox.cloud import Cloud

_PER_CALL = 25
_MODEL_IS_RIGHT = 0.8
_FUNCTION = "ReviewApiFunction"


def fill(sandbox: Cloud, fab: str, wafers: int) -> dict[str, str]:
    """Put doubtful wafers into the tables, and return the truth by item."""
    now_ms = time.time_ns() // 1_000_000
    rows: dict[str, list[dict[str, Any]]] = {"PredictionsTable": [], "ReviewsTable": []}
    truths = {}
    for number in range(wafers):
        truth = WM811K.names[number % len(WM811K.names)]
        said = truth if number % 10 < 10 * _MODEL_IS_RIGHT else WM811K.names[number % 7]
        wafer = Prediction(
            imgid=f"{fab}-{number:04d}",
            timestamp=now_ms + number,
            fab=fab,
            camera="camera1",
            prediction=said,
            probability=0.4 + number / 10_000,
            scores={said: 0.4},
        )
        decision = Decision(alert=False, review=ReviewReason.DOUBTFUL)
        asked = review_request(wafer, ReviewReason.DOUBTFUL)
        rows["PredictionsTable"].append(prediction_item(wafer, decision, "digest", now_ms, now_ms))
        rows["ReviewsTable"].append(review_item(asked, priority(asked), now_ms))
        truths[item_id(wafer.imgid, wafer.timestamp)] = truth
    for table, items in rows.items():
        _put(sandbox, sandbox.outputs[table], items)
    return truths


def _put(sandbox: Cloud, table: str, items: list[dict[str, Any]]) -> None:
    for first in range(0, len(items), _PER_CALL):
        puts = [
            {"PutRequest": {"Item": serialized(item)}} for item in items[first : first + _PER_CALL]
        ]
        answer = sandbox.emulator.client("dynamodb").batch_write_item(RequestItems={table: puts})
        assert not answer.get("UnprocessedItems")


def events(sandbox: Cloud, fab: str) -> list[Mapping[str, Any]]:
    """Every event about a fab's wafers."""
    return [row for row in sandbox.items("EventsTable") if row["item"].startswith(f"{fab}-")]


@contextlib.contextmanager
def ruled_by(sandbox: Cloud, **variables: str) -> Iterator[None]:
    """Let the deployed API go by other rules; its code stays as it is."""
    client, name = sandbox.emulator.client("lambda"), sandbox.outputs[_FUNCTION]
    before = client.get_function_configuration(FunctionName=name)["Environment"]
    changed = {"Variables": before["Variables"] | variables}
    client.update_function_configuration(FunctionName=name, Environment=changed)
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=name, Environment=before)
