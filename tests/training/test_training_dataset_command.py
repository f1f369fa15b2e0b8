"""`python -m training.dataset`: any form in, one checked set and its description out."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generated_wafers import CLASSES, draw_wafer, write_set
from pickled_by_python2 import Text, frame

from edge_component.pictures import encode_dies
from edge_component.replay import Replay
from fabwafer.errors import ContractError
from training.data.collect import DESCRIPTION, WAFERS, collect
from training.data.lots import Split, split_of
from training.data.maps import Kind, eight_views
from training.data.npz import read_npz, write_npz
from training.data.sources import join, read_wafers
from training.data.wafers import WaferSet, splits
from training.dataset import main

TRAIN, TEST = (
    next(lot for lot in range(900, 999) if split_of(lot) is split)
    for split in (Split.TRAIN, Split.TEST)
)


def same(first: WaferSet, second: WaferSet) -> bool:
    return first.digest() == second.digest()


def as_manifest(wafers: WaferSet, folder: Path, **more: Any) -> Path:
    folder.mkdir(exist_ok=True)
    lines = []
    for n in range(len(wafers)):
        (folder / f"{n}.png").write_bytes(encode_dies(np.array(wafers.maps[n])))
        label = wafers.classes[wafers.labels[n]]
        lines.append({"image": f"{n}.png", "label": label, "lot": f"lot{wafers.lots[n]}"} | more)
    (folder / "labels.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in lines))
    return folder / "labels.jsonl"


def as_folder(wafers: WaferSet, folder: Path) -> Path:
    for n in range(len(wafers)):
        place = folder / wafers.classes[wafers.labels[n]] / f"lot{wafers.lots[n]}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{n:04}.png").write_bytes(encode_dies(np.array(wafers.maps[n])))
    return folder


def as_pickle(wafers: WaferSet, path: Path) -> Path:
    def objects(cells: list[Any]) -> np.ndarray:
        column = np.empty(len(cells), object)
        column[:] = cells
        return column

    columns = {
        "waferMap": objects([wafers.maps[n] for n in range(len(wafers))]),
        "lotName": objects([Text(f"lot{lot}") for lot in wafers.lots]),
        "failureType": objects([np.array([[wafers.classes[n]]]) for n in wafers.labels]),
    }
    path.write_bytes(frame(columns, "0.19"))
    return path


def first(wafers: WaferSet, count: int) -> WaferSet:
    maps = [wafers.maps[n] for n in range(count)]
    return replace(
        wafers,
        maps=type(wafers.maps).of(maps),
        labels=wafers.labels[:count],
        lots=wafers.lots[:count],
        rows=np.arange(count),
    )


def test_what_is_written_can_be_played_by_cameras(wafers: WaferSet, tmp_path: Path) -> None:
    write_npz(wafers, tmp_path / "x.npz")
    replay = Replay(tmp_path / "x.npz")
    played = [replay.wafer(index) for index in range(len(wafers))]
    assert {(each.lot, each.wafer) for each in played} == {
        (f"lot{lot}", number) for lot in range(50) for number in range(1, 13)
    }
    assert np.array_equal(played[0].dies, wafers.maps[0])
    assert played[0].truth == wafers.classes[wafers.labels[0]]


def test_every_form_gives_the_same_wafers(wafers: WaferSet, tmp_path: Path) -> None:
    some = first(wafers, 60)
    write_npz(some, tmp_path / "x.npz")
    assert same(read_wafers(tmp_path / "x.npz"), some)
    assert same(read_wafers(as_manifest(some, tmp_path / "m"), classes=CLASSES), some)
    folder = read_wafers(as_folder(some, tmp_path / "f"))
    assert sorted(folder.lots.tolist()) == sorted(some.lots.tolist())
    by_name = [folder.classes[label] for label in folder.labels]
    assert sorted(by_name) == sorted(some.classes[label] for label in some.labels)
    pickled = read_wafers(as_pickle(some, tmp_path / "x.pkl"))
    assert pickled.lots.tolist() == some.lots.tolist()
    assert np.array_equal(pickled.maps.flat, some.maps.flat)


def test_a_channel_with_one_data_file_stands_for_it(data: Path, wafers: WaferSet) -> None:
    assert same(read_wafers(data.parent), wafers)


def test_a_channel_with_two_data_files_is_refused(tmp_path: Path) -> None:
    for name in ("a.npz", "b.jsonl"):
        (tmp_path / name).touch()
    with pytest.raises(ContractError, match=r"--data: expected one data file in .*'a\.npz'"):
        read_wafers(tmp_path)


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").touch()
    with pytest.raises(ContractError, match=r"--data: expected a file \.npz, \.pkl, \.jsonl or"):
        read_wafers(tmp_path / "x.csv")


def test_pictures_of_another_kind_than_is_known_are_refused(data: Path) -> None:
    with pytest.raises(ContractError, match="expected pictures of colour, got 'dies'"):
        read_wafers(data, Kind.COLOUR)


def test_what_is_written_is_read_back(wafers: WaferSet, tmp_path: Path) -> None:
    told = replace(wafers, fixed={0: Split.TEST, 5: Split.TRAIN})
    write_npz(told, tmp_path / "x.npz")
    back = read_npz(tmp_path / "x.npz")
    assert same(back, told)
    assert back.fixed == told.fixed
    assert not same(back, wafers)
    assert [path.name for path in tmp_path.iterdir()] == ["x.npz"]


def test_the_command_writes_the_set_and_what_it_is(
    data: Path, wafers: WaferSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["--data", str(data), "--out", str(out)]) == 0
    described = json.loads((out / DESCRIPTION).read_text())
    assert json.loads(capsys.readouterr().out) == described
    assert sorted(path.name for path in out.iterdir()) == [DESCRIPTION, WAFERS]
    assert same(read_wafers(out), wafers)
    (source,) = described["sources"]
    assert source["sha256"] == hashlib.sha256(data.read_bytes()).hexdigest()
    assert (source["name"], source["form"], source["wafers"]) == ("wafers.npz", ".npz", 600)
    assert described["digest"] == wafers.digest()
    parts = splits(wafers)
    for split, indices in parts.items():
        part = described["parts"][split]
        assert part["wafers"] == len(indices) == sum(part["classes"].values())
    dropped = sum(part["dropped_as_duplicates"] for part in described["parts"].values())
    assert dropped == 600 - sum(map(len, parts.values())) > 0
    assert described["duplicates"]["copies"] >= 8


def test_the_module_is_the_command(data: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "training.dataset", "--data", data, "--out", tmp_path / "out"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / WAFERS).exists()


def test_reviewed_labels_are_joined_to_the_data_before(
    data: Path, wafers: WaferSet, tmp_path: Path
) -> None:
    new = write_set(tmp_path / "n.npz", [draw_wafer(np.random.default_rng(9), 3)], [3], [TRAIN])
    reviewed = as_manifest(read_npz(new), tmp_path / "reviewed")
    described = collect([data, reviewed], tmp_path / "out")
    joined = read_wafers(tmp_path / "out")
    assert len(joined) == len(wafers) + 1
    assert joined.classes == wafers.classes
    assert joined.lots[0] == TRAIN
    assert joined.rows.tolist() == list(range(601))
    assert [source["form"] for source in described["sources"]] == [".npz", ".jsonl"]


def test_what_was_left_out_before_sets_were_joined_was_forgotten(wafers: WaferSet) -> None:
    first = replace(wafers, left_out={"unlabelled": 3, "of other lots": 5})
    second = replace(wafers, left_out={"unlabelled": 4})
    joined = join([first, second], ["first", "second"])
    assert joined.left_out == {"unlabelled": 7, "of other lots": 5}


def test_the_newest_label_of_a_map_teaches(tmp_path: Path) -> None:
    shown = draw_wafer(np.random.default_rng(2), 3)
    before, after = (
        read_npz(write_set(tmp_path / f"{label}.npz", [view], [label], [TRAIN]))
        for label, view in ((1, shown), (3, np.rot90(shown)))
    )
    joined = join([before, after], ["before", "after"])
    (kept,) = splits(joined)[Split.TRAIN]
    assert joined.labels[kept] == 3


def test_conflicting_labels_of_equal_maps_are_counted(data: Path, tmp_path: Path) -> None:
    members = dict(np.load(data))
    members["labels"][100] = (members["labels"][0] + 1) % 4  # a turned copy of wafer 0
    np.savez(tmp_path / "x.npz", **members)
    duplicates = collect([tmp_path / "x.npz"], tmp_path / "out")["duplicates"]
    assert duplicates["forms_with_conflicting_labels"] == 1
    assert duplicates["wafers_with_conflicting_labels"] == 2


def test_of_equal_maps_with_other_labels_the_first_stays_in_train(tmp_path: Path) -> None:
    views = list(eight_views(draw_wafer(np.random.default_rng(2), 3)))
    path = write_set(tmp_path / "x.npz", views, [3, 1, 1, 1, 1, 1, 1, 1], [TRAIN] * 8)
    assert splits(read_npz(path))[Split.TRAIN].tolist() == [0]


@pytest.mark.parametrize(
    "change, message",
    [
        pytest.param(
            lambda wafers: replace(wafers, classes=(*wafers.classes[:3], "Comet")),
            r"labels\.jsonl:\d+: label: expected one of none, Center, Edge-Ring, Loc, got 'Comet'",
            id="unknown label",
        ),
        pytest.param(
            lambda wafers: replace(wafers, fixed={5: Split.TRAIN}),
            "lot: expected in (train|test) or in (train|test), not in both, got 5",
            id="lot in two splits",
        ),
    ],
)
def test_data_that_does_not_go_with_the_first_is_refused_and_nothing_written(
    wafers: WaferSet,
    tmp_path: Path,
    change: Callable[[WaferSet], WaferSet],
    message: str,
) -> None:
    told = tmp_path / "told.npz"
    write_npz(replace(wafers, fixed={5: Split.TEST}), told)
    later = change(first(wafers, 100))
    more = {"split": "train"} if later.fixed else {}
    second = as_manifest(later, tmp_path / "second", **more)
    with pytest.raises(ContractError, match=message):
        collect([told, second], tmp_path / "out")
    assert not list(tmp_path.glob("out*"))


def test_unknown_labels_of_an_npz_are_named(data: Path, wafers: WaferSet, tmp_path: Path) -> None:
    write_npz(replace(wafers, classes=("none", "Center", "Comet", "Loc")), tmp_path / "x.npz")
    with pytest.raises(ContractError, match=r"x\.npz: label: expected one of none, .* 'Comet'"):
        collect([data, tmp_path / "x.npz"], tmp_path / "out")


def test_a_class_without_training_wafers_is_refused(
    wafers: WaferSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_npz(replace(wafers, classes=(*CLASSES, "Donut")), tmp_path / "x.npz")
    assert main(["--data", str(tmp_path / "x.npz"), "--out", str(tmp_path / "out")]) == 1
    assert "wafers of every class in the training lots, got ['Donut']" in capsys.readouterr().err
    assert not list(tmp_path.glob("out*"))


def test_a_split_without_wafers_is_refused(tmp_path: Path) -> None:
    drawn = [draw_wafer(np.random.default_rng(n), n) for n in range(4)]
    path = write_set(tmp_path / "x.npz", drawn, [0, 1, 2, 3], [TRAIN] * 4)
    with pytest.raises(
        ContractError,
        match="lots of validation: expected wafers in every split that is used .*, got 0",
    ):
        collect([path], tmp_path / "out")


def test_an_earlier_set_is_not_overwritten(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="--out: expected a folder that does not exist yet"):
        collect([data], tmp_path)


def test_a_corrupt_source_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.npz").write_bytes(b"half an archive")
    assert main(["--data", str(tmp_path / "x.npz"), "--out", str(tmp_path / "out")]) == 1
    assert "x.npz: expected an npz of wafer maps" in capsys.readouterr().err


@pytest.mark.parametrize(
    "member, value, message",
    [
        ("fixed", np.full(600, 7), "fixed: expected for each wafer 0 to 4"),
        ("fixed", np.arange(600) % 2 + 1, "lot: expected in train or in validation, not in both"),
        ("kind", np.array("sound"), "kind: expected one of dies, grey, colour, got 'sound'"),
        ("kind", np.array("colour"), "flat: expected uint8"),
    ],
    ids=["split 7", "two splits", "sound", "no colour"],
)
def test_what_write_npz_adds_is_checked(
    data: Path, tmp_path: Path, member: str, value: np.ndarray, message: str
) -> None:
    np.savez(tmp_path / "x.npz", **(dict(np.load(data)) | {member: value}))
    with pytest.raises(ContractError, match=message):
        read_npz(tmp_path / "x.npz")
