import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_component.database import heal, is_damage
from edge_component.entries import Entry, Outgoing
from edge_component.journal import Journal
from edge_component.outbox import Outbox
from fabwafer.topics import Kind

Open = Callable[..., Outbox]


def wafer(
    number: int, *, size: int = 10, upload: bytes | None = None, journal: str | None = None
) -> Entry:
    imgid = f"w{number}"
    return Entry(
        sequence=number,
        mark=f"mark{number}",
        messages=(
            Outgoing(Kind.PREDICTION, imgid, f"p/{imgid}", b"p" * size),
            Outgoing(Kind.IMAGE, imgid, f"i/{imgid}", b"i" * size, upload),
        ),
        journal=journal,
    )


def topics(outbox: Outbox, limit: int = 100) -> list[str]:
    return [each.message.topic for each in outbox.ready(limit)]


def test_messages_come_out_oldest_first(open_outbox: Open) -> None:
    outbox = open_outbox()
    outbox.commit([wafer(1), wafer(2)])
    outbox.commit([wafer(3)])
    assert topics(outbox, 5) == ["p/w1", "i/w1", "p/w2", "i/w2", "p/w3"]


def test_only_an_acknowledged_message_is_deleted(open_outbox: Open) -> None:
    outbox = open_outbox()
    outbox.commit([wafer(1)])
    first, second = outbox.ready(2)
    outbox.acknowledge([first.id])
    assert outbox.ready(2) == [second]
    assert outbox.backlog().messages == 1


def test_a_wafer_is_committed_whole_or_not_at_all(open_outbox: Open) -> None:
    outbox = open_outbox()
    unbindable = Entry(2, "\udce4", wafer(2).messages)  # fails after the messages are inserted
    with pytest.raises(UnicodeEncodeError):
        outbox.commit([wafer(1), unbindable])
    assert topics(outbox) == []
    assert (outbox.sequence, outbox.marks) == (0, set())


def test_number_and_marks_survive_a_restart(open_outbox: Open) -> None:
    outbox = open_outbox()
    outbox.commit([wafer(1), wafer(2)], forget=[])
    outbox.commit([wafer(3)], forget=["mark1", "mark2"])
    outbox.close()
    again = open_outbox()
    assert (again.sequence, again.marks, again.epoch) == (3, {"mark3"}, again.epoch)
    assert again.backlog().messages == 6


def test_a_full_outbox_drops_the_oldest_images_first(open_outbox: Open) -> None:
    outbox = open_outbox(limit_bytes=500)
    dropped = outbox.commit([wafer(number, size=100) for number in range(1, 4)])
    assert topics(outbox) == ["p/w1", "p/w2", "p/w3", "i/w3"]
    assert dropped == outbox.backlog().dropped == 2


def test_predictions_are_dropped_only_when_no_image_is_left(open_outbox: Open) -> None:
    outbox = open_outbox(limit_bytes=250)
    outbox.commit([wafer(number, size=100) for number in range(1, 4)])
    assert topics(outbox) == ["p/w2", "p/w3"]
    assert outbox.backlog().dropped == 4


def test_the_bytes_are_counted_through_every_change(open_outbox: Open) -> None:
    outbox = open_outbox()
    outbox.commit([wafer(1, upload=b"x" * 1000)])
    outbox.uploaded(outbox.uploads()[0])
    prediction, _image = outbox.ready(2)
    outbox.acknowledge([prediction.id])
    assert outbox.backlog().bytes == 14


def test_a_message_waits_for_its_upload_and_holds_up_nobody(open_outbox: Open) -> None:
    outbox = open_outbox()
    outbox.commit([wafer(1, upload=b"x"), wafer(2)])
    assert topics(outbox) == ["p/w1", "p/w2", "i/w2"]
    outbox.uploaded(outbox.uploads()[0])
    assert topics(outbox) == ["p/w1", "i/w1", "p/w2", "i/w2"]


def test_a_refused_message_is_kept_out_of_the_others_way(open_outbox: Open) -> None:
    outbox = open_outbox()
    outbox.commit([wafer(1)])
    first = outbox.ready(1)[0]
    outbox.refuse(first, "UnauthorizedError")
    assert topics(outbox) == ["i/w1"]
    assert [each.id for each in outbox.refused()] == [first.id]
    assert (outbox.backlog().refused, outbox.backlog().refusal) == (1, "UnauthorizedError")


def test_refused_messages_take_turns(open_outbox: Open) -> None:
    outbox = open_outbox()
    outbox.commit([wafer(1)])
    for each in outbox.ready(2):
        outbox.refuse(each, "denied")
    first = outbox.refused()[0]
    outbox.refuse(first, "denied")
    assert outbox.refused()[0].id != first.id


def test_one_that_passes_releases_its_kind(open_outbox: Open) -> None:
    outbox = open_outbox()
    outbox.commit([wafer(1), wafer(2)])
    for each in outbox.ready(4):
        outbox.refuse(each, "denied")
    outbox.release(Kind.IMAGE)
    assert topics(outbox) == ["i/w1", "i/w2"]


def test_a_full_disk_loses_nothing_and_passes(open_outbox: Open) -> None:
    outbox = open_outbox()
    outbox.commit([wafer(1)])
    database = outbox._db
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError, match="full") as raised:
        outbox.commit([wafer(2, size=1_000_000)])
    assert not is_damage(raised.value)
    database.execute("PRAGMA max_page_count = 1000000")
    outbox.commit([wafer(2, size=1_000_000)])
    assert topics(outbox) == ["p/w1", "i/w1", "p/w2", "i/w2"]


@pytest.mark.parametrize("durable, level", [(True, 2), (False, 1)], ids=["capture", "delivery"])
def test_the_capturing_side_outlasts_a_power_cut(tmp_path: Path, durable: bool, level: int) -> None:
    outbox = Outbox(tmp_path / "o.db", 10**6, durable=durable)
    assert outbox._db.execute("PRAGMA synchronous").fetchone() == (level,)
    assert outbox._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    outbox.close()


def test_a_sound_outbox_needs_no_healing(open_outbox: Open, tmp_path: Path) -> None:
    open_outbox().commit([wafer(1)])
    assert heal(tmp_path / "outbox.db") is None


def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    path.write_bytes(b"rubbish" * 1000)
    problem = heal(path)
    assert problem is not None and "not a database" in problem
    assert [each.read_bytes()[:7] for each in tmp_path.glob("outbox.db.damaged-*")] == [b"rubbish"]
    outbox = Outbox(path, 10**6, durable=True)
    assert outbox.sequence == 0
    outbox.close()


def test_what_can_be_read_of_a_damaged_outbox_is_rescued(open_outbox: Open, tmp_path: Path) -> None:
    outbox = open_outbox()
    for number in range(1, 40):
        outbox.commit([wafer(number, size=3000)])
    epoch = outbox.epoch
    outbox._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    outbox.close()
    path = tmp_path / "outbox.db"
    data = bytearray(path.read_bytes())
    data[-40_000:] = b"\xff" * 40_000
    path.write_bytes(data)
    problem = heal(path)
    assert problem is not None
    healed = open_outbox()
    rescued = topics(healed)
    assert rescued[:4] == ["p/w1", "i/w1", "p/w2", "i/w2"]
    assert f"{len(rescued)} messages rescued" in problem
    assert (healed.sequence, healed.epoch) == (39, epoch)


def damage_index(path: Path) -> None:
    """Leave a row out of an index, as a lost page does: the table is sound, and nothing can be deleted."""
    database = sqlite3.connect(path, isolation_level=None)
    find = "FROM sqlite_schema WHERE name = 'by_kind'"
    row = database.execute(f"SELECT type, name, tbl_name, rootpage, sql {find}").fetchone()
    database.execute("PRAGMA writable_schema = ON")
    database.execute(f"DELETE {find}")
    database.close()
    database = sqlite3.connect(path, isolation_level=None)
    database.execute(
        "INSERT INTO messages (kind, imgid, topic, payload, size, created)"
        " VALUES ('prediction', 'w9', 'p/w9', x'70', 1, 1)"
    )
    database.execute("PRAGMA writable_schema = ON")
    database.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", row)
    database.close()


def test_a_damaged_index_was_taken_for_sound(open_outbox: Open, tmp_path: Path) -> None:
    outbox = open_outbox()
    outbox.commit([wafer(1)])
    outbox.close()
    path = tmp_path / "outbox.db"
    damage_index(path)
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA quick_check").fetchone() == ("ok",)
    with pytest.raises(sqlite3.DatabaseError, match="malformed"):
        database.execute("DELETE FROM messages WHERE imgid = 'w9'")
    database.close()
    problem = heal(path)
    assert problem is not None and "missing from index" in problem
    healed = open_outbox()
    assert topics(healed) == ["p/w1", "i/w1", "p/w9"]
    healed.acknowledge([each.id for each in healed.ready(9)])
    assert healed.backlog().messages == 0


def test_only_one_damaged_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    (tmp_path / "outbox.db.damaged-1").write_bytes(b"old")
    path.write_bytes(b"rubbish" * 1000)
    heal(path)
    assert len(list(tmp_path.glob("outbox.db.damaged-*"))) == 1


class TestJournal:
    def lines(self, path: Path) -> list[str]:
        return path.read_text().splitlines()

    def test_every_wafer_has_one_line(self, open_outbox: Open, tmp_path: Path) -> None:
        outbox, path = open_outbox(), tmp_path / "logs" / "j.jsonl"
        journal = Journal(path, outbox)
        outbox.commit([wafer(1, journal="one"), wafer(2, journal="two")])
        journal.flush()
        journal.flush()
        outbox.commit([wafer(3, journal="three")])
        journal.flush()
        journal.close()
        assert self.lines(path) == ["one", "two", "three"]

    @pytest.mark.parametrize(
        "left",
        [
            "",
            "zero\n",
            "zero\none\n",
            "zero\none\ntw",
            "zero\none\ntwo\n",
            "zero\none\ntwo\nthree\n",
        ],
        ids=["nothing", "none of them", "one", "one and a half", "two", "all"],
    )
    def test_a_killed_process_leaves_no_gap_and_no_repeat(
        self, open_outbox: Open, tmp_path: Path, left: str
    ) -> None:
        outbox, path = open_outbox(), tmp_path / "j.jsonl"
        outbox.commit([wafer(n, journal=line) for n, line in enumerate(["one", "two", "three"], 1)])
        path.write_text(left)
        journal = Journal(path, outbox)
        before = ["zero"] if left else []
        assert self.lines(path) == [*before, "one", "two", "three"]
        outbox.commit([wafer(4, journal="four")])
        journal.flush()
        journal.close()
        assert self.lines(path) == [*before, "one", "two", "three", "four"]

    def test_lines_that_could_not_be_deleted_were_repeated(
        self, open_outbox: Open, tmp_path: Path
    ) -> None:
        class Busy:
            def __init__(self) -> None:
                self.errors = [sqlite3.OperationalError("database is locked")]

            def journaled(self, sequence: int) -> None:
                if self.errors:
                    raise self.errors.pop()
                outbox.journaled(sequence)

            def __getattr__(self, name: str) -> object:
                return getattr(outbox, name)

        outbox, path = open_outbox(), tmp_path / "j.jsonl"
        journal = Journal(path, Busy())  # type: ignore[arg-type]
        outbox.commit([wafer(1, journal="one")])
        with pytest.raises(sqlite3.OperationalError):
            journal.flush()
        outbox.commit([wafer(2, journal="two")])
        journal.flush()
        journal.close()
        assert self.lines(path) == ["one", "two"]
        assert outbox.journal() == []

    def test_a_full_disk_repeats_no_line(self, open_outbox: Open, tmp_path: Path) -> None:
        class FullOnce:
            def __init__(self, file: object) -> None:
                self.file, self.full = file, True

            def write(self, text: bytes) -> int:
                if self.full:
                    self.full = False
                    return self.file.write(text[:2])  # type: ignore[attr-defined, no-any-return]
                raise OSError("disk full")

            def __getattr__(self, name: str) -> object:
                return getattr(self.file, name)

        outbox, path = open_outbox(), tmp_path / "j.jsonl"
        journal = Journal(path, outbox)
        outbox.commit([wafer(1, journal="one")])
        file = journal._file
        journal._file = FullOnce(file)  # type: ignore[assignment]
        with pytest.raises(OSError, match="disk full"):
            journal.flush()
        journal._file = file
        journal.flush()
        journal.close()
        assert self.lines(path) == ["one"]
