"""What a training job reads and leaves: objects in S3 <-> the folders of its container."""

import json
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.aws_model import Json
from sandbox.aws_service import Aws
from sandbox.errors import SandboxError

_AT_ONCE = 4


class ChannelError(SandboxError):
    """A channel cannot be filled; the message is what SageMaker would say."""


@dataclass(frozen=True)
class Source:
    """One object, and where it lies below its channel's folder."""

    bucket: str
    key: str
    path: PurePosixPath


def fetch(aws: Aws, channel: Json, folder: Path, asked_to_stop: Callable[[], bool]) -> None:
    """Fill a channel's folder as File mode does, until asked to stop.

    Raises:
        ChannelError: If there is nothing, an object is missing, or a path leads out of the folder.
    """
    source = channel["DataSource"]["S3DataSource"]
    uri = source["S3Uri"]
    folder.mkdir(parents=True)
    try:
        listed = _manifest if source["S3DataType"] == "ManifestFile" else _prefix
        found = list(listed(aws, uri))
        if not found:
            raise ChannelError(
                f"No S3 objects found under S3 URL {uri!r} given in input data source"
            )
        _download(aws, found, folder, asked_to_stop)
    except (ClientError, BotoCoreError) as error:
        raise ChannelError(f"Failed to download data from {uri!r}: {error}") from error


def _prefix(aws: Aws, uri: str) -> Iterator[Source]:
    """Everything whose key begins so; SageMaker keeps what follows the prefix' last slash."""
    bucket, prefix = split_uri(uri)
    parent = prefix.rpartition("/")[0]
    for key in _keys(aws, bucket, prefix):
        whole = key.removeprefix(f"{prefix}/") if prefix else key
        inside = whole if whole != key or not parent else key.removeprefix(f"{parent}/")
        yield Source(bucket, key, PurePosixPath(inside))


def _manifest(aws: Aws, uri: str) -> Iterator[Source]:
    """A list of relative keys, behind an object that names the prefix of all."""
    bucket, key = split_uri(uri)
    body = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    try:
        head, *names = json.loads(body)
        there, prefix = split_uri(head["prefix"])
    except (ValueError, TypeError, KeyError) as error:
        expected = 'expected [{"prefix": "s3://..."}, "key", ...]'
        raise ChannelError(f"Invalid manifest {uri!r}: {expected}") from error
    for name in names:
        yield Source(there, f"{prefix}{name}", PurePosixPath(name))


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of `s3://bucket/key`."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _keys(aws: Aws, bucket: str, prefix: str) -> Iterator[str]:
    pages = aws.client("s3").get_paginator("list_objects_v2")
    for found in pages.paginate(Bucket=bucket, Prefix=prefix):
        for each in found.get("Contents", []):
            if not each["Key"].endswith("/"):
                yield each["Key"]


def _download(
    aws: Aws, sources: list[Source], folder: Path, asked_to_stop: Callable[[], bool]
) -> None:
    s3 = aws.client("s3")

    def get(source: Source) -> None:
        if asked_to_stop():
            return
        path = folder / source.path
        if source.path.is_absolute() or ".." in source.path.parts:
            raise ChannelError(f"{source.key}: leads out of its channel")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(s3.get_object(Bucket=source.bucket, Key=source.key)["Body"].read())

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for each in [pool.submit(get, source) for source in sources]:
            each.result()


def copy_down(aws: Aws, uri: str, folder: Path) -> None:
    """Bring back what an earlier job left in its checkpoints; there may be nothing."""
    bucket, prefix = split_uri(uri)
    root = f"{prefix.rstrip('/')}/"
    found = [
        Source(bucket, key, PurePosixPath(key.removeprefix(root)))
        for key in _keys(aws, bucket, root)
    ]
    _download(aws, found, folder, lambda: False)


def copy_up(aws: Aws, folder: Path, uri: str) -> None:
    """Keep every file of a folder below an address."""
    bucket, prefix = split_uri(uri)
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        key = f"{prefix.rstrip('/')}/{path.relative_to(folder).as_posix()}"
        aws.client("s3").put_object(Bucket=bucket, Key=key, Body=path.read_bytes())


def pack(aws: Aws, folder: Path, uri: str) -> bool:
    """Leave a folder as a .tar.gz at an address; an empty one leaves nothing, and False."""
    entries = sorted(folder.iterdir())
    if not entries:
        return False
    archive = folder.with_name(f"{folder.name}.tar.gz")
    with tarfile.open(archive, "w:gz", compresslevel=1) as packed:
        for each in entries:
            packed.add(each, each.name)
    bucket, key = split_uri(uri)
    _put(aws.client("s3"), bucket, key, archive)
    archive.unlink()
    return True


def _put(s3: Any, bucket: str, key: str, path: Path) -> None:
    with path.open("rb") as body:
        s3.put_object(Bucket=bucket, Key=key, Body=body)
