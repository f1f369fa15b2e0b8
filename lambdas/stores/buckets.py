"""The buckets: pictures, messages in quarantine, exports."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

from fabwafer.errors import ContractError
from fabwafer.topics import Kind
from lambdas.envelope import Envelope, quarantine_body, quarantine_key
from lambdas.stores.clients import credentials, s3

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

    def sha256(self, key: str) -> str | None:
        """Return the hash of a picture that was archived, None if there is none."""
        try:
            found = self.client.head_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"404", "NoSuchKey"}:
                raise
            return None
        return found["Metadata"].get("sha256")

    def address(self, key: str, valid_s: int) -> str:
        """Return where a picture, if there is one, can be fetched for so many seconds."""
        return _signed(self.client, self.name, key, valid_s)


@dataclass(frozen=True)
class ExportBucket:
    """Exports, until they are forgotten."""

    name: str
    client: "S3Client" = field(default_factory=s3)

    def put(self, key: str, file: Path, content_type: str) -> None:
        """Keep an export's file."""
        self.client.upload_file(str(file), self.name, key, ExtraArgs={"ContentType": content_type})

    def address(self, key: str, valid_s: int) -> str:
        """Return where an export can be fetched for so many seconds, under its own name."""
        name = key.rpartition("/")[2]
        shown = {"response-content-disposition": f'attachment; filename="{name}"'}
        return _signed(self.client, self.name, key, valid_s, shown)


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


def _signed(
    client: "S3Client",
    bucket: str,
    key: str,
    valid_s: int,
    query: Mapping[str, str] | None = None,
) -> str:
    """Sign an address as the client would, in a third of the time: a list shows fifty."""
    asked = f"?{urlencode(query, quote_via=quote)}" if query else ""
    request = AWSRequest("GET", _place(client, bucket) + quote(key) + asked)
    S3SigV4QueryAuth(credentials(), "s3", client.meta.region_name, expires=valid_s).add_auth(
        request
    )
    return str(request.url)


@cache
def _place(client: "S3Client", bucket: str) -> str:
    """Return the address of a bucket in its own region.

    The client would have the one for all regions, which redirects to a host that was not signed.
    """
    address = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "x"})
    region = client.meta.region_name
    return (
        address.partition("?")[0]
        .removesuffix("x")
        .replace(".s3.amazonaws.com", f".s3.{region}.amazonaws.com")
    )
