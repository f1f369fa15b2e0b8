"""Lists of wafers as a training job reads them: lines of JSON, and SageMaker's list of their pictures."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from lambdas.stores.model_files import PictureArchive

Line: TypeAlias = dict[str, Any]
"""A wafer; `image` is its picture's key."""


def jsonl(lines: Iterable[Line]) -> bytes:
    """Return lines as a manifest: the same bytes for the same lines."""
    texts = (json.dumps(line, sort_keys=True, separators=(",", ":")) for line in lines)
    return "".join(f"{text}\n" for text in texts).encode()


def pictures_manifest(bucket: str, keys: Iterable[str]) -> bytes:
    """Return SageMaker's list of pictures: each comes to lie under its key, below the channel's folder."""
    return json.dumps([{"prefix": f"s3://{bucket}/"}, *keys]).encode()


def with_digests(lines: Sequence[Line], archive: PictureArchive) -> tuple[list[Line], int]:
    """Return the lines whose picture is archived, with its SHA-256, and how many have none."""
    found = archive.digests([line["image"] for line in lines])
    kept = [_with(line, found[line["image"]]) for line in lines if line["image"] in found]
    return kept, len(lines) - len(kept)


def _with(line: Line, sha256: str) -> Line:
    return line | {"sha256": sha256} if sha256 else line
