import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest
from edge_parts import Clock

from edge_component.camera import WaferImage
from edge_component.config import FolderSource
from edge_component.entries import Entry
from edge_component.folder import FolderCamera
from edge_component.health import Health
from edge_component.outbox import Outbox
from edge_component.patterns import generate
from edge_component.pictures import encode_dies
from fabwafer.errors import ContractError
from fabwafer.topics import check_imgid

BAD = ContractError("image", b"", "a picture")
PICTURE = encode_dies(generate(1, 1)[0])


def drop(folder: Path, name: str, data: bytes = PICTURE, at_s: int = 1_700_000_000) -> Path:
    path = folder / name
    path.write_bytes(data)
    os.utime(path, (at_s, at_s))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "in"
    path.mkdir()
    return path


def camera_on(
    folder: Path,
    clock: Clock,
    marks: set[str] = frozenset(),  # type: ignore[assignment]
    health: Health | None = None,
    **source: object,
) -> FolderCamera:
    settings = FolderSource(kind="folder", folder=folder, **source)  # type: ignore[arg-type]
    return FolderCamera(settings, "cam-e", marks, health or Health(), clock)


def settled(
    camera: FolderCamera, clock: Clock, first: int = 1, limit: int = 10
) -> list[WaferImage]:
    camera.take(first, limit)
    clock.now += 2
    return camera.take(first, limit)


def test_the_oldest_come_first_and_are_numbered(folder: Path, clock: Clock) -> None:
    for name, at_s in [
        ("b.png", 1_700_000_002),
        ("a.png", 1_700_000_003),
        ("c.png", 1_700_000_001),
    ]:
        drop(folder, name, at_s=at_s)
    images = settled(camera_on(folder, clock), clock, first=7)
    assert [each.imgid for each in images] == [
        "cam-e-00000007-c",
        "cam-e-00000008-b",
        "cam-e-00000009-a",
    ]
    assert [each.timestamp for each in images] == [
        1_700_000_001_000,
        1_700_000_002_000,
        1_700_000_003_000,
    ]


def test_a_file_that_is_still_being_written_is_waited_for(folder: Path, clock: Clock) -> None:
    camera = camera_on(folder, clock)
    drop(folder, "w.png", PICTURE[:50], at_s=1_700_000_000)
    camera.take(1, 10)
    clock.now += 2
    drop(folder, "w.png", PICTURE, at_s=1_700_000_001)
    assert camera.take(1, 10) == []
    clock.now += 2
    assert [each.picture for each in camera.take(1, 10)] == [PICTURE]


@pytest.mark.parametrize("name", [".w.png", "w.png.part", "w.png.tmp", "w.png~", "w.filepart"])
def test_names_of_unfinished_files_are_left_alone(folder: Path, clock: Clock, name: str) -> None:
    drop(folder, name)
    assert settled(camera_on(folder, clock), clock) == []


def test_a_renamed_file_counts_under_its_new_name(folder: Path, clock: Clock) -> None:
    camera = camera_on(folder, clock)
    path = drop(folder, "w.png.part")
    camera.take(1, 10)
    path.rename(folder / "w.png")
    assert [each.imgid for each in settled(camera, clock)] == ["cam-e-00000001-w"]


def test_a_file_that_vanishes_between_scan_and_read_is_no_error(folder: Path, clock: Clock) -> None:
    path = drop(folder, "w.png")
    camera = camera_on(folder, clock)
    camera.take(1, 10)
    clock.now += 2
    (seen,) = camera._since
    path.unlink()
    assert camera._read(seen, 1) is None
    assert camera.take(1, 10) == []


def test_folders_and_links_are_no_wafers(folder: Path, clock: Clock, tmp_path: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "link.png").symlink_to(drop(tmp_path, "elsewhere.png"))
    assert settled(camera_on(folder, clock), clock) == []


def test_a_missing_folder_is_an_error_that_passes(folder: Path, clock: Clock) -> None:
    camera = camera_on(folder / "later", clock)
    with pytest.raises(OSError, match="later"):
        camera.take(1, 10)
    (folder / "later").mkdir()
    drop(folder / "later", "w.png")
    assert len(settled(camera, clock)) == 1


def test_done_files_are_moved_and_not_taken_again(folder: Path, clock: Clock) -> None:
    path = drop(folder, "w.png")
    camera = camera_on(folder, clock)
    images = settled(camera, clock)
    assert camera.done(images) == [images[0].mark]
    assert not path.exists()
    assert [each.name for each in (folder / "done").iterdir()] == ["1700000000000000000-w.png"]
    assert camera.take(2, 10) == []


def test_a_wafer_that_was_committed_before_a_crash_is_moved_not_repeated(
    folder: Path, clock: Clock
) -> None:
    drop(folder, "w.png")
    marks = {each.mark for each in settled(camera_on(folder, clock), clock)}
    restarted = camera_on(folder, clock, marks)
    assert settled(restarted, clock) == []
    assert len(list((folder / "done").iterdir())) == 1
    assert set(restarted.done([])) == marks


def test_a_wafer_that_was_not_committed_before_a_crash_is_taken_again(
    folder: Path, clock: Clock
) -> None:
    drop(folder, "w.png")
    before = settled(camera_on(folder, clock), clock)
    assert settled(camera_on(folder, clock), clock) == before


def test_a_folder_that_cannot_be_written_repeats_nothing(folder: Path, clock: Clock) -> None:
    drop(folder, "w.png")
    (folder / "done").write_text("in the way")
    camera = camera_on(folder, clock)
    images = [each for each in settled(camera, clock) if each.imgid.endswith("w")]
    assert camera.done(images) == []
    assert [each.imgid for each in settled(camera, clock, first=2)] == ["cam-e-00000002-done"]


def test_a_bad_file_is_seen_again_before_it_is_rejected_with_its_reason(
    folder: Path, clock: Clock
) -> None:
    drop(folder, "notes.txt", b"not a picture")
    camera = camera_on(folder, clock)
    (image,) = settled(camera, clock)
    assert camera.reject(image, BAD) is False
    assert camera.take(1, 10) == []
    clock.now += 10
    (image,) = camera.take(1, 10)
    assert camera.reject(image, BAD) is True
    assert camera.take(1, 10) == []
    names = {
        each.name.split("-", 1)[1]: each.read_bytes() for each in (folder / "rejected").iterdir()
    }
    assert names == {"notes.txt": b"not a picture", "notes.txt.reason.txt": f"{BAD}\n".encode()}


def test_the_folders_of_finished_files_are_bounded(folder: Path, clock: Clock) -> None:
    camera = camera_on(folder, clock, keep_files=2, patience_s=0)
    for number in range(4):
        drop(folder, f"bad{number}.txt", at_s=1_700_000_000 + number)
        camera.reject(settled(camera, clock)[0], BAD)
    for number in range(4):
        drop(folder, f"w{number}.png", at_s=1_700_000_000 + number)
    camera.done(settled(camera, clock))
    assert sorted(each.name[20:] for each in (folder / "done").iterdir()) == ["w2.png", "w3.png"]
    assert len(list((folder / "rejected").iterdir())) == 4


@pytest.mark.parametrize(
    "name",
    ["wäfer 7.png", "..png", "a" * 200 + ".png", "$(reboot).png"],
    ids=["umlaut", "dots", "long", "shell"],
)
def test_any_file_name_gives_a_lawful_imgid(folder: Path, clock: Clock, name: str) -> None:
    drop(folder, "x" + name if name == "..png" else name)
    (image,) = settled(camera_on(folder, clock), clock)
    assert check_imgid(image.imgid)


@pytest.mark.parametrize(
    "name, expected",
    [("L42_W07.png", ("L42", 7)), ("other.png", (None, None)), ("L43_Wx.png", (None, None))],
)
def test_lot_and_wafer_come_from_the_name(
    folder: Path, clock: Clock, name: str, expected: tuple[str | None, int | None]
) -> None:
    drop(folder, name)
    (image,) = settled(camera_on(folder, clock, lot_pattern=r"(?P<lot>\w+)_W(?P<wafer>\d+)"), clock)
    assert (image.lot, image.wafer) == expected


def test_a_capture_is_never_in_the_future(folder: Path, clock: Clock) -> None:
    drop(folder, "w.png", at_s=4_000_000_000)
    (image,) = settled(camera_on(folder, clock), clock)
    assert image.timestamp <= time.time() * 1000


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, OSError]]:
    """Errors of the disk, by the name of the file that cannot be opened."""
    errors: dict[str, OSError] = {}
    opened = Path.open

    def open_or_fail(path: Path, mode: str = "r", *more: object, **named: object) -> object:
        if path.name in errors:
            raise errors[path.name]
        return opened(path, mode, *more, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", open_or_fail)
    yield errors


def test_a_file_that_nobody_may_read_does_not_hold_up_the_others(
    folder: Path, clock: Clock, failing: dict[str, OSError]
) -> None:
    drop(folder, "locked.png", at_s=1_700_000_000)
    drop(folder, "next.png", at_s=1_700_000_001)
    failing["locked.png"] = PermissionError(errno.EACCES, "Permission denied")
    camera = camera_on(folder, clock, patience_s=0)
    first, second = settled(camera, clock)
    assert (first.picture, second.picture) == (b"", PICTURE)
    assert camera.reject(first, BAD)
    assert [each.imgid for each in settled(camera, clock)] == ["cam-e-00000001-next"]


@pytest.mark.parametrize("number", [errno.EIO, errno.EBUSY, errno.ESTALE])
def test_one_unreadable_file_held_up_all_others(
    folder: Path, clock: Clock, failing: dict[str, OSError], number: int
) -> None:
    drop(folder, "bad.png", at_s=1_700_000_000)
    drop(folder, "good.png", at_s=1_700_000_001)
    failing["bad.png"] = OSError(number, os.strerror(number))
    health = Health()
    camera = camera_on(folder, clock, health=health)
    images = settled(camera, clock)
    assert [each.imgid for each in images] == ["cam-e-00000001-good"]
    assert health.reasons == {"files": f"'bad.png' cannot be read: {os.strerror(number)}"}
    camera.done(images)
    failing.clear()
    clock.now += 10
    assert [each.imgid for each in camera.take(2, 10)] == ["cam-e-00000002-bad"]
    assert health.reasons == {}


def test_an_entry_that_cannot_be_looked_at_held_up_all_others(
    folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(folder, "w.png")
    scandir = os.scandir

    class Entries:
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def __iter__(self) -> Iterator[object]:
            yield Broken()
            yield from scandir(folder)

    class Broken:
        name = "broken.png"

        def is_file(self, **_: bool) -> bool:
            raise OSError(errno.ESTALE, "Stale file handle", str(folder / self.name))

    monkeypatch.setattr("edge_component.scan.os.scandir", lambda _folder: Entries())
    health = Health()
    camera = camera_on(folder, clock, {f"{folder}/broken.png|1|2"}, health)
    assert len(settled(camera, clock)) == 1
    assert "broken.png" in health.reasons["files"]
    assert camera.done([]) == []


def test_a_name_that_is_no_utf_8_gave_a_mark_that_sqlite_cannot_store(
    folder: Path, clock: Clock, open_outbox: Callable[..., Outbox]
) -> None:
    with open(os.fsencode(folder) + b"/W\xe4fer.png", "wb") as stream:  # noqa: PTH123
        stream.write(PICTURE)
    outbox = open_outbox()
    camera = camera_on(folder, clock, lot_pattern="(?P<lot>.+)")
    (image,) = settled(camera, clock)
    outbox.commit([Entry(1, image.mark, ())])
    assert outbox.marks == {image.mark}
    assert image.lot == "W\\udce4fer"
    assert check_imgid(image.imgid)
    assert camera.done([image]) == [image.mark]
    assert os.listdir(os.fsencode(folder / "done"))[0].endswith(b"W\xe4fer.png")  # noqa: PTH208


def test_an_unmounted_share_made_its_wafers_new_ones(
    folder: Path, clock: Clock, tmp_path: Path
) -> None:
    drop(folder, "w.png")
    marks = {each.mark for each in settled(camera_on(folder, clock), clock)}
    share, mount_point = tmp_path / "share", folder
    folder.rename(share)
    mount_point.mkdir()
    restarted = camera_on(mount_point, clock, marks)
    assert settled(restarted, clock) == []
    assert restarted.done([]) == []
    mount_point.rmdir()
    share.rename(mount_point)
    assert settled(restarted, clock) == []
    assert [each.name[20:] for each in (mount_point / "done").iterdir()] == ["w.png"]


def test_another_folder_and_back_made_wafers_new_ones(
    folder: Path, clock: Clock, tmp_path: Path
) -> None:
    drop(folder, "w.png")
    marks = {each.mark for each in settled(camera_on(folder, clock), clock)}
    other = tmp_path / "other"
    other.mkdir()
    drop(other, "v.png")
    between = camera_on(other, clock, marks)
    images = settled(between, clock)
    assert [each.imgid for each in images] == ["cam-e-00000001-v"]
    assert set(between.done(images)).isdisjoint(marks)
    assert settled(camera_on(folder, clock, marks), clock) == []


def test_a_mark_is_forgotten_when_somebody_else_took_its_file(folder: Path, clock: Clock) -> None:
    drop(folder, "w.png")
    path = drop(folder, "v.png", at_s=1_700_000_001)
    camera = camera_on(folder, clock, {f"{folder}/w.png|1|2"})
    assert len(settled(camera, clock)) == 2
    assert camera.done([]) == [f"{folder}/w.png|1|2"]
    assert path.exists()


def test_files_that_cannot_be_moved_are_said_once_and_tried_rarely(
    folder: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        drop(folder, f"w{number}.png", at_s=1_700_000_000 + number)
    (folder / ".done").mkdir()
    (folder / "done").symlink_to(folder / "nowhere")
    health = Health()
    camera = camera_on(folder, clock, health=health)
    camera.done(settled(camera, clock))
    for _ in range(5):
        assert camera.take(4, 10) == []
        clock.now += 1
    assert health.reasons == {"files": "finished files cannot be moved to done/: File exists"}
    assert len(caplog.records) == 1
    (folder / "done").unlink()
    assert (camera.take(4, 10), (folder / "done").exists()) == ([], False)
    clock.now += 60
    camera.take(4, 10)
    assert len(list((folder / "done").iterdir())) == 3
    camera.take(4, 10)
    assert health.reasons == {}


def test_a_rejected_file_that_could_not_be_moved_at_first_went_to_done(
    folder: Path, clock: Clock
) -> None:
    drop(folder, "bad.png")
    in_the_way = folder / "rejected"
    in_the_way.symlink_to(folder / "nowhere")
    camera = camera_on(folder, clock, patience_s=0)
    (image,) = settled(camera, clock)
    assert camera.reject(image, BAD)
    in_the_way.unlink()
    clock.now += 60
    assert camera.take(1, 10) == []
    assert sorted(each.name[20:] for each in in_the_way.iterdir()) == [
        "bad.png",
        "bad.png.reason.txt",
    ]


@pytest.mark.parametrize("at_s", [-5, 0, 5], ids=["before 1970", "no clock", "just started"])
def test_a_file_of_a_tool_without_a_clock_is_captured_now(
    folder: Path, clock: Clock, at_s: int
) -> None:
    drop(folder, "w.png", at_s=at_s)
    (image,) = settled(camera_on(folder, clock), clock)
    assert abs(image.timestamp - time.time() * 1000) < 60_000
