"""What rules and queues hand to the functions, built around a message."""

import base64
import json
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parent.parent / "events"
RECEIVED_MS = 1_554_134_553_500


def envelope(topic: str, payload: bytes | dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What the rule makes of a published message."""
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return {
        "payload": base64.b64encode(raw).decode(),
        "topic": topic,
        "received_ms": RECEIVED_MS,
        "client": "faba--camera1",
    } | changes


def batch(*bodies: dict[str, Any] | str) -> dict[str, Any]:
    """An SQS event; message ids are m0, m1, ..."""
    return {
        "Records": [
            {
                "messageId": f"m{i}",
                "body": body if isinstance(body, str) else json.dumps(body),
                "receiptHandle": f"r{i}",
                "eventSource": "aws:sqs",
            }
            for i, body in enumerate(bodies)
        ]
    }


def failed(response: dict[str, Any]) -> list[str]:
    return [each["itemIdentifier"] for each in response["batchItemFailures"]]


def saved(name: str) -> dict[str, Any]:
    """One of the recorded events."""
    return json.loads((EVENTS / f"{name}.json").read_text())


def prediction(**changes: Any) -> dict[str, Any]:
    """A prediction's body: a sure defect of wafer img3 unless told otherwise."""
    return {
        "imgid": "img3",
        "timestamp": 1_554_134_552_946,
        "fab": "faba",
        "camera": "camera1",
        "prediction": "loc",
        "probability": 0.9,
    } | changes


def published(**changes: Any) -> dict[str, Any]:
    """The envelope of `prediction(**changes)`."""
    return envelope("fabwafer/faba/camera1/prediction", prediction(**changes))
