import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from generated_wafers import CLASSES, TINY

from fabwafer.errors import ContractError
from training.data.lots import Split
from training.data.wafers import WaferSet, splits
from training.network.augment import augment
from training.network.lessons import Lessons, Soft, ahead, read_lessons
from training.network.loop import train
from training.network.model import Architecture
from training.network.planes import cached_planes, planes_of, to_input
from training.network.run import CHECKPOINT, METRICS, State, load
from training.network.start import begin_from, start
from training.network.step import rate_at
from training.train import main

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def lessons(wafers: WaferSet, tmp_path_factory: pytest.TempPathFactory) -> Lessons:
    return read_lessons(wafers, "none", TINY.shape.side, None, tmp_path_factory.mktemp("cache"))


def test_a_run_killed_and_resumed_ends_bit_for_bit_alike(
    wafers: WaferSet, lessons: Lessons, run_folder: Path, tmp_path: Path
) -> None:
    train(start(TINY, wafers, tmp_path, resume=False), lessons, tmp_path, minutes=0)
    assert load(tmp_path, CPU).epoch == 1
    train(start(TINY, wafers, tmp_path, resume=True), lessons, tmp_path, minutes=5)
    resumed, straight = load(tmp_path, CPU), load(run_folder, CPU)
    assert all(
        torch.equal(first, second)
        for first, second in zip(
            resumed.average.state_dict().values(),
            straight.average.state_dict().values(),
            strict=True,
        )
    )
    assert [row.loss for row in resumed.history] == [row.loss for row in straight.history]


def test_every_epoch_leaves_its_figures(run_folder: Path) -> None:
    history = json.loads((run_folder / METRICS).read_text())
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    assert history[-1]["loss"] < history[0]["loss"]
    assert history[-1]["minutes"] > history[0]["minutes"] > 0
    assert history[0]["learning_rate"] > history[-1]["learning_rate"] > 0
    assert history[0]["wafers_per_s"] > 0
    labels = history[-1]["validation_f1"]
    assert set(labels) == {"none", "Center", "Edge-Ring", "Loc"}
    assert history[-1]["validation_macro_f1"] == pytest.approx(np.mean(list(labels.values())))


def test_a_folder_with_a_run_is_not_overwritten(wafers: WaferSet, run_folder: Path) -> None:
    with pytest.raises(ContractError, match="a folder without a run, or --resume"):
        start(TINY, wafers, run_folder, resume=False)


def test_a_run_does_not_go_on_with_other_data(wafers: WaferSet, run_folder: Path) -> None:
    other = replace(wafers, labels=wafers.labels[::-1])
    with pytest.raises(ContractError, match="--data: expected what the run began with"):
        start(TINY, other, run_folder, resume=True)


def test_a_run_does_not_go_on_without_its_soft_labels(wafers: WaferSet, run_folder: Path) -> None:
    with pytest.raises(ContractError, match="--soft: expected what the run began with"):
        start(replace(TINY, soft="other"), wafers, run_folder, resume=True)


def test_data_without_the_normal_class_is_refused(wafers: WaferSet, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="normal: expected one of none, Center"):
        start(replace(TINY, normal="good"), wafers, tmp_path, resume=False)


def test_a_class_that_training_lots_lack_is_refused(wafers: WaferSet, tmp_path: Path) -> None:
    more = replace(wafers, classes=(*wafers.classes, "Donut"))
    with pytest.raises(ContractError, match="wafers of every class in the training lots"):
        read_lessons(more, "none", 24, None, tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint"], ids=["empty", "text"])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CHECKPOINT).write_bytes(content)
    with pytest.raises(ContractError, match="run: expected a checkpoint of this version"):
        load(tmp_path, CPU)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda _: torch.zeros(3), id="a tensor"),
        pytest.param(lambda _: [], id="a list"),
        pytest.param(lambda state: state | {"recipe": None}, id="no recipe"),
        pytest.param(lambda state: state | {"history": [{}]}, id="no epoch"),
        pytest.param(
            lambda state: (
                state
                | {"recipe": state["recipe"] | {"shape": state["recipe"]["shape"] | {"input": "x"}}}
            ),
            id="unknown pictures",
        ),
        pytest.param(
            lambda state: state | {"optimizer": state["optimizer"] | {"param_groups": []}},
            id="another optimizer",
        ),
    ],
)
def test_a_file_that_is_no_state_of_a_run_ended_in_a_trace(
    run_folder: Path, tmp_path: Path, spoil: Callable[[State], object]
) -> None:
    state = torch.load(run_folder / CHECKPOINT, weights_only=True)
    torch.save(spoil(state), tmp_path / CHECKPOINT)
    with pytest.raises(ContractError, match="run: expected a checkpoint of this version"):
        load(tmp_path, CPU)


def test_a_student_begins_with_the_averaged_weights(
    wafers: WaferSet, run_folder: Path, tmp_path: Path
) -> None:
    run = start(TINY, wafers, tmp_path, resume=False)
    begin_from(run, run_folder)
    expected = load(run_folder, CPU).averaged.head.weight
    assert torch.equal(run.network.head.weight, expected)
    assert torch.equal(run.averaged.head.weight, expected)


def test_a_class_that_the_other_run_does_not_know_begins_at_random(
    wafers: WaferSet, run_folder: Path, tmp_path: Path
) -> None:
    more = replace(wafers, classes=("Donut", *wafers.classes), labels=wafers.labels + 1)
    run = start(TINY, more, tmp_path, resume=False)
    before = run.network.head.weight[0].clone()
    begin_from(run, run_folder)
    other = load(run_folder, CPU).averaged
    assert torch.equal(run.network.head.weight[1:], other.head.weight)
    assert torch.equal(run.network.head.weight[0], before)
    assert torch.equal(run.averaged.stem.weight, other.stem.weight)


def test_a_student_of_another_shape_is_refused(
    wafers: WaferSet, run_folder: Path, tmp_path: Path
) -> None:
    run = start(replace(TINY, shape=Architecture(side=25)), wafers, tmp_path, resume=False)
    with pytest.raises(ContractError, match="--begin-from"):
        begin_from(run, run_folder)


def test_an_epoch_sees_every_defect_and_as_many_normal_wafers(lessons: Lessons) -> None:
    seen = np.concatenate([draw.hard for draw in lessons.epoch(0, 1, 32, 1.0)])
    defects = np.flatnonzero(lessons.labels != 0)
    assert set(defects) <= set(seen)
    assert len(seen) == 2 * len(defects)
    assert len(set(seen)) == len(seen)


def test_normal_logits_are_shifted_by_the_share_that_is_drawn(lessons: Lessons) -> None:
    defects = int((lessons.labels != 0).sum())
    normals = len(lessons.labels) - defects
    shift = lessons.batch(lessons.epoch(0, 1, 32, 0.5)[0]).shifts[0]
    assert shift[0] == pytest.approx(np.log(round(0.5 * defects) / normals))
    assert not shift[1:].any()


def test_rare_defects_come_more_often_at_the_same_number_of_wafers(lessons: Lessons) -> None:
    def drawn(power: float) -> np.ndarray:
        hard = np.concatenate([draw.hard for draw in lessons.epoch(0, 1, 32, 1.0, power)])
        return np.bincount(lessons.labels[hard], minlength=lessons.classes)

    there = np.bincount(lessons.labels)
    assert drawn(1.0)[1:].tolist() == there[1:].tolist()
    assert np.ptp(drawn(0.0)[1:]) <= 1
    assert drawn(0.0)[1:].sum() == pytest.approx(there[1:].sum(), abs=2)
    shift = lessons.epoch(0, 1, 32, 1.0, 0.0)[0].shift.numpy()
    assert shift == pytest.approx(np.log(drawn(0.0) / there), abs=1e-6)


def test_epochs_differ_and_repeat(lessons: Lessons) -> None:
    first, again, second = (lessons.epoch(n, 1, 32, 1.0)[0].hard for n in (0, 0, 1))
    assert first.tolist() == again.tolist()
    assert first.tolist() != second.tolist()


def test_soft_labels_come_between_the_hard_ones_unshifted(lessons: Lessons) -> None:
    soft = Soft(lessons.planes[:50], np.full((50, 4), 0.25, np.float32))
    taught = replace(lessons, soft=soft)
    draw = taught.epoch(0, 1, 32, 1.0)[0]
    batch = taught.batch(draw)
    assert len(draw.soft) > 0
    assert len(batch.images) == len(draw.hard) + len(draw.soft)
    assert (batch.targets[len(draw.hard) :] == 0.25).all()
    assert not batch.shifts[len(draw.hard) :].any()


def test_batches_made_ahead_are_the_same_in_the_same_order(lessons: Lessons) -> None:
    draws = lessons.epoch(0, 1, 32, 1.0)
    made = list(ahead(lessons.batches(draws, CPU)))
    assert len(made) == len(draws)
    for draw, batch in zip(draws, made, strict=True):
        assert torch.equal(batch.images, lessons.batch(draw).images)


def test_what_goes_wrong_in_a_batch_made_ahead_is_raised(lessons: Lessons) -> None:
    beyond = [replace(draw, hard=draw.hard + 10**6) for draw in lessons.epoch(0, 1, 32, 1.0)]
    with pytest.raises(IndexError):
        list(ahead(lessons.batches(beyond, CPU)))


def test_the_rate_warms_up_and_falls_to_nothing() -> None:
    rates = [rate_at(progress, replace(TINY, epochs=10)) for progress in (0, 0.5, 1, 5.5, 10)]
    peak = TINY.learning_rate
    assert rates == pytest.approx([0, peak / 2, peak, peak / 2, 0])


def test_augmentation_keeps_the_shares_and_the_wafer(wafers: WaferSet) -> None:
    torch.manual_seed(0)
    planes = to_input(planes_of(wafers.maps, np.arange(64), 24))
    seen = augment(planes)
    assert seen.shape == planes.shape
    assert seen.min() >= 0
    assert seen.max() <= 1 + 1e-6
    dies = seen[:, 0].mean((1, 2)) / planes[:, 0].mean((1, 2))
    assert dies.numpy() == pytest.approx(np.ones(64), abs=0.3)
    assert not torch.equal(seen, planes)


def test_planes_are_read_back_from_the_cache(wafers: WaferSet, tmp_path: Path) -> None:
    fresh = np.array(cached_planes(wafers, 16, tmp_path))
    files = [path.name for path in tmp_path.iterdir()]
    assert np.array_equal(cached_planes(wafers, 16, tmp_path), fresh)
    assert [path.name for path in tmp_path.iterdir()] == files
    assert len(files) == 1


def test_bad_data_ends_with_a_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path / "absent.npz"), "--out", str(tmp_path / "out")]) == 1
    assert "expected an npz of wafer maps" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (
            "--blocks=1,1",
            "--blocks: expected as many as there are widths (48, 96, 192), each at least 1, got (1, 1)",
        ),
        ("--blocks=1,0,1", "each at least 1, got (1, 0, 1)"),
        ("--epochs=0", "--epochs: expected a number above 0, got 0"),
        ("--rate=nan", "--rate: expected a number above 0, got nan"),
        ("--rate=inf", "--rate: expected a number above 0, got inf"),
        ("--dropout=2", "--dropout: expected 0 to 0.99, got 2.0"),
        ("--seed=-1", "--seed: expected 0 to 9223372036854775807, got -1"),
        ("--features=0", "--features: expected 1 to 4096, got 0"),
        ("--averaging=2", "--averaging: expected 0 to 0.999999, got 2.0"),
        ("--weight-decay=-1", "--weight-decay: expected 0 to 100, got -1.0"),
        ("--none-per-defect=nan", "--none-per-defect: expected 0 to 1000000, got nan"),
        ("--defect-power=nan", "--defect-power: expected 0 to 2, got nan"),
        ("--side=48", "--side: expected 8 n + 1, at least 9, got 48"),
        ("--side=1", "--side: expected 8 n + 1, at least 9, got 1"),
        (
            "--widths=48,100,192",
            "--widths: expected multiples of 16, at least 32 each, got (48, 100",
        ),
        ("--widths=16,32,64", "--widths: expected multiples of 16, at least 32 each, got (16, 32"),
    ],
    ids=lambda each: each.split(":")[0],
)
def test_a_recipe_that_cannot_be_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], told: str, message: str
) -> None:
    assert main(["--data", str(data), "--out", str(tmp_path / "out"), told]) == 1
    assert message in capsys.readouterr().err


def test_absent_soft_labels_end_with_a_message(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--data", str(data), "--out", str(tmp_path / "out"), "--soft", str(tmp_path / "no")]
    assert main(given) == 1
    assert "--soft: expected a readable file" in capsys.readouterr().err


def test_a_student_learns_from_the_command_line(
    data: Path, wafers: WaferSet, tmp_path: Path
) -> None:
    planes = planes_of(wafers.maps, np.arange(50), Architecture().side)
    targets = np.full((50, 4), 0.25, np.float32)
    np.savez(tmp_path / "soft.npz", planes=planes, targets=targets, labels=CLASSES)
    given = ["--data", str(data), "--out", str(tmp_path / "out"), "--cache", str(tmp_path)]
    taught = ["--soft", str(tmp_path / "soft.npz"), "--epochs", "2"]
    assert main([*given, *taught, "--minutes", "0"]) == 0
    assert load(tmp_path / "out", CPU).epoch == 1
    assert main([*given, *taught, "--resume"]) == 0
    assert load(tmp_path / "out", CPU).epoch == 2
    assert main([*given, "--resume"]) == 1


def test_validation_wafers_are_never_trained_on(wafers: WaferSet, lessons: Lessons) -> None:
    parts = splits(wafers)
    assert lessons.indices.tolist() == parts[Split.TRAIN].tolist()
    assert lessons.held_out.tolist() == parts[Split.VALIDATION].tolist()
