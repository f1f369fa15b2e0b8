"""Messages -> what the tables keep: numbers exact, unknown fields together in one JSON text."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias, cast

from pydantic import BaseModel
from pydantic_core import to_json

from fabwafer.errors import ContractError
from fabwafer.messages import Heartbeat, Prediction, image_key
from fabwafer.notices import ReviewRequest
from fabwafer.triage import Decision

Value: TypeAlias = "str | bool | int | Decimal | Sequence[Value] | Mapping[str, Value] | None"
Item: TypeAlias = dict[str, Value]

# DynamoDB keeps 38 digits between 1e-130 and 9.9e125.
_TOO_LARGE = 10**38
_TOO_SMALL = 1e-120
_DAY_S = 24 * 3600
_PRIORITY_STEPS = 10**6
_AFTER_ALL_TIMES = 10**15


def prediction_item(
    prediction: Prediction, decision: Decision, digest: str, received_ms: int, stored_ms: int
) -> Item:
    """Return the record of a prediction and of what was decided about it.

    Raises:
        ContractError: If a number is beyond what the table can hold.
    """
    item = _item(prediction) | {
        "fab_camera": f"{prediction.fab}/{prediction.camera}",
        "fab_label": f"{prediction.fab}/{prediction.prediction}",
        "image_key": image_key(
            prediction.fab, prediction.camera, prediction.timestamp, prediction.imgid
        ),
        "digest": digest,
        "received_ms": received_ms,
        "stored_ms": stored_ms,
        "alert": decision.alert,
    }
    if decision.review is not None:
        item["review"] = decision.review.value
    if prediction.lot is not None:
        item["fab_lot"] = f"{prediction.fab}/{prediction.lot}"
    return item


def expires_at(received_ms: int, keep_days: int) -> int:
    """Return when the table forgets a record, in epoch seconds."""
    return received_ms // 1000 + keep_days * _DAY_S


def review_item(request: ReviewRequest, priority: Decimal, opened_at: int) -> Item:
    """Return a work item: nobody's yet, at version 0 for the leases to come."""
    return _item(request) | {
        "item": item_id(request.imgid, request.timestamp),
        "image_key": image_key(request.fab, request.camera, request.timestamp, request.imgid),
        "state": "open",
        "fab_state": f"{request.fab}/open",
        "fab_queue": f"{request.fab}/open",
        "turn": turn(priority, opened_at),
        "priority": priority,
        "opened_at": opened_at,
        "version": 0,
    }


def item_id(imgid: str, timestamp: int) -> str:
    """Return a wafer's one id, the same in tables and addresses."""
    return f"{imgid}~{timestamp}"


def item_of(row: Item) -> str:
    """Return the id of the wafer that a row of any table is about."""
    return item_id(str(row["imgid"]), int_of(row["timestamp"]))


def wafer_key(item: str) -> tuple[str, int]:
    """Return the image id and timestamp that make up an id."""
    imgid, _, timestamp = item.rpartition("~")
    return imgid, int(timestamp)


def turn(priority: Decimal, opened_at: int) -> Decimal:
    """Return an item's place in its queue, the smallest first: the most urgent, of equals the oldest."""
    return (1 - priority) * _PRIORITY_STEPS * _AFTER_ALL_TIMES + opened_at


def camera_item(heartbeat: Heartbeat, received_ms: int) -> Item:
    """Return what is known of a camera: its last heartbeat.

    Raises:
        ContractError: If a number is beyond what the table can hold.
    """
    return _item(heartbeat) | {
        "received_ms": received_ms,
        "clock_skew_ms": received_ms - heartbeat.timestamp,
    }


def text_of(row: Item, name: str) -> str | None:
    """Return a text that a row may have."""
    value = row.get(name)
    return None if value is None else str(value)


def int_of(value: Value) -> int:
    """Return a whole number as kept."""
    return int(cast("Decimal", value))


def _item(message: BaseModel) -> Item:
    declared = message.model_dump(exclude_none=True, include=set(type(message).model_fields))
    item = {field: _storable(field, value) for field, value in declared.items()}
    if message.model_extra:
        item["extra"] = to_json(message.model_extra, inf_nan_mode="null").decode()
    return item


def _storable(field: str, value: object) -> Value:
    match value:
        case bool() | str() | None:
            return value
        case int() | float():
            return _number(field, value)
        case dict():
            return {str(key): _storable(field, each) for key, each in value.items()}
        case list() | tuple():
            return [_storable(field, each) for each in value]
        case _:
            raise TypeError(f"{field}: the tables know no {type(value).__name__}")


def _number(field: str, value: float) -> Decimal:
    if abs(value) >= _TOO_LARGE:
        raise ContractError(field, value, "a number below 1e38")
    return Decimal(repr(value)) if abs(value) > _TOO_SMALL else Decimal(0)
