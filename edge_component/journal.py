"""The journal file: one line for every wafer, exactly once, whenever the process dies.

A line is committed with its wafer, then appended to the file, then forgotten. What a killed process left
in the database is appended at the next start; what of it is in the file already is told by the file's
last line.
"""

import os
from pathlib import Path

from edge_component.outbox import Outbox

_TAIL_BYTES = 64 * 1024


class Journal:
    """Appends what the outbox holds for it."""

    def __init__(self, path: Path, outbox: Outbox) -> None:
        """Open the file, cut off a half-written line, and append what is missing.

        Raises:
            OSError: If the file cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._outbox = outbox
        self._file = path.open("ab+", buffering=0)
        self._append(_after(self._last_line(), outbox.journal()))

    def _last_line(self) -> str | None:
        size = self._file.seek(0, os.SEEK_END)
        start = self._file.seek(max(0, size - _TAIL_BYTES))
        tail = self._file.read()
        whole = tail.rfind(b"\n") + 1
        self._file.truncate(start + whole)
        lines = tail[:whole].splitlines()
        return lines[-1].decode() if lines else None

    def flush(self) -> None:
        """Append what has been committed since the last call."""
        self._append(self._outbox.journal())

    def _append(self, rows: list[tuple[int, str]]) -> None:
        text = "".join(f"{line}\n" for _, line in rows).encode()
        end = self._file.seek(0, os.SEEK_END)
        try:
            while text:
                text = text[self._file.write(text) :]
            os.fsync(self._file.fileno())
        except OSError:
            self._file.truncate(end)  # all or none, or the next attempt would repeat lines
            raise
        if rows:
            self._outbox.journaled(rows[-1][0])

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _after(last: str | None, rows: list[tuple[int, str]]) -> list[tuple[int, str]]:
    lines = [line for _, line in rows]
    return rows[lines.index(last) + 1 :] if last in lines else rows
