from pathlib import Path

import numpy as np
import pytest
from edge_parts import Clock

from edge_component.camera import WaferImage
from edge_component.config import SimulatorSource
from edge_component.patterns import generate, generate_label
from edge_component.pictures import decode
from edge_component.replay import Replay
from edge_component.simulator import Simulator
from fabwafer.errors import ContractError
from fabwafer.labels import WM811K


def simulator(clock: Clock, marks: set[str] = frozenset(), **source: object) -> Simulator:  # type: ignore[assignment]
    return Simulator(SimulatorSource(kind="simulator", **source), "cam-e", marks, clock)  # type: ignore[arg-type]


def content(
    images: list[WaferImage],
) -> list[tuple[str, bytes, str | None, int | None, str | None]]:
    return [(each.imgid, each.picture, each.lot, each.wafer, each.truth) for each in images]


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    """Six lots of three wafers of different sizes, in the layout of WM-811K as we keep it."""
    draw = np.random.default_rng(1)
    shapes = draw.integers(5, 9, size=(18, 2))
    path = tmp_path / "wafers.npz"
    np.savez_compressed(
        path,
        flat=np.concatenate(
            [np.full(int(h * w), i % 3, np.uint8) for i, (h, w) in enumerate(shapes)]
        ),
        shapes=shapes.astype(np.int16),
        labels=np.arange(18, dtype=np.uint8) % 9,
        classes=np.array(WM811K.names),
        lot=np.repeat(np.arange(6, dtype=np.int32) * 2, 3),
        wafer=np.tile(np.array([1, 2, 3], np.uint8), 6),
    )
    return path


@pytest.mark.parametrize("label", WM811K.names)
def test_every_pattern_looks_its_part(label: str) -> None:
    shares = []
    for seed in range(20):
        dies = generate_label(label, np.random.default_rng(seed))
        assert set(np.unique(dies)) <= {0, 1, 2}
        assert dies[0, 0] == 0 and min(dies.shape) >= 26
        shares.append((dies == 2).sum() / (dies > 0).sum())
    low, high = {"none": (0, 0.12), "Near-full": (0.8, 1), "Random": (0.25, 0.6)}.get(
        label, (0.01, 0.5)
    )
    assert low <= np.mean(shares) <= high


def test_a_run_shows_all_nine_patterns() -> None:
    assert {generate(1, index)[1] for index in range(300)} == set(WM811K.names)


def test_the_same_settings_give_the_same_wafers(clock: Clock) -> None:
    one, other = simulator(clock, seed=4), simulator(clock, seed=4)
    assert content(one.take(1, 10)) == content(other.take(1, 10))
    assert content(simulator(clock, seed=5).take(1, 10)) != content(one.take(1, 10))


def test_a_restart_continues_after_the_last_commit(clock: Clock) -> None:
    whole = content(simulator(clock, wafers=20).take(1, 20))
    first = simulator(clock, wafers=20)
    images = first.take(1, 8)
    first.done(images)
    lost = first.take(9, 8)
    again = simulator(clock, {images[-1].mark}, wafers=20)
    rest = content(again.take(9, 20))
    assert rest[:8] == content(lost)
    assert content(images) + rest == whole


def test_marks_do_not_pile_up(clock: Clock) -> None:
    camera = simulator(clock)
    kept: set[str] = set()
    for first in (1, 6, 11):
        images = camera.take(first, 5)
        kept |= {each.mark for each in images}
        kept -= set(camera.done(images))
    assert kept == {images[-1].mark}


def test_it_is_exhausted_when_all_are_committed(clock: Clock) -> None:
    camera = simulator(clock, wafers=3)
    images = camera.take(1, 10)
    assert (len(images), camera.exhausted) == (3, False)
    camera.done(images)
    assert camera.exhausted and camera.take(4, 10) == []
    camera.close()


def test_an_endless_one_never_is(clock: Clock) -> None:
    camera = simulator(clock, wafers=0)
    camera.done(camera.take(1, 500))
    assert not camera.exhausted


def test_a_rate_is_kept(clock: Clock) -> None:
    camera = simulator(clock, rate_per_s=2)
    taken = []
    for _ in range(4):
        images = camera.take(1, 10)
        camera.done(images)
        taken.append(len(images))
        clock.now += 1
    assert taken == [1, 2, 2, 2]


def test_a_refused_wafer_does_not_stop_it(clock: Clock) -> None:
    camera = simulator(clock)
    first, second = camera.take(1, 2)
    assert camera.reject(first, ContractError("image", 1, "2"))
    assert camera.take(1, 1)[0].picture == second.picture


def test_a_replay_keeps_lots_together_and_knows_the_truth(clock: Clock, npz: Path) -> None:
    images = simulator(clock, npz=npz, wafers=7).take(1, 10)
    assert [(each.lot, each.wafer) for each in images] == [
        ("lot0", 1), ("lot0", 2), ("lot0", 3), ("lot2", 1), ("lot2", 2), ("lot2", 3), ("lot4", 1),
    ]  # fmt: skip
    assert [each.truth for each in images] == list(WM811K.names[:7])
    levels = [sorted(np.unique(decode(each.picture)).tolist()) for each in images]
    assert levels == [[0], [127], [255], [0], [127], [255], [0]]


def test_cameras_with_other_offsets_take_other_lots(npz: Path) -> None:
    lots = [
        {Replay(npz, offset, stride=3).wafer(index).lot for index in range(6)}
        for offset in range(3)
    ]
    assert lots == [{"lot0", "lot6"}, {"lot2", "lot8"}, {"lot4", "lot10"}]


def test_a_replay_starts_again_after_its_last_wafer(npz: Path) -> None:
    replay = Replay(npz, offset=5)
    assert replay.wafer(3).dies.tolist() == replay.wafer(0).dies.tolist()


def test_a_replay_reads_in_chunks(npz: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Replay(npz)
    monkeypatch.setattr("edge_component.replay._CHUNK", 4)
    small = Replay(npz)
    for index in range(18):
        assert small.wafer(index).dies.tolist() == whole.wafer(index).dies.tolist()
        assert len(small._dies) <= 4


@pytest.mark.parametrize("offset, match", [(6, "at least 7 lots"), (0, "expected flat, shapes")])
def test_a_file_that_does_not_fit_says_so(
    npz: Path, tmp_path: Path, offset: int, match: str
) -> None:
    if offset == 0:
        npz = tmp_path / "other.npz"
        np.savez(npz, flat=np.zeros(1))
    with pytest.raises(OSError, match=match):
        Replay(npz, offset)


def test_codes_of_another_type_are_refused(npz: Path, tmp_path: Path) -> None:
    with np.load(npz) as arrays:
        np.savez(tmp_path / "f.npz", **{**arrays, "flat": arrays["flat"].astype(np.float32)})
    with pytest.raises(OSError, match="uint8"):
        Replay(tmp_path / "f.npz").wafer(0)


@pytest.mark.parametrize("kind", ["empty", "text", "one array", "cut off"])
def test_a_file_that_is_no_npz_ended_in_a_traceback(npz: Path, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bad.npz"
    array = tmp_path / "one.npy"
    np.save(array, np.zeros(3))
    contents = {
        "empty": b"",
        "text": b"no npz",
        "one array": array.read_bytes(),
        "cut off": npz.read_bytes()[:-100],
    }
    path.write_bytes(contents[kind])
    with pytest.raises(OSError, match=r"bad\.npz: expected flat, shapes"):
        Replay(path)
