"""Files that are written whole or not at all, at places that are known to be there before the work begins."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from fabwafer.errors import ContractError


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a path to write to, whose file takes its place at the end of the block; the folder is made, too.

    A kill at any time leaves the old file or the new one whole, perhaps with an unfinished one beside. Processes that
    write the same file at once have different paths; the last one wins.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{uuid4().hex}.part")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def require_place(option: str, path: Path | None) -> None:
    """Make the folder of a file that is to be written after hours of work; nothing without one.

    Raises:
        ContractError: If that cannot be, or the file could not be written there.
    """
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ContractError(option, str(path), f"a place for a file ({error.strerror})") from error
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise ContractError(option, str(path), "a file in a folder that may be written to")
