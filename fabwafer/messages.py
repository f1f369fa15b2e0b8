"""The messages that a camera's component publishes; `fabwafer.device_message` is how they are read."""

import base64
import binascii
import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from fabwafer.device_message import DeviceMessage, Message
from fabwafer.errors import ContractError
from fabwafer.fields import (
    Count,
    Finite,
    Fraction,
    ImageId,
    Lot,
    ModelName,
    NotNegative,
    Reason,
    S3Uri,
    Sha256,
    Timestamp,
    Wafer,
)
from fabwafer.topics import Kind

MAX_PREDICTION_BYTES = 5_000
"""A prediction's limit: AWS IoT meters in 5 kB, and Greengrass Lite drops the connection above 7,300 bytes."""


class Shadow(Message):
    """What a model that runs beside the one in use says of the same wafer; nothing acts on it."""

    model_config = ConfigDict(extra="allow")

    model: ModelName
    prediction: Annotated[str, Field(min_length=1, max_length=64)]
    probability: Fraction
    novelty: Finite | None = None
    refused: Reason | None = None
    edge_ms: NotNegative | None = None


class PictureState(Message):
    """What a picture tells of its camera, whatever the wafer is: watched for a camera that moved.

    Attributes:
        width: Of the picture, pixels.
        height: Of the picture, pixels.
        dies: Pixels or cells that are a die, pass or fail.
        levels: Mean grey level (0..255) of no die, pass and fail; None where a level has no pixel.
        sharpness: Share (0..1) of the contrast between neighbouring pixels that one step carries; 1 for a drawn map.
        tilt_deg: Angle of the die grid or of the notch against the picture's axes, degrees; None if it cannot be told.
    """

    model_config = ConfigDict(extra="allow")

    width: Count
    height: Count
    dies: Count
    # A JSON list; strict, it would not be taken for a tuple.
    levels: Annotated[tuple[float | None, float | None, float | None], Field(strict=False)]
    sharpness: Fraction
    tilt_deg: Finite | None = None


class Prediction(DeviceMessage):
    """What the component decided about one wafer.

    `serial` is that of the checked signature of the bundle that decided; `shadow` and `picture` are for those who watch
    models and cameras. `embedding` is the network's feature vector, one signed byte an element (127 is its largest
    magnitude), base64.
    """

    kind = Kind.PREDICTION
    max_bytes = MAX_PREDICTION_BYTES

    imgid: ImageId
    prediction: Annotated[str, Field(min_length=1, max_length=64)]
    probability: Fraction
    lot: Lot | None = None
    wafer: Wafer | None = None
    model: ModelName | None = None
    scores: dict[str, Fraction] | None = None
    sequence: Count | None = None
    sha256: Sha256 | None = None
    novelty: Finite | None = None
    refused: Reason | None = None
    heat: list[list[Finite]] | None = None
    edge_ms: NotNegative | None = None
    serial: Count | None = None
    shadow: Shadow | None = None
    picture: PictureState | None = None
    embedding: Annotated[str | None, Field(min_length=1, max_length=400)] = None

    def digest(self) -> str:
        """Return the SHA-256 of the content, equal for a message and its repeats."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


class ImageMessage(DeviceMessage):
    """A wafer's picture: inline as base64, or the S3 object that the component put there."""

    kind = Kind.IMAGE

    imgid: ImageId
    lot: Lot | None = None
    wafer: Wafer | None = None
    data: Annotated[str | None, Field(alias="bytes", min_length=1)] = None
    s3: S3Uri | None = None
    sha256: Sha256 | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.data is None) == (self.s3 is None):
            raise ValueError("expected either bytes or s3")
        if self.s3 is not None and self.sha256 is None:
            raise ValueError("expected sha256 beside s3")
        return self

    @classmethod
    def inline(cls, image: bytes, **identity: Any) -> Self:
        """Build the message that carries the picture itself."""
        return cls.of(
            bytes=base64.b64encode(image).decode(),
            sha256=hashlib.sha256(image).hexdigest(),
            **identity,
        )

    def image(self) -> bytes:
        """Return the inline picture.

        Raises:
            ContractError: If it is no base64, or its SHA-256 is another one.
        """
        try:
            image = base64.b64decode(self.data or "", validate=True)
        except (binascii.Error, ValueError) as error:
            raise ContractError("bytes", self.data, "base64") from error
        digest = hashlib.sha256(image).hexdigest()
        if self.sha256 not in (None, digest):
            raise ContractError("sha256", self.sha256, f"{digest}, that of the bytes")
        return image

    def s3_object(self) -> tuple[str, str]:
        """Return bucket and key of a picture that is not inline."""
        if self.s3 is None:
            raise ContractError("s3", None, "s3://<bucket>/<key>")
        bucket, _, key = self.s3.removeprefix("s3://").partition("/")
        return bucket, key


class Heartbeat(DeviceMessage):
    """How a component is doing; published beside the wafers, never queued behind them.

    `serial` is what the signature of its model says; only if it is `verified` has the device checked that against a key.
    """

    kind = Kind.STATUS

    version: Annotated[str, Field(min_length=1, max_length=32)]
    model: ModelName | None = None
    serial: Count | None = None
    verified: bool | None = None
    shadow: ModelName | None = None
    uptime_s: NotNegative
    degraded: list[str] = Field(default_factory=list)
    sequence: Count | None = None
    outbox_messages: Count = 0
    outbox_oldest_s: NotNegative = 0.0
    dropped: Count = 0
    quarantined: Count = 0
    classified: Count = 0
    last_wafer: Timestamp | None = None
    disk_free_bytes: Count | None = None
    temperature_c: Finite | None = None
    edge_ms: NotNegative | None = None


def image_key(fab: str, camera: str, timestamp: int, imgid: str) -> str:
    """Return the key of a wafer's picture in the images bucket: found from its prediction alone."""
    day = datetime.fromtimestamp(timestamp / 1000, UTC).strftime("%Y/%m/%d")
    return f"{fab}/{camera}/{day}/{imgid}-{timestamp}.png"
