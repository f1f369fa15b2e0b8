"""3. `WaferImage` and `Prediction` -> outbox on disk: one commit holds a wafer's messages, number and mark.

Acknowledged means deleted, and nothing else does, but for the limit: a full outbox drops its oldest
images first, and predictions only when no image is left; every drop is counted and logged.

The capturing side commits durably, because the camera lets go of the wafer after it. The delivering
side need not: a deletion lost in a power cut only repeats a message, and the cloud knows repeats.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge_component import logs
from edge_component.database import open_database
from edge_component.entries import Backlog, Entry, Outgoing, Stored
from fabwafer.topics import Kind

_COLUMNS = "id, refused IS NOT NULL, kind, imgid, topic, payload, upload"
_DROPPED_FIRST = (Kind.IMAGE, Kind.PREDICTION)


class Outbox:
    """One thread's connection to the outbox."""

    def __init__(self, path: Path, limit_bytes: int, *, durable: bool) -> None:
        """Open or create it.

        Raises:
            sqlite3.Error: If it is damaged or cannot be written.
        """
        self._limit_bytes = limit_bytes
        self._db = open_database(path, durable=durable)

    def close(self) -> None:
        """Close the connection; what is committed stays."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:  # SQLite has rolled back by itself when the disk was full
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def commit(self, entries: Sequence[Entry], forget: Iterable[str] = ()) -> int:
        """Store wafers, all or none; after it the camera may let go of them.

        Args:
            entries: The wafers, in order.
            forget: Marks that the camera needs no more.

        Returns:
            How many messages the limit has cost.
        """
        now_ms = time.time_ns() // 1_000_000
        rows = [
            (each.kind, each.imgid, each.topic, each.payload, each.upload, each.size, now_ms)
            for entry in entries
            for each in entry.messages
        ]
        lines = [(entry.sequence, entry.journal) for entry in entries if entry.journal]
        with self._transaction():
            self._db.executemany(
                "INSERT INTO messages (kind, imgid, topic, payload, upload, size, created)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            self._db.executemany("DELETE FROM marks WHERE mark = ?", [(mark,) for mark in forget])
            self._db.executemany(
                "INSERT OR IGNORE INTO marks VALUES (?)", [(entry.mark,) for entry in entries]
            )
            self._db.executemany("INSERT INTO journal VALUES (?, ?)", lines)
            if entries:
                self._set("sequence", entries[-1].sequence)
                self._add("dropped", sum(entry.dropped for entry in entries))
            dropped = self._make_room()
        if dropped:
            logs.warn("outbox full", limit_bytes=self._limit_bytes, **dropped)
        return sum(dropped.values())

    def _make_room(self) -> dict[str, int]:
        dropped: dict[str, int] = {}
        for kind in _DROPPED_FIRST:
            excess = self._number("bytes") - self._limit_bytes
            ids = list(self._oldest(kind, excess))
            if ids:
                self._delete(ids)
                self._add("dropped", len(ids))
                dropped[f"dropped_{kind.value}"] = len(ids)
        return dropped

    def _oldest(self, kind: Kind, excess: int) -> Iterator[int]:
        rows = self._db.execute("SELECT id, size FROM messages WHERE kind = ? ORDER BY id", (kind,))
        while excess > 0 and (row := rows.fetchone()):
            excess -= row[1]
            yield row[0]
        rows.close()

    def ready(self, limit: int) -> list[Stored]:
        """Return the oldest messages that may be published."""
        return self._select("refused IS NULL AND upload IS NULL ORDER BY id LIMIT ?", limit)

    def refused(self) -> list[Stored]:
        """Return the refused message whose turn it is to be tried again, if there is one."""
        return self._select("refused IS NOT NULL ORDER BY attempts, id LIMIT ?", 1)

    def uploads(self) -> list[Stored]:
        """Return the picture whose turn it is to go to S3: the oldest of those that failed least."""
        return self._select("upload IS NOT NULL ORDER BY attempts, id LIMIT ?", 1)

    def _select(self, where: str, limit: int) -> list[Stored]:
        query = f"SELECT {_COLUMNS} FROM messages WHERE {where}"  # noqa: S608 (ours, above)
        return [
            Stored(number, Outgoing(Kind(kind), *rest), bool(refused))
            for number, refused, kind, *rest in self._db.execute(query, (limit,)).fetchall()
        ]

    def acknowledge(self, ids: Sequence[int]) -> None:
        """Delete messages that the broker has."""
        with self._transaction():
            self._delete(ids)

    def _delete(self, ids: Sequence[int]) -> None:
        self._db.executemany("DELETE FROM messages WHERE id = ?", [(number,) for number in ids])

    def uploaded(self, stored: Stored) -> None:
        """Let the message out whose picture is in S3 now."""
        size = stored.message.size - len(stored.message.upload or b"")
        self._db.execute(
            "UPDATE messages SET upload = NULL, size = ? WHERE id = ?", (size, stored.id)
        )

    def postpone(self, stored: Stored) -> None:
        """Let other pictures go to S3 before one that failed."""
        self._db.execute("UPDATE messages SET attempts = attempts + 1 WHERE id = ?", (stored.id,))

    def refuse(self, stored: Stored, reason: str) -> None:
        """Keep a message that the broker will not have, out of the others' way."""
        self._db.execute(
            "UPDATE messages SET refused = ?, attempts = attempts + 1 WHERE id = ?",
            (reason, stored.id),
        )

    def release(self, kind: Kind) -> None:
        """Let the refused messages of a kind out again, for one of them has passed."""
        self._db.execute("UPDATE messages SET refused = NULL WHERE kind = ?", (kind,))

    def quarantined(self) -> None:
        """Count a wafer that broke the contract."""
        self._add("quarantined", 1)

    def backlog(self) -> Backlog:
        """Return how full the outbox is."""
        (oldest,) = self._db.execute("SELECT min(created) FROM messages").fetchone()
        refused, refusal = self._db.execute(
            "SELECT count(*), max(refused) FROM messages WHERE refused IS NOT NULL"
        ).fetchone()
        return Backlog(
            messages=self._number("messages"),
            bytes=self._number("bytes"),
            oldest_s=0.0 if oldest is None else max(0.0, time.time() - oldest / 1000),
            refused=refused,
            refusal=refusal,
            dropped=self._number("dropped"),
            quarantined=self._number("quarantined"),
            sequence=self._number("sequence"),
        )

    @property
    def epoch(self) -> str:
        """Return the random name of this outbox' life: in every imgid, so that none recurs after a loss."""
        return str(self._fact("epoch"))

    @property
    def sequence(self) -> int:
        """Return the number of the last wafer committed."""
        return self._number("sequence")

    @property
    def marks(self) -> set[str]:
        """Return the marks of the wafers that the camera might hand out again."""
        return {mark for (mark,) in self._db.execute("SELECT mark FROM marks")}

    def journal(self) -> list[tuple[int, str]]:
        """Return the numbers and lines that may not be in the journal file yet."""
        return self._db.execute("SELECT sequence, line FROM journal ORDER BY sequence").fetchall()

    def journaled(self, sequence: int) -> None:
        """Forget the lines up to a number, for the file has them."""
        self._db.execute("DELETE FROM journal WHERE sequence <= ?", (sequence,))

    def _fact(self, name: str) -> Any:
        return self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()[0]

    def _number(self, name: str) -> int:
        return int(self._fact(name))

    def _add(self, name: str, count: int) -> None:
        self._db.execute("UPDATE facts SET value = value + ? WHERE name = ?", (count, name))

    def _set(self, name: str, value: int) -> None:
        self._db.execute("UPDATE facts SET value = ? WHERE name = ?", (value, name))
