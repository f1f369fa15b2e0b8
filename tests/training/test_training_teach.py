from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from generated_wafers import CLASSES, pack

from fabwafer.bundle import MODEL
from fabwafer.errors import ContractError
from training.data.lots import Split, split_of
from training.data.maps import eight_views
from training.data.unlabelled import for_training, read_unlabelled
from training.data.wafers import WaferSet, splits
from training.network.lessons import read_soft
from training.network.model import Architecture
from training.network.run import load, new_run, save
from training.network.teachers import mean_opinions, read_teachers
from training.network.teaching import teach
from training.teach import main
from training.worth.sessions import classify, open_model

CPU = torch.device("cpu")
TRAIN_LOTS = [lot for lot in range(1000, 1200) if split_of(lot) is Split.TRAIN]
TEST_LOTS = [lot for lot in range(1000, 1200) if split_of(lot) is Split.TEST]


def some_map(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 3, (9, 11), dtype=np.uint8)


def test_packed_maps_are_read_back(tmp_path: Path) -> None:
    drawn = [some_map(seed) for seed in range(5)] + [some_map(9)[:4]]
    maps, map_ids, lots = read_unlabelled(pack(tmp_path / "u.npz", drawn, TRAIN_LOTS[:6]))
    assert all(np.array_equal(maps[n], wafer) for n, wafer in enumerate(drawn))
    assert map_ids.tolist() == list(range(6))
    assert lots.tolist() == TRAIN_LOTS[:6]


@pytest.mark.parametrize(
    "name, spoil",
    [
        ("template_shapes", lambda values: values[0]),
        ("template_shapes", lambda values: values * 0),
        ("template_bits", lambda values: values[:-1]),
        ("template_bits", lambda values: values.astype(np.int64)),
        ("template_id", lambda values: values + 1),
        ("fail_bits", lambda values: np.append(values, values[:1])),
        ("map_id", lambda values: values - 1),
        ("map_id", lambda values: values * 1.0),
        ("lot", lambda values: values[:-1]),
    ],
    ids=[
        "a row", "no size", "cut", "no bytes", "an unknown template", "too much", "below 0", "fractions", "too few"
    ],
)  # fmt: skip
def test_unlabelled_maps_whose_parts_contradict_each_other_are_refused(
    tmp_path: Path, name: str, spoil: Callable[[np.ndarray], np.ndarray]
) -> None:
    path = pack(tmp_path / "u.npz", [some_map(n) for n in range(4)], TRAIN_LOTS[:4])
    members = dict(np.load(path))
    np.savez(path, **members | {name: spoil(members[name])})
    with pytest.raises(ContractError, match=f"u.npz: {name}"):
        read_unlabelled(path)


def test_training_sees_each_form_once_and_none_of_the_held_out(
    tmp_path: Path, wafers: WaferSet
) -> None:
    held_out = some_map(1)
    drawn = [
        some_map(0),
        np.flipud(some_map(0)),  # the same form again
        held_out,  # shown by a test lot
        list(eight_views(held_out))[5],  # a copy of that in a training lot
        np.rot90(wafers.maps[int(splits(wafers)[Split.TEST][0])]),  # a copy of a labelled wafer
        some_map(2),
    ]
    lots = [*TRAIN_LOTS[:2], TEST_LOTS[0], *TRAIN_LOTS[2:5]]
    packed = read_unlabelled(pack(tmp_path / "u.npz", drawn, lots))
    assert for_training(*packed, wafers).tolist() == [0, 5]


def test_an_opinion_is_the_mean_of_teachers_who_look_at_sides_of_their_own(
    wafers: WaferSet, run_folder: Path, tmp_path: Path
) -> None:
    teacher = load(run_folder, CPU)
    torch.manual_seed(1)
    shape = replace(teacher.recipe.shape, side=17)
    save(new_run(replace(teacher.recipe, shape=shape), CPU), tmp_path)
    teachers = read_teachers([run_folder, tmp_path], CPU)
    indices = np.arange(4)
    alone = [each.opinions(wafers.maps, indices) for each in teachers]
    assert alone[0] != pytest.approx(alone[1], abs=1e-3)
    both = mean_opinions(teachers, wafers.maps, indices)
    assert both == pytest.approx((alone[0] + alone[1]) / 2, abs=1e-6)


def test_a_bundle_teaches_what_it_would_decide(bundle: Path, wafers: WaferSet) -> None:
    teachers = read_teachers([bundle], CPU)
    session = open_model(bundle / MODEL)
    assert teachers[0].opinions(wafers.maps, np.arange(3)) == pytest.approx(
        classify(session, [wafers.maps[n] for n in range(3)]), abs=1e-6
    )


def test_teachers_who_know_other_labels_are_refused(run_folder: Path, tmp_path: Path) -> None:
    other = load(run_folder, CPU)
    other.recipe = replace(other.recipe, labels=("none", "A", "B", "C"))
    save(other, tmp_path)
    with pytest.raises(ContractError, match="--teachers: expected .*as the first"):
        read_teachers([run_folder, tmp_path], CPU)


def test_soft_labels_are_written_for_maps_that_are_not_plainly_normal(
    wafers: WaferSet, run_folder: Path, tmp_path: Path
) -> None:
    train = splits(wafers)[Split.TRAIN]
    count = teach(
        read_teachers([run_folder], CPU), [(wafers.maps, train)], tmp_path / "soft.npz", 33, 0.6
    )
    soft = read_soft(tmp_path / "soft.npz", wafers.classes, (2, 33, 33))
    assert 0 < count < len(train)
    assert soft.planes.shape == (count, 2, 33, 33)
    assert soft.targets.sum(1) == pytest.approx(np.ones(count), abs=1e-5)
    assert [path.name for path in tmp_path.iterdir()] == ["soft.npz"]


def test_a_teacher_teaches_from_the_command_line(
    data: Path, run_folder: Path, tmp_path: Path
) -> None:
    unlabelled = pack(tmp_path / "u.npz", [some_map(n) for n in range(4)], TRAIN_LOTS[:4])
    out = tmp_path / "soft.npz"
    given = ["--teachers", str(run_folder), "--data", str(data), "--unlabelled", str(unlabelled)]
    assert main([*given, "--out", str(out)]) == 0
    side = Architecture().side
    assert len(read_soft(out, CLASSES, (2, side, side)).targets) > 0


def test_a_missing_teacher_is_reported(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--teachers", str(tmp_path), "--data", str(data), "--unlabelled", str(data)]
    assert main([*given, "--out", str(tmp_path / "soft.npz")]) == 1
    assert "a checkpoint of this version" in capsys.readouterr().err


def test_soft_labels_of_another_kind_are_refused(data: Path) -> None:
    with pytest.raises(ContractError, match="also planes, targets"):
        read_soft(data, CLASSES, (2, 33, 33))


def write_soft(path: Path, labels: list[str]) -> Path:
    targets = np.tile(np.float32([0.1, 0.2, 0.3, 0.4]), (5, 1))
    np.savez(path, planes=np.zeros((5, 2, 33, 33), np.uint8), targets=targets, labels=labels)
    return path


def test_soft_labels_in_another_order_were_taken_for_those_of_other_classes(tmp_path: Path) -> None:
    path = write_soft(tmp_path / "soft.npz", ["Loc", "none", "Center", "Edge-Ring"])
    soft = read_soft(path, ["none", "Center", "Edge-Ring", "Loc"], (2, 33, 33))
    assert soft.targets[0].tolist() == pytest.approx([0.2, 0.3, 0.4, 0.1])


@pytest.mark.parametrize("targets", [np.full((5, 4), "sure"), np.full((5, 4), np.nan)])
def test_soft_labels_that_are_no_probabilities_are_refused(
    tmp_path: Path, targets: np.ndarray
) -> None:
    path = write_soft(tmp_path / "soft.npz", list(CLASSES))
    np.savez(path, **dict(np.load(path)) | {"targets": targets})
    with pytest.raises(ContractError, match=r"soft\.npz: targets: expected f"):
        read_soft(path, CLASSES, (2, 33, 33))


@pytest.mark.parametrize(
    "labels, shape, field",
    [
        (["none", "Center", "Edge-Ring", "Donut"], (2, 33, 33), "labels"),
        (["none", "Center", "Edge-Ring"], (2, 33, 33), "labels"),
        (list(CLASSES), (2, 65, 65), "planes"),
    ],
    ids=["another label", "fewer labels", "another side"],
)
def test_soft_labels_that_do_not_fit_are_refused(
    tmp_path: Path, labels: list[str], shape: tuple[int, int, int], field: str
) -> None:
    path = write_soft(tmp_path / "soft.npz", list(CLASSES))
    with pytest.raises(ContractError, match=f"soft.npz: {field}"):
        read_soft(path, labels, shape)
