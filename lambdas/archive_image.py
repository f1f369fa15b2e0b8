"""img -> images bucket: each picture under the key that its prediction tells."""

import hashlib
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from fabwafer.errors import ContractError
from fabwafer.messages import ImageMessage, image_key
from fabwafer.topics import Kind, Topic
from lambdas.envelope import Envelope
from lambdas.pictures import MAX_PICTURE_BYTES, check_png
from lambdas.settings import ArchiveImageSettings
from lambdas.stores.buckets import ImageBucket, QuarantineBucket
from lambdas.telemetry import Telemetry, observed

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, object], context: "LambdaContext") -> None:
    """Archive one picture."""
    with observed("archive_image", context) as telemetry:
        archive(Envelope.model_validate(event), _images(), _quarantine(), telemetry)


def archive(
    envelope: Envelope, images: ImageBucket, quarantine: QuarantineBucket, telemetry: Telemetry
) -> None:
    """Keep the picture of one message, or quarantine the message."""
    try:
        topic = Topic.parse(envelope.topic)
        message = ImageMessage.parse(envelope.payload, topic, envelope.received_ms)
        archived = keep(message, images)
    except ContractError as error:
        quarantine.put(Kind.IMAGE, envelope, error)
        telemetry.quarantined(error, topic=envelope.topic)
        return
    telemetry.count("Archived" if archived else "Duplicates")
    telemetry.line(
        "archived" if archived else "repeated",
        fab=message.fab,
        camera=message.camera,
        imgid=message.imgid,
    )


def keep(message: ImageMessage, images: ImageBucket) -> bool:
    """Keep a message's picture; False if it was there already.

    Raises:
        ContractError: If it is no picture, not where it should be, or another one is there.
    """
    key = image_key(message.fab, message.camera, message.timestamp, message.imgid)
    if message.s3 is not None:
        _check_uploaded(message, key, images)
        return True
    picture = message.image()
    check_png(picture)
    digest = hashlib.sha256(picture).hexdigest()
    if images.put_new(key, picture, digest, _metadata(message)):
        return True
    if (earlier := _digest_of(images.read(key, MAX_PICTURE_BYTES))) != digest:
        raise ContractError("bytes", digest, f"{earlier}, the picture archived before")
    return False


def _check_uploaded(message: ImageMessage, key: str, images: ImageBucket) -> None:
    if message.s3_object() != (images.name, key):
        raise ContractError("s3", message.s3, f"s3://{images.name}/{key}")
    picture = images.read(key, MAX_PICTURE_BYTES)
    if picture is None:
        raise ContractError("s3", message.s3, "an object that exists")
    if len(picture) > MAX_PICTURE_BYTES:
        raise ContractError("s3", message.s3, f"at most {MAX_PICTURE_BYTES} bytes")
    if (digest := _digest_of(picture)) != message.sha256:
        raise ContractError("sha256", message.sha256, f"{digest}, that of the object")
    check_png(picture)


def _digest_of(picture: bytes | None) -> str:
    return hashlib.sha256(picture or b"").hexdigest()


def _metadata(message: ImageMessage) -> dict[str, str]:
    # S3 takes ASCII alone here.
    named = {"lot": message.lot, "wafer": message.wafer}
    return {name: quote(str(value)) for name, value in named.items() if value is not None}


@cache
def _images() -> ImageBucket:
    return ImageBucket(ArchiveImageSettings().images_bucket)


@cache
def _quarantine() -> QuarantineBucket:
    return QuarantineBucket(ArchiveImageSettings().quarantine_bucket)
