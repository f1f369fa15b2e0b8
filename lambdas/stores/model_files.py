"""The models bucket: base data, datasets, what trainings leave, signed bundles; and whether pictures are archived."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from fabwafer.errors import ContractError
from lambdas.stores.clients import s3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_THREADS = 10
"""As many connections as a client keeps."""
_MISSING = {"404", "NoSuchKey", "NotFound"}
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}


@dataclass(frozen=True)
class StoredFile:
    """An object as a listing has it."""

    key: str
    etag: str
    size_bytes: int


@dataclass(frozen=True)
class ModelBucket:
    """Objects that are written once, and never over another."""

    name: str
    client: "S3Client" = field(default_factory=s3)

    def put_new(self, key: str, content: bytes, content_type: str) -> bool:
        """Store an object unless its key is taken; tell whether it was stored."""
        try:
            self.client.put_object(
                Bucket=self.name,
                Key=key,
                Body=content,
                ContentType=content_type,
                IfNoneMatch="*",
                ChecksumAlgorithm="SHA256",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _TAKEN:
                raise
            return False
        return True

    def read(self, key: str, limit_bytes: int) -> bytes | None:
        """Return an object, None if there is none.

        Raises:
            ContractError: If it is larger than the limit.
        """
        try:
            found = self.client.get_object(Bucket=self.name, Key=key)
        except self.client.exceptions.NoSuchKey:
            return None
        with found["Body"] as body:
            _require_size(key, found["ContentLength"], limit_bytes)
            return body.read()

    def download(self, key: str, path: Path, limit_bytes: int) -> bool:
        """Write an object into a file; tell whether there is one.

        Raises:
            ContractError: If it is larger than the limit.
        """
        size_bytes = self.size(key)
        if size_bytes is None:
            return False
        _require_size(key, size_bytes, limit_bytes)
        self.client.download_file(self.name, key, str(path))
        return True

    def size(self, key: str) -> int | None:
        """Return an object's size in bytes, None if there is none."""
        try:
            return self.client.head_object(Bucket=self.name, Key=key)["ContentLength"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            return None

    def below(self, prefix: str) -> Iterator[StoredFile]:
        """Return the objects whose keys begin so, by key."""
        pages = self.client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.name, Prefix=prefix):
            for each in page.get("Contents", []):
                yield StoredFile(each["Key"], each["ETag"].strip('"'), each["Size"])

    def address(self, key: str) -> str:
        """Return an object's or a prefix's S3 address."""
        return f"s3://{self.name}/{key}"


@dataclass(frozen=True)
class PictureArchive:
    """The images bucket, asked what it holds."""

    name: str
    client: "S3Client" = field(default_factory=s3)

    def digests(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the SHA-256 of those pictures that there are, by key; empty for one that was put without."""
        with ThreadPoolExecutor(_THREADS) as pool:
            found = pool.map(self._digest, keys)
            return {
                key: digest for key, digest in zip(keys, found, strict=True) if digest is not None
            }

    def _digest(self, key: str) -> str | None:
        try:
            return self.client.head_object(Bucket=self.name, Key=key)["Metadata"].get("sha256", "")
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            return None


def _require_size(key: str, size_bytes: int, limit_bytes: int) -> None:
    if size_bytes > limit_bytes:
        raise ContractError(key, f"{size_bytes} bytes", f"at most {limit_bytes} bytes")
