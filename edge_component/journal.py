"""The journal file: one line for every wafer, exactly once, whenever the process dies.

A line is committed with its wafer, then appended to the file, then forgotten. What a killed process left
in the database is appended at the next start; what of it is in the file already, the file's last line
tells.
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
        self._written = _sequence_of(self._last_line(), outbox.journal())
        self.flush()

    def _last_line(self) -> str | None:
        size = self._file.seek(0, os.SEEK_END)
        start = self._file.seek(max(0, size - _TAIL_BYTES))
        tail = self._file.read()
        whole = tail.rfind(b"\n") + 1
        self._file.truncate(start + whole)
        lines = tail[:whole].splitlines()
        return lines[-1].decode() if lines else None

    def flush(self) -> None:
        """Append what has been committed since the last call.

        The database may still hold lines that the file has: because the process was killed in between,
        or because they could not be deleted.
        """
        rows = self._outbox.journal()
        if not rows:
            return
        self._append([line for sequence, line in rows if sequence > self._written])
        self._written = rows[-1][0]
        self._outbox.journaled(self._written)

    def _append(self, lines: list[str]) -> None:
        text = "".join(f"{line}\n" for line in lines).encode()
        end = self._file.seek(0, os.SEEK_END)
        try:
            while text:
                text = text[self._file.write(text) :]
            os.fsync(self._file.fileno())
        except OSError:
            self._file.truncate(end)  # all or none, or the next attempt would repeat lines
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _sequence_of(last: str | None, rows: list[tuple[int, str]]) -> int:
    return next((sequence for sequence, line in rows if line == last), 0)
