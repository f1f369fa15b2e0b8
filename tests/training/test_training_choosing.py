import json
from pathlib import Path

import numpy as np
import pytest
from generated_wafers import CLASSES
from reviewed_wafers import write_reviewed

from fabwafer.errors import ContractError
from training.data.choosing import Choice, share_of_lots, without
from training.data.collect import DESCRIPTION, collect
from training.data.lots import Split
from training.data.sources import read_wafers
from training.data.wafers import WaferSet, splits
from training.dataset import main

LOC = CLASSES.index("Loc")


def test_without_a_label_neither_its_wafers_nor_its_name_are_left(wafers: WaferSet) -> None:
    rest = without(wafers, ["Center"])
    assert rest.classes == ("none", "Edge-Ring", "Loc")
    assert len(rest) == (wafers.labels != 1).sum()
    assert sum(rest.left_out.values()) == (wafers.labels == 1).sum()
    kept = np.flatnonzero(wafers.labels != 1)
    assert [rest.classes[n] for n in rest.labels] == [
        wafers.classes[n] for n in wafers.labels[kept]
    ]
    assert all(np.array_equal(rest.maps[n], wafers.maps[int(at)]) for n, at in enumerate(kept[:9]))


def test_a_label_that_is_none_cannot_be_left_out(wafers: WaferSet) -> None:
    with pytest.raises(ContractError, match="--without: expected one of none, Center"):
        without(wafers, ["Donut"])


def test_a_share_of_lots_takes_whole_training_lots_and_leaves_the_others(wafers: WaferSet) -> None:
    some = share_of_lots(wafers, 0.5)
    kept = set(some.lots.tolist())
    assert kept < set(wafers.lots.tolist())
    others = {lot for lot in wafers.lots.tolist() if wafers.split_of(lot) is not Split.TRAIN}
    assert others < kept
    assert len(some) == np.isin(wafers.lots, list(kept)).sum()
    assert set(share_of_lots(wafers, 0.7).lots.tolist()) >= kept


@pytest.mark.parametrize("share", [0, -1, 1.5])
def test_a_share_that_is_none_is_refused(wafers: WaferSet, share: float) -> None:
    with pytest.raises(ContractError, match="--lots: expected a share"):
        share_of_lots(wafers, share)


def test_reviewed_wafers_bring_a_label_that_the_data_lacked(data: Path, tmp_path: Path) -> None:
    manifest, pictures = write_reviewed(tmp_path / "reviewed", [LOC] * 40 + [0] * 20)
    choice = Choice(without=("Loc",), reviewed=manifest, pictures=pictures)
    described = collect([data], tmp_path / "out", choice)
    wafers = read_wafers(tmp_path / "out")
    assert wafers.classes == ("none", "Center", "Edge-Ring", "Loc")
    assert (wafers.labels == 3).sum() == 40
    assert set(wafers.lots[wafers.labels == 3].tolist()) == set(range(900, 910))
    assert [source.get("reviewed", False) for source in described["sources"]] == [False, True]


def test_a_new_label_with_too_few_wafers_in_training_lots_waits(data: Path, tmp_path: Path) -> None:
    manifest, pictures = write_reviewed(tmp_path / "reviewed", [LOC] * 8 + [0] * 20)
    choice = Choice(without=("Loc",), reviewed=manifest, pictures=pictures)
    described = collect([data], tmp_path / "out", choice)
    assert "Loc" not in described["classes"]
    assert described["left_out"]["too few to learn: Loc"] == 8


def test_a_known_label_needs_no_number_of_reviewed_wafers(data: Path, tmp_path: Path) -> None:
    manifest, pictures = write_reviewed(tmp_path / "reviewed", [LOC])
    collect([data], tmp_path / "out", Choice(reviewed=manifest, pictures=pictures))
    wafers = read_wafers(tmp_path / "out")
    assert 900 in wafers.lots[wafers.labels == LOC]


def test_a_reviewed_wafer_falls_on_the_side_of_its_lot(data: Path, tmp_path: Path) -> None:
    manifest, pictures = write_reviewed(tmp_path / "reviewed", [1] * 160)
    collect([data], tmp_path / "out", Choice(reviewed=manifest, pictures=pictures))
    wafers = read_wafers(tmp_path / "out")
    parts = splits(wafers)
    for split, indices in parts.items():
        assert {wafers.split_of(int(lot)) for lot in wafers.lots[indices]} == {split}
    assert (wafers.lots[parts[Split.TEST]] >= 900).any()


def test_what_is_no_manifest_cannot_be_reviewed_wafers(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="--reviewed: expected a manifest"):
        collect([data], tmp_path / "out", Choice(reviewed=data))


def test_the_command_keeps_what_is_there_when_told_so(data: Path, tmp_path: Path) -> None:
    told = ["--data", str(data), "--out", str(tmp_path / "out"), "--lots", "0.8", "--keep"]
    assert main(told) == 0
    before = json.loads((tmp_path / "out" / DESCRIPTION).read_text())
    assert main([*told, "--without", "Loc"]) == 0
    assert json.loads((tmp_path / "out" / DESCRIPTION).read_text()) == before
    assert main(told[:-1]) == 1
