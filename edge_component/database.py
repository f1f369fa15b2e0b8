"""The outbox' SQLite file: its schema, how it is opened, and what happens when it is damaged."""

import secrets
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from edge_component import logs

_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    imgid TEXT NOT NULL,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    upload BLOB,
    size INTEGER NOT NULL,
    created INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    refused TEXT
);
CREATE INDEX IF NOT EXISTS by_kind ON messages (kind, id);
CREATE INDEX IF NOT EXISTS ready ON messages (id) WHERE refused IS NULL AND upload IS NULL;
CREATE INDEX IF NOT EXISTS uploads ON messages (attempts, id) WHERE upload IS NOT NULL;
CREATE INDEX IF NOT EXISTS refusals ON messages (attempts, id) WHERE refused IS NOT NULL;
CREATE TABLE IF NOT EXISTS marks (mark TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal (sequence INTEGER PRIMARY KEY, line TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT OR IGNORE INTO facts VALUES
    ('sequence', 0), ('bytes', 0), ('messages', 0), ('dropped', 0), ('quarantined', 0);
CREATE TRIGGER IF NOT EXISTS added AFTER INSERT ON messages BEGIN
    UPDATE facts SET value = value + new.size WHERE name = 'bytes';
    UPDATE facts SET value = value + 1 WHERE name = 'messages';
END;
CREATE TRIGGER IF NOT EXISTS removed AFTER DELETE ON messages BEGIN
    UPDATE facts SET value = value - old.size WHERE name = 'bytes';
    UPDATE facts SET value = value - 1 WHERE name = 'messages';
END;
CREATE TRIGGER IF NOT EXISTS resized AFTER UPDATE OF size ON messages BEGIN
    UPDATE facts SET value = value - old.size + new.size WHERE name = 'bytes';
END;
COMMIT;
"""
_BUSY_S = 10
_WAL_LIMIT_BYTES = 4 * 1024 * 1024
_DAMAGED = ".damaged"


def open_database(path: Path, *, durable: bool) -> sqlite3.Connection:
    """Open or create the outbox' file; `durable` makes every commit outlast a power cut.

    Raises:
        sqlite3.Error: If it is damaged or cannot be written.
    """
    database = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        database.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
        database.executescript(_SCHEMA)
        database.execute("INSERT OR IGNORE INTO facts VALUES ('epoch', ?)", (secrets.token_hex(4),))
    except sqlite3.Error:
        database.close()
        raise
    return database


def is_damage(error: sqlite3.Error) -> bool:
    """Tell a damaged file from a full disk or a lock, which pass."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def heal(path: Path) -> str | None:
    """Check the file; set a damaged one aside and begin anew with what can still be read of it.

    Returns:
        What was wrong, or None.

    Raises:
        sqlite3.Error: If the file cannot be opened for another reason than damage.
    """
    try:
        with closing(open_database(path, durable=True)) as database:
            # Not quick_check, which misses a damaged index: deletions by it fail for ever.
            (verdict,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        verdict = str(error)
    if verdict == "ok":
        return None
    aside = _set_aside(path)
    with closing(open_database(path, durable=True)) as database:
        rescued = _salvage(aside, database)
    problem = (
        f"outbox was damaged ({verdict}); {rescued} messages rescued, the file is {aside.name}"
    )
    logs.warn("outbox damaged", verdict=verdict, rescued=rescued, aside=str(aside))
    return problem


def _set_aside(path: Path) -> Path:
    """Rename the file and its log; one damaged file is kept, so that the disk stays bounded."""
    for older in path.parent.glob(f"{path.name}{_DAMAGED}*"):
        older.unlink()
    aside = path.with_name(f"{path.name}{_DAMAGED}-{int(time.time())}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def _salvage(damaged: Path, fresh: sqlite3.Connection) -> int:
    """Copy row by row until the damage is met; marks first, for they keep a wafer from being repeated."""
    try:
        old = sqlite3.connect(damaged)
    except sqlite3.Error:
        return 0
    with closing(old):
        for table in ("marks", "journal", "messages"):
            _copy_rows(old, fresh, table)
        _copy_rows(
            old, fresh, "facts", "WHERE name IN ('epoch', 'sequence', 'dropped', 'quarantined')"
        )
    (count,) = fresh.execute("SELECT count(*) FROM messages").fetchone()
    return int(count)


def _copy_rows(
    old: sqlite3.Connection, fresh: sqlite3.Connection, table: str, where: str = ""
) -> None:
    fresh.execute("BEGIN")
    try:
        for row in old.execute(f"SELECT * FROM {table} {where}"):  # noqa: S608 (names of ours)
            marks = ", ".join("?" * len(row))
            fresh.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)  # noqa: S608
    except sqlite3.Error as error:
        logs.warn("outbox rows lost", table=table, error=str(error))
    fresh.execute("COMMIT")
