"""Wafers that wait for a person, pictures and all, put straight into the deployed tables and bucket."""

import hashlib
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_component.patterns import generate_label
from edge_component.pictures import Grey, encode_dies
from fabwafer.labels import WM811K
from fabwafer.messages import Prediction
from fabwafer.triage import Decision, ReviewReason, review_request
from lambdas.open_review import priority
from lambdas.records import item_id, prediction_item, review_item
from lambdas.stores.buckets import ImageBucket
from lambdas.stores.values import serialized
from sandbox.cloud import Cloud

LOT_WAFERS = 25
_SIDE = 40


@dataclass(frozen=True)
class Waiting:
    """One wafer under review: its id, and what it shows."""

    item: str
    truth: str


def fill(
    cloud: Cloud,
    fab: str,
    wafers: int,
    truth: str | None = None,
    first: int = 0,
    why: ReviewReason = ReviewReason.DOUBTFUL,
) -> list[Waiting]:
    """Put wafers of a fab under review, the most doubtful first; `first` is the number that they begin with."""
    draw = np.random.default_rng([first, *fab.encode()])
    now_ms = time.time_ns() // 1_000_000
    filled = []
    for number in range(first, first + wafers):
        label = truth or WM811K.names[number % len(WM811K.names)]
        picture = encode_dies(_of_one_size(generate_label(label, draw)))
        wafer = _prediction(fab, number, now_ms - 60_000 + number, label)
        sure = (0.9 if why is ReviewReason.AUDIT else 0.4) + number / 1000
        told = {"probability": sure, "scores": {label: sure}}
        told["sha256"] = hashlib.sha256(picture).hexdigest()
        filled.append(_put(cloud, wafer.model_copy(update=told), picture, why))
    return filled


def _of_one_size(dies: Grey) -> Grey:
    """Wafers of a lot have the same dies; the generator draws their number anew each time."""
    rows, columns = (np.linspace(0, each - 1, _SIDE).round().astype(int) for each in dies.shape)
    return dies[np.ix_(rows, columns)]


def _prediction(fab: str, number: int, timestamp: int, label: str) -> Prediction:
    return Prediction(
        imgid=f"{fab}-{number:04d}",
        timestamp=timestamp,
        fab=fab,
        camera="camera1",
        prediction=label,
        probability=0.4,
        lot=f"LOT-{fab}-{number // LOT_WAFERS}",
        wafer=number % LOT_WAFERS + 1,
        model="wafer-map@1.2.0",
        serial=1,
        heat=[[0.0, 0.5, 0.0], [0.5, 1.0, 0.5], [0.0, 0.5, 0.0]],
    )


def _put(cloud: Cloud, wafer: Prediction, picture: bytes, why: ReviewReason) -> Waiting:
    decision = Decision(alert=False, review=why)
    now_ms = time.time_ns() // 1_000_000
    asked = review_request(wafer, why)
    row = prediction_item(wafer, decision, "digest", now_ms, now_ms)
    rows: dict[str, Any] = {
        "PredictionsTable": row,
        "ReviewsTable": review_item(asked, priority(asked), now_ms),
    }
    tables = cloud.emulator.client("dynamodb")
    for table, item in rows.items():
        tables.put_item(TableName=cloud.outputs[table], Item=serialized(item))
    images = ImageBucket(cloud.outputs["ImagesBucket"], cloud.emulator.client("s3"))
    assert images.put_new(str(row["image_key"]), picture, wafer.sha256 or "", {})
    return Waiting(item_id(wafer.imgid, wafer.timestamp), str(wafer.prediction))


def answers(cloud: Cloud, fab: str) -> list[dict[str, Any]]:
    """Every event about a fab's wafers, the oldest first."""
    events = [row for row in cloud.items("EventsTable") if row["item"].startswith(f"{fab}-")]
    return sorted(events, key=lambda row: (int(row["at_ms"]), int(row["seq"])))


def change_review(cloud: Cloud, item: str, **attributes: Any) -> None:
    """Change a work item behind the API's back."""
    names = {f"#{name}": name for name in attributes}
    values = serialized({f":{name}": value for name, value in attributes.items()})
    cloud.emulator.client("dynamodb").update_item(
        TableName=cloud.outputs["ReviewsTable"],
        Key=serialized({"item": item}),
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=values,
    )
