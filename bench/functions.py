"""Functions in the cloud: milliseconds and AWS calls per batch, and cold imports. AWS answers at once, from memory."""

import base64
import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from types import SimpleNamespace
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from bench.table import Row

HANDLERS = ("route_prediction", "send_alerts", "open_review", "archive_image", "record_heartbeat")
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "PREDICTIONS_TABLE": "predictions",
    "ALERTS_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/1/alerts",
    "REVIEW_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/1/review",
    "QUARANTINE_BUCKET": "quarantine",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
}
_BATCH = 100
_ROUNDS = 30
_IMPORTS = 7


def measure() -> list[Row]:
    """Return the rows of the functions."""
    os.environ.update(_ENVIRONMENT)
    with contextlib.redirect_stdout(io.StringIO()):  # the functions' metrics
        rows = _routing()
    return [*rows, *map(_cold_import, HANDLERS)]


def _routing() -> list[Row]:
    import boto3

    calls: Counter[str] = Counter()

    def answer(request: Any, **_: object) -> AWSResponse:
        operation = request.headers.get("X-Amz-Target", b"").decode().rpartition(".")[2] or "S3"
        calls[operation] += 1
        body = json.dumps({"Successful": [], "Failed": []}).encode()
        return AWSResponse(request.url, 200, HTTPHeaders(), _Body(body))

    boto3.setup_default_session()
    boto3.DEFAULT_SESSION.events.register("before-send.*", answer)  # type: ignore[union-attr,arg-type]
    from lambdas.route_prediction import handler

    context = SimpleNamespace(
        aws_request_id="bench", get_remaining_time_in_millis=lambda: 60_000, function_name="bench"
    )
    spent: list[float] = []
    for number in range(_ROUNDS + 1):
        event = {"Records": [_record(number, wafer) for wafer in range(_BATCH)]}
        calls.clear()
        began = time.perf_counter()
        response = handler(event, context)  # type: ignore[arg-type]
        spent.append((time.perf_counter() - began) * 1000)
        if response["batchItemFailures"]:
            raise RuntimeError(f"{len(response['batchItemFailures'])} predictions failed")
    warm = spent[1:]
    made = ", ".join(f"{count} {operation}" for operation, count in sorted(calls.items()))
    return [
        Row(
            "route_prediction, 100 predictions",
            statistics.median(warm),
            "ms",
            f"median of {_ROUNDS}, AWS answers at once",
        ),
        Row("route_prediction, AWS calls per 100 predictions", sum(calls.values()), "calls", made),
    ]


class _Body:
    """A response body that is there at once."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: object) -> list[bytes]:
        """Return all of it."""
        return [self._content]


def _record(batch: int, wafer: int) -> dict[str, str]:
    """Return one queued prediction: 85 of 100 normal, 15 defects of which 5 are doubtful."""
    defect, doubtful = wafer % 20 < 3, wafer % 20 == 0
    prediction = {
        "imgid": f"img{batch}-{wafer}",
        "timestamp": 1_554_134_552_944 + wafer,
        "prediction": "Loc" if defect else "none",
        "probability": 0.6 if doubtful else 0.97,
        "lot": f"L{batch}",
    }
    envelope = {
        "payload": base64.b64encode(json.dumps(prediction).encode()).decode(),
        "topic": f"fabwafer/faba/camera1/prediction/{prediction['imgid']}",
        "received_ms": 1_554_134_553_000,
        "client": "faba--camera1",
    }
    return {"messageId": f"{batch}-{wafer}", "body": json.dumps(envelope)}


def _cold_import(name: str) -> Row:
    code = f"import time; began = time.perf_counter(); import lambdas.{name}; print(time.perf_counter() - began)"
    spent = [
        float(
            subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True
            ).stdout
        )
        for _ in range(_IMPORTS)
    ]
    return Row(
        f"lambdas.{name}, cold import",
        statistics.median(spent) * 1000,
        "ms",
        f"median of {_IMPORTS} processes",
    )
