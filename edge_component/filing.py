"""Finished files -> `done/` or `rejected/` beneath their folder, where only the newest are kept."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge_component.scan import File

DONE, REJECTED = "done", "rejected"
_REASON = ".reason.txt"


@dataclass(frozen=True)
class Verdict:
    """Where a finished file belongs, and why, if it was rejected."""

    folder: str
    reason: str | None = None


class Filing:
    """Puts the files of one folder away."""

    def __init__(self, folder: Path, keep_files: int) -> None:
        self._folder = folder
        self._keep_files = keep_files

    def put(self, file: File, verdict: Verdict) -> None:
        """Move a file, its reason beside it.

        Raises:
            OSError: If it cannot be moved.
        """
        target = self._folder / verdict.folder / f"{file.mtime_ns}-{file.path.name}"
        target.parent.mkdir(exist_ok=True)
        if verdict.reason is not None:
            beside = target.with_name(target.name + _REASON)
            beside.write_text(f"{verdict.reason}\n", "utf-8", "backslashreplace")
        file.path.rename(target)

    def keep_newest(self, folder: str) -> None:
        """Bound the disk: names start with the time, so the oldest come first."""
        with suppress(OSError):
            names = sorted(
                name
                for name in os.listdir(self._folder / folder)  # noqa: PTH208 (names only)
                if not name.endswith(_REASON)
            )
            for name in names[: max(0, len(names) - self._keep_files)]:
                path = self._folder / folder / name
                path.unlink(missing_ok=True)
                path.with_name(name + _REASON).unlink(missing_ok=True)
