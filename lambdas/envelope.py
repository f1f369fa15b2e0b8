"""What an IoT rule hands over: the published bytes, untouched, with topic, time and client."""

import base64
import binascii
import hashlib
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import to_json

from fabwafer.errors import ContractError
from fabwafer.topics import Kind

_LAST_MS = 253_402_300_799_999  # the end of the year 9999


def _decoded(value: object) -> object:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else value
    except binascii.Error as error:
        raise ValueError(f"expected base64: {error}") from error


class Envelope(BaseModel):
    """One published message as every rule selects it.

    A body that is no envelope is a fault of wiring, not of a camera: validation raises, the
    message is retried and ends in the dead-letter queue.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    payload: Annotated[bytes, BeforeValidator(_decoded)]
    topic: str
    received_ms: Annotated[int, Field(ge=0, le=_LAST_MS)]
    client: str | None = None


def quarantine_key(kind: Kind, envelope: Envelope) -> str:
    """Return where a broken message is kept: the same for a message and its repeats of a day."""
    day = datetime.fromtimestamp(envelope.received_ms / 1000, UTC).strftime("%Y-%m-%d")
    digest = hashlib.sha256(envelope.topic.encode() + envelope.payload).hexdigest()
    return f"{kind.value}/{day}/{digest}.json"


def quarantine_body(envelope: Envelope, error: ContractError) -> bytes:
    """Return all that a person needs to see what came and what was wrong with it, as JSON."""
    return to_json(
        {
            "topic": envelope.topic,
            "received_ms": envelope.received_ms,
            "client": envelope.client,
            "payload": base64.b64encode(envelope.payload).decode(),
            "field": error.field,
            "value": error.value,
            "expected": error.expected,
        }
    )
