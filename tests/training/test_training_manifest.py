import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generated_wafers import CLASSES, draw_wafer

from edge_component.pictures import encode_dies
from fabwafer.errors import ContractError
from training.data.lots import Split, lot_number
from training.data.manifest import read_folder, read_manifest
from training.data.wafers import splits

LABELS = ("none", "Center", "Loc")


def wafer(number: int) -> np.ndarray:
    return draw_wafer(np.random.default_rng(number), number % 3)


def manifest(folder: Path, lines: list[dict[str, Any] | str]) -> Path:
    """Write pictures 0.png, 1.png ... and a manifest of these lines."""
    for number in range(len(lines)):
        (folder / f"{number}.png").write_bytes(encode_dies(wafer(number)))
    path = folder / "labels.jsonl"
    path.write_text("".join(f"{x if isinstance(x, str) else json.dumps(x)}\n" for x in lines))
    return path


def line(number: int, **fields: Any) -> dict[str, Any]:
    return {"image": f"{number}.png", "label": LABELS[number % 3], "lot": f"lot{number}"} | fields


def test_reviewed_labels_are_read(tmp_path: Path) -> None:
    wafers = read_manifest(manifest(tmp_path, [line(n) for n in range(3)]))
    assert [wafers.classes[label] for label in wafers.labels] == list(LABELS)
    assert wafers.lots.tolist() == [0, 1, 2]
    assert wafers.rows.tolist() == [1, 2, 3]
    assert wafers.maps[2].tolist() == wafer(2).tolist()


def test_unknown_fields_and_empty_lines_do_no_harm(tmp_path: Path) -> None:
    path = manifest(tmp_path, [line(0, reviewers=["ann"], model="wafer-map@1"), "", line(2)])
    assert read_manifest(path).rows.tolist() == [1, 3]


def test_one_label_in_a_list_is_a_label(tmp_path: Path) -> None:
    path = manifest(tmp_path, [line(0, label=None, labels=["Loc"]), line(1, labels=["Center"])])
    wafers = read_manifest(path)
    assert [wafers.classes[label] for label in wafers.labels] == ["Loc", "Center"]


def test_wafers_of_several_labels_or_none_are_left_out_and_counted(tmp_path: Path) -> None:
    path = manifest(tmp_path, [line(0), line(1, labels=["Loc"]), line(2, label=None), line(3)])
    wafers = read_manifest(path)
    assert wafers.rows.tolist() == [1, 4]
    assert wafers.left_out == {"several labels": 1, "unlabelled": 1}


def test_known_labels_are_recognised_in_any_spelling(tmp_path: Path) -> None:
    path = manifest(tmp_path, [line(0, label="EDGE_RING"), line(1, label="loc")])
    wafers = read_manifest(path, classes=CLASSES)
    assert wafers.classes == CLASSES
    assert wafers.labels.tolist() == [2, 3]


@pytest.mark.parametrize(
    "fields, number",
    [
        ({"lot": "lot7"}, 7),
        ({"lot": 7}, 7),
        ({"lot": "7"}, 7),
        ({"lot": "A-17"}, lot_number("A-17")),
        ({"lot": None, "imgid": "w1"}, lot_number("w1")),
        ({"lot": None}, lot_number("0")),
    ],
    ids=["name", "number", "digits", "other name", "its own by imgid", "its own by file"],
)
def test_a_wafers_lot_has_a_number(tmp_path: Path, fields: dict[str, Any], number: int) -> None:
    assert read_manifest(manifest(tmp_path, [line(0, **fields)])).lots.tolist() == [number]


def test_other_lots_have_other_numbers_and_keep_them() -> None:
    assert lot_number("A-17") == 8369838868043500218
    assert len({lot_number(name) for name in ("A-17", "A-18", "a-17", "17")}) == 4


def test_the_hash_of_a_picture_is_checked(tmp_path: Path) -> None:
    digests = [hashlib.sha256(encode_dies(wafer(n))).hexdigest() for n in range(2)]
    lines = [line(n, sha256=digest) for n, digest in enumerate(digests)]
    assert len(read_manifest(manifest(tmp_path, lines))) == 2
    (tmp_path / "1.png").write_bytes(encode_dies(wafer(5)))
    with pytest.raises(ContractError, match=rf"1\.png: sha256: expected {digests[1]}"):
        read_manifest(tmp_path / "labels.jsonl")


def test_a_split_that_is_told_counts_for_the_whole_lot(tmp_path: Path) -> None:
    lines = [
        line(0, lot="lot1", split="test"),
        line(1, lot="lot1"),
        line(2, lot="lot2", split="train"),
    ]
    wafers = read_manifest(manifest(tmp_path, lines))
    parts = splits(wafers)
    assert parts[Split.TEST].tolist() == [0, 1]
    assert parts[Split.TRAIN].tolist() == [2]


def test_a_lot_that_is_told_two_splits_is_refused(tmp_path: Path) -> None:
    lines = [line(0, lot="lot1", split="test"), line(1, lot="lot1", split="train")]
    with pytest.raises(
        ContractError, match=r"labels\.jsonl: lot: expected in test or in train, not in both, got 1"
    ):
        read_manifest(manifest(tmp_path, lines))


@pytest.mark.parametrize(
    "bad, message",
    [
        ("{", ":2: line: expected .*JSON"),
        ("[1]", ":2: line: expected"),
        ({"label": "Loc"}, ":2: image: expected a value"),
        (line(1, image="s3://bucket/x.png"), ":2: image: expected"),
        (line(1, image=""), ":2: image: expected"),
        (line(1, image="gone.png"), r"gone\.png: expected a picture"),
        (line(1, label=3), ":2: label: expected a valid string"),
        (line(1, sha256="abc"), ":2: sha256: expected 64 hexadecimal digits"),
        (line(1, split="exam"), ":2: split: expected 'train', 'validation'"),
        (line(1, label="Comet"), ":2: label: expected one of none, Center.* got 'Comet'"),
    ],
    ids=["no JSON", "no object", "no image", "S3", "empty name", "absent", "number", "hash", "split", "label"],
)  # fmt: skip
def test_a_bad_line_is_named(tmp_path: Path, bad: dict[str, Any] | str, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        read_manifest(manifest(tmp_path, [line(0), bad]), classes=CLASSES)


def test_two_spellings_of_one_label_are_refused(tmp_path: Path) -> None:
    path = manifest(tmp_path, [line(0, label="Edge-Loc"), line(1, label="edge loc")])
    with pytest.raises(ContractError, match="labels that differ by more than case"):
        read_manifest(path)


def test_a_manifest_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="expected pictures with a label, got '1 entries'"):
        read_manifest(manifest(tmp_path, [line(0, label=None)]))


def test_an_absent_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"x\.jsonl: expected a manifest, got 'No such file"):
        read_manifest(tmp_path / "x.jsonl")


def folders(root: Path, names: list[str]) -> Path:
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(encode_dies(wafer(number)))
    return root


def test_a_folder_is_a_class(tmp_path: Path) -> None:
    root = folders(tmp_path, ["none/a.png", "none/b.PNG", "Loc/c.png"])
    (root / "none" / "notes.txt").write_text("kept by Ann")
    (root / ".cache").mkdir()
    wafers = read_folder(root)
    assert wafers.classes == ("Loc", "none")
    assert wafers.labels.tolist() == [0, 1, 1]
    assert wafers.maps[0].tolist() == wafer(2).tolist()


def test_pictures_in_a_folder_below_their_class_are_of_one_lot(tmp_path: Path) -> None:
    names = ["none/lot3/a.png", "none/lot3/b.png", "Loc/lot3/c.png", "Loc/d.png"]
    wafers = read_folder(folders(tmp_path, names))
    assert wafers.lots.tolist() == [lot_number("Loc/d"), 3, 3, 3]


def test_pictures_of_the_same_name_in_two_classes_were_one_lot(tmp_path: Path) -> None:
    wafers = read_folder(folders(tmp_path, ["bad/part1.png", "good/part1.png"]))
    assert len(set(wafers.lots.tolist())) == 2


def test_pictures_of_the_same_name_in_two_folders_of_a_manifest_were_one_lot(
    tmp_path: Path,
) -> None:
    root = folders(tmp_path, ["a/part1.png", "b/part1.png"])
    lines = [json.dumps({"image": f"{each}/part1.png", "label": each}) for each in "ab"]
    (root / "labels.jsonl").write_text("\n".join(lines))
    assert len(set(read_manifest(root / "labels.jsonl").lots.tolist())) == 2


@pytest.mark.parametrize(
    "names, message",
    [
        (["a.png"], "expected a folder for each class, got 'no folders'"),
        (["none/a.png", "Loc/b.txt"], r"Loc: expected pictures"),
    ],
    ids=["no folders", "empty class"],
)
def test_a_folder_without_classes_or_pictures_is_refused(
    tmp_path: Path, names: list[str], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        read_folder(folders(tmp_path, names))


def test_a_damaged_picture_is_refused_by_name(tmp_path: Path) -> None:
    root = folders(tmp_path, ["none/a.png", "Loc/b.png"])
    (root / "Loc" / "b.png").write_bytes(b"half a picture")
    with pytest.raises(ContractError, match=r"Loc/b\.png: expected a whole picture"):
        read_folder(root)
