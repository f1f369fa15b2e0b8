"""What lies in a folder at one moment, oldest first."""

import os
from dataclasses import dataclass
from pathlib import Path

_UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", "~")


@dataclass(frozen=True)
class File:
    """A file as one scan saw it: written on or replaced, it is another."""

    path: Path
    size: int
    mtime_ns: int

    @property
    def mark(self) -> str:
        """Return what names it, its folder included, in the outbox."""
        return escaped(f"{self.path}|{self.size}|{self.mtime_ns}")


def escaped(text: str) -> str:
    """Return text that JSON and SQLite take: bytes of a file name that are no UTF-8 become escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def scan(folder: Path) -> tuple[list[File], list[OSError]]:
    """Return the finished files in a folder, and what kept single entries from being looked at.

    Raises:
        OSError: If the folder cannot be read.
    """
    files: list[File] = []
    errors: list[OSError] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.endswith(_UNFINISHED):
                continue
            try:
                if entry.is_file(follow_symlinks=False):
                    stat = entry.stat(follow_symlinks=False)
                    files.append(File(Path(entry.path), stat.st_size, stat.st_mtime_ns))
            except FileNotFoundError:
                continue  # renamed or taken away meanwhile
            except OSError as error:
                errors.append(error)
    return sorted(files, key=lambda file: (file.mtime_ns, file.path.name)), errors
