import os
import time
from pathlib import Path

import pytest
from conftest import Clock

from edge_component.camera import WaferImage
from edge_component.config import FolderSource
from edge_component.folder import FolderCamera, _File
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
    folder: Path, clock: Clock, marks: set[str] = frozenset(), **source: object
) -> FolderCamera:  # type: ignore[assignment]
    return FolderCamera(FolderSource(kind="folder", folder=folder, **source), "cam-e", marks, clock)  # type: ignore[arg-type]


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


def test_a_file_that_nobody_may_read_does_not_hold_up_the_others(
    folder: Path, clock: Clock
) -> None:
    class Locked:
        name, stem = "w.png", "w"

        def open(self, _mode: str) -> None:
            raise PermissionError

    image = camera_on(folder, clock)._read(_File(Locked(), 10, 0), 1)  # type: ignore[arg-type]
    assert image is not None and image.picture == b""
