"""`WaferImage` and `Classification` -> the messages, and the journal's line, of one wafer. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edge_component.camera import WaferImage
from edge_component.classifier import Classification
from edge_component.entries import Entry, Outgoing
from edge_component.pictures import as_png
from fabwafer.messages import (
    MAX_PREDICTION_BYTES,
    ImageMessage,
    PictureState,
    Prediction,
    Shadow,
    image_key,
)
from fabwafer.topics import Kind, Topic

_LEFT_OUT_FIRST = ("picture", "heat", "embedding", "shadow")
"""What a prediction goes without, as far as it must, to be no longer than it may be."""


@dataclass(frozen=True)
class Addressing:
    """Whose messages these are, and how large ones travel.

    Attributes:
        fab: The camera's fab.
        camera: The camera.
        inline_limit_bytes: The longest message that carries its picture, where S3 is an alternative.
        max_payload_bytes: The longest message that the publisher takes.
        images_bucket: Where larger pictures go.
        rules: Kind of message -> AWS IoT rule that gets it past the broker (Basic Ingest).
        journal: Whether entries carry a line for the journal.
    """

    fab: str
    camera: str
    inline_limit_bytes: int
    max_payload_bytes: int
    images_bucket: str | None = None
    rules: Mapping[str, str] = field(default_factory=dict)
    journal: bool = False


@dataclass(frozen=True)
class Decision:
    """What was found about a wafer.

    Attributes:
        found: What the model says.
        model: Its name@version.
        edge_ms: How long it took.
        serial: Of its bundle's signature, None if nobody checked it.
        picture: What the picture tells of the camera.
        shadow: What the model beside it says.
    """

    found: Classification
    model: str
    edge_ms: float
    serial: int | None = None
    picture: PictureState | None = None
    shadow: Shadow | None = None


def compose(image: WaferImage, decision: Decision, address: Addressing) -> Entry:
    """Return everything that one wafer's commit holds.

    The picture's message is missing, and counted as dropped, when it is too large for the publisher and
    there is no bucket.

    Raises:
        ContractError: If the picture cannot be written as PNG, or a value is none that may be published.
    """
    png = as_png(image.picture)
    sha256 = hashlib.sha256(png).hexdigest()
    messages = [_prediction(image, decision, sha256, address)]
    picture = _picture(image, png, address)
    if picture is not None:
        messages.append(picture)
    return Entry(
        sequence=image.sequence,
        mark=image.mark,
        messages=tuple(messages),
        journal=_journal(image, decision, sha256, address) if address.journal else None,
        dropped=int(picture is None),
    )


def _prediction(
    image: WaferImage, decision: Decision, sha256: str, address: Addressing
) -> Outgoing:
    found = decision.found
    message = Prediction.of(
        imgid=image.imgid,
        timestamp=image.timestamp,
        fab=address.fab,
        camera=address.camera,
        prediction=found.label,
        probability=found.probability,
        lot=image.lot,
        wafer=image.wafer,
        model=decision.model,
        scores=found.scores,
        sequence=image.sequence,
        sha256=sha256,
        novelty=found.novelty,
        refused=found.refused,
        heat=found.heat,
        edge_ms=round(decision.edge_ms, 2),
        serial=decision.serial,
        picture=decision.picture,
        shadow=decision.shadow,
        embedding=found.embedding,
    )
    payload = _within(message, min(MAX_PREDICTION_BYTES, address.max_payload_bytes))
    return Outgoing(Kind.PREDICTION, image.imgid, _routed(message.topic, address), payload)


def _within(message: Prediction, limit: int) -> bytes:
    payload = message.to_bytes()
    for name in _LEFT_OUT_FIRST:
        if len(payload) <= limit:
            break
        message = message.model_copy(update={name: None})
        payload = message.to_bytes()
    return payload


def _picture(image: WaferImage, png: bytes, address: Addressing) -> Outgoing | None:
    identity: dict[str, Any] = {
        "imgid": image.imgid,
        "timestamp": image.timestamp,
        "fab": address.fab,
        "camera": address.camera,
        "lot": image.lot,
        "wafer": image.wafer,
    }
    message = ImageMessage.inline(png, **identity)
    payload, topic = message.to_bytes(), _routed(message.topic, address)
    limit = address.max_payload_bytes
    if address.images_bucket:
        limit = min(limit, address.inline_limit_bytes)
    if len(payload) <= limit:
        return Outgoing(Kind.IMAGE, image.imgid, topic, payload)
    if not address.images_bucket:
        return None
    key = image_key(address.fab, address.camera, image.timestamp, image.imgid)
    uri = f"s3://{address.images_bucket}/{key}"
    reference = ImageMessage.of(s3=uri, sha256=message.sha256, **identity)
    return Outgoing(Kind.IMAGE, image.imgid, topic, reference.to_bytes(), upload=png)


def _routed(topic: Topic, address: Addressing) -> str:
    rule = address.rules.get(topic.kind)
    return f"$aws/rules/{rule}/{topic}" if rule else str(topic)


def _journal(image: WaferImage, decision: Decision, sha256: str, address: Addressing) -> str:
    found = decision.found
    return json.dumps(
        {
            "fab": address.fab,
            "camera": address.camera,
            "imgid": image.imgid,
            "sequence": image.sequence,
            "timestamp": image.timestamp,
            "captured_at": image.timestamp,
            "lot": image.lot,
            "wafer": image.wafer,
            "prediction": found.label,
            "probability": found.probability,
            "novelty": found.novelty,
            "refused": found.refused,
            "accepted": found.accepted,
            "model": decision.model,
            "truth": image.truth,
            "sha256": sha256,
        }
    )
