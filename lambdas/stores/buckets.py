"""The buckets: pictures, and messages in quarantine."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from fabwafer.errors import ContractError
from fabwafer.topics import Kind
from lambdas.envelope import Envelope, quarantine_body, quarantine_key
from lambdas.stores.clients import s3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class ImageBucket:
    """The pictures of all wafers, each under the key that its prediction tells."""

    name: str
    client: "S3Client" = field(default_factory=s3)

    def put_new(self, key: str, image: bytes, sha256: str, metadata: Mapping[str, str]) -> bool:
        """Store a picture unless its key is taken; tell whether it was stored."""
        try:
            self.client.put_object(
                Bucket=self.name,
                Key=key,
                Body=image,
                IfNoneMatch="*",
                ContentType="image/png",
                ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode(),
                Metadata={"sha256": sha256, **metadata},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise
            return False
        return True

    def read(self, key: str, limit_bytes: int) -> bytes | None:
        """Return an object, None if there is none; of a larger one just more than the limit."""
        try:
            found = self.client.get_object(Bucket=self.name, Key=key)
        except self.client.exceptions.NoSuchKey:
            return None
        with found["Body"] as body:
            return body.read(limit_bytes + 1)


@dataclass(frozen=True)
class QuarantineBucket:
    """Messages that break the contract, kept for a person to look at."""

    name: str
    client: "S3Client" = field(default_factory=s3)

    def put(self, kind: Kind, envelope: Envelope, error: ContractError) -> None:
        """Keep a message with what was wrong with it."""
        self.client.put_object(
            Bucket=self.name,
            Key=quarantine_key(kind, envelope),
            Body=quarantine_body(envelope, error),
            ContentType="application/json",
        )
