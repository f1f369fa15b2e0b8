"""Files that outlast a power cut: written beside, made durable, then renamed."""

import os
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Put a whole file in place of another, or of none.

    Raises:
        OSError: If it cannot be written; the one before stays.
    """
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    sync(part)
    part.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
