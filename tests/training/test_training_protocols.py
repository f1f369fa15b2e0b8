import json
from pathlib import Path

import numpy as np
import pytest

from fabwafer.errors import ContractError
from training.curve.protocols import Protocol, read_published, shared_out
from training.data.lots import Split
from training.data.wafers import WaferSet
from training.protocols import main

TRAINING_LOTS = 30


@pytest.fixture(scope="module")
def published(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wafers, the first lots of them published as Training."""
    members = dict(np.load(data))
    path = tmp_path_factory.mktemp("published") / "wafers.npz"
    np.savez(path, **members, split=(members["lot"] >= TRAINING_LOTS).astype(np.uint8))
    return path


def test_the_published_parts_are_kept_and_share_no_lot(wafers: WaferSet, published: Path) -> None:
    parts = shared_out(Protocol.PUBLISHED, wafers, read_published(published))
    assert set(wafers.lots[parts[Split.TEST]].tolist()) == set(range(TRAINING_LOTS, 50))
    learned = np.concatenate((parts[Split.TRAIN], parts[Split.VALIDATION]))
    assert sorted(learned.tolist()) == np.flatnonzero(wafers.lots < TRAINING_LOTS).tolist()


def test_drawn_at_random_every_wafer_has_one_part_and_lots_are_on_both_sides(
    wafers: WaferSet, published: Path
) -> None:
    parts = shared_out(Protocol.RANDOM, wafers, read_published(published))
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(len(wafers)))
    train, test = (set(wafers.lots[parts[each]].tolist()) for each in (Split.TRAIN, Split.TEST))
    assert len(train & test) > 30


def test_a_file_that_does_not_tell_what_was_published_is_refused(data: Path) -> None:
    with pytest.raises(ContractError, match="split"):
        read_published(data)


def test_every_protocol_is_measured_once(published: Path, tmp_path: Path) -> None:
    given = ["--data", str(published), "--out", str(tmp_path / "runs"), "--steps", "3"]
    given += ["--json", str(tmp_path / "protocols.json"), "--cache", str(tmp_path)]
    assert main(given) == 0
    first = json.loads((tmp_path / "protocols.json").read_text())
    assert [row["protocol"] for row in first["protocols"]] == ["lots", "published", "random"]
    assert [row["lots_on_both_sides"] > 0 for row in first["protocols"]] == [False, False, True]
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("point.json")}
    assert main(given) == 0
    assert json.loads((tmp_path / "protocols.json").read_text()) == first
    assert {path: path.stat().st_mtime_ns for path in written} == written


def test_an_error_is_told(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--data", str(data), "--out", str(tmp_path), "--json", str(tmp_path / "x.json")]
    assert main(given) == 1
    assert "error: " in capsys.readouterr().err
