"""Files are written whole or not at all, and their places are known before the work begins."""

from pathlib import Path

import numpy as np
import pytest
from generated_wafers import TINY
from tiny_runs import CPU, options

from fabwafer.errors import ContractError
from training import evaluate, teach, train
from training.data.wafers import WaferSet
from training.data.whole import require_place, whole
from training.network.lessons import Lessons, read_lessons
from training.network.loop import train as train_run
from training.network.planes import cached_planes
from training.network.run import CHECKPOINT, METRICS, load, new_run, save
from training.network.start import start
from training.network.step import logits_of
from training.network.teachers import read_teachers
from training.network.teaching import teach as teach_maps


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_file_takes_its_place_when_it_is_whole(tmp_path: Path) -> None:
    with whole(tmp_path / "new" / "x.json") as unfinished:
        unfinished.write_text("figures")
        assert not (tmp_path / "new" / "x.json").exists()
    assert (tmp_path / "new" / "x.json").read_text() == "figures"
    assert names(tmp_path / "new") == ["x.json"]


def test_a_failure_leaves_the_file_before_and_nothing_beside(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("before")
    with pytest.raises(ValueError, match="full"), whole(tmp_path / "x") as unfinished:
        unfinished.write_text("half")
        raise ValueError("full")
    assert (tmp_path / "x").read_text() == "before"
    assert names(tmp_path) == ["x"]


def test_two_who_wrote_one_cache_at_once_took_each_others_half(tmp_path: Path) -> None:
    with whole(tmp_path / "x") as one, whole(tmp_path / "x") as other:
        one.write_text("one")
        other.write_text("other")
    assert (tmp_path / "x").read_text() == "one"
    assert names(tmp_path) == ["x"]


@pytest.mark.parametrize("place", ["file/x.json", "folder"])
def test_a_place_that_no_file_can_have_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ContractError, match="--json: expected a"):
        require_place("--json", tmp_path / place)


def test_predictions_are_written_into_a_folder_that_was_not_there(
    bundle: Path, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "preds.csv"
    given = ["--bundle", str(bundle), "--data", str(data), "--split", "validation"]
    assert evaluate.main([*given, "--predictions", str(out)]) == 0
    assert out.read_text().startswith("row,prediction,probability,accepted,p_none")
    assert names(out.parent) == ["preds.csv"]


def test_a_run_in_the_place_of_a_file_was_lost_after_its_first_epoch(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").write_text("notes")
    assert train.main(options(data, tmp_path / "run")) == 1
    assert "--out: expected a place for a file" in capsys.readouterr().err
    assert (tmp_path / "run").read_text() == "notes"


def test_a_lesson_that_has_no_place_is_refused_before_the_teachers_look(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--teachers", str(tmp_path / "none"), "--data", str(data), "--unlabelled", str(data)]
    assert teach.main([*given, "--out", str(tmp_path)]) == 1
    assert "--out: expected a file in a folder" in capsys.readouterr().err


def test_a_source_in_which_all_is_plainly_normal_ended_teaching(
    wafers: WaferSet, run_folder: Path, tmp_path: Path
) -> None:
    teachers = read_teachers([run_folder], CPU)
    sources = [(wafers.maps, np.arange(9)), (wafers.maps, np.arange(0))]
    assert teach_maps(teachers, sources, tmp_path / "soft.npz", 25, plainly_normal=0.0) == 0
    assert teach_maps(teachers, sources, tmp_path / "soft.npz", 25, plainly_normal=1.1) == 9


def test_a_process_without_a_wafer_to_validate_ended_all_of_them() -> None:
    network = new_run(TINY, CPU).averaged
    planes = np.zeros((0, 2, 25, 25), np.uint8)
    assert logits_of(network, planes, np.arange(0)).shape == (0, 9)


@pytest.fixture(scope="module")
def lessons(wafers: WaferSet, tmp_path_factory: pytest.TempPathFactory) -> Lessons:
    return read_lessons(wafers, "none", TINY.shape.side, None, tmp_path_factory.mktemp("cache"))


def test_a_kill_before_the_last_figures_left_them_an_epoch_short_for_ever(
    wafers: WaferSet, lessons: Lessons, run_folder: Path
) -> None:
    told = (run_folder / METRICS).read_text()
    (run_folder / METRICS).unlink()
    run = start(load(run_folder, CPU).recipe, wafers, run_folder, resume=True)
    assert train_run(run, lessons, run_folder) == 0
    assert (run_folder / METRICS).read_text() == told


def test_the_same_state_is_the_same_checkpoint_whatever_it_was_called_meanwhile(
    run_folder: Path, tmp_path: Path
) -> None:
    for name in "ab":
        save(load(run_folder, CPU), tmp_path / name)
    first, second = ((tmp_path / name / CHECKPOINT).read_bytes() for name in "ab")
    assert first == second


@pytest.mark.parametrize("content", [b"", b"no array", None], ids=["empty", "text", "cut"])
def test_planes_that_cannot_be_read_are_made_again(
    wafers: WaferSet, tmp_path: Path, content: bytes | None
) -> None:
    made = np.array(cached_planes(wafers, 9, tmp_path))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:5000] if content is None else content)
    assert np.array_equal(cached_planes(wafers, 9, tmp_path), made)
    assert names(tmp_path) == [path.name]
