import os
import signal
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from generated_wafers import TINY
from tiny_runs import CPU, EPOCHS, TRAIN, one_thread, options, same_outcome, wait_for

from fabwafer.errors import ContractError
from training.data.wafers import WaferSet
from training.network.lessons import Batch, Draw, Lessons, read_lessons
from training.network.loop import train
from training.network.run import CHECKPOINT, load
from training.network.start import start
from training.train import main


@pytest.fixture(scope="module")
def straight(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("straight") / "run"
    assert main(options(data, folder)) == 0
    return folder


@pytest.mark.timeout(300)
def test_a_run_killed_in_an_epoch_ends_bit_for_bit_alike(
    data: Path, straight: Path, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [*TRAIN, *options(data, tmp_path / "run")], env=one_thread(), stdout=subprocess.PIPE
    ) as program:
        wait_for(tmp_path / "run" / CHECKPOINT, program)
        program.kill()
    assert 0 < load(tmp_path / "run", CPU).epoch < EPOCHS
    assert main(options(data, tmp_path / "run", "--resume")) == 0
    assert same_outcome(tmp_path / "run", straight)


class SignalledLessons(Lessons):
    """Lessons in which a signal comes while a certain batch is made."""

    def batches(self, draws: Iterable[Draw], device: torch.device) -> Iterator[Batch]:
        for number, batch in enumerate(super().batches(draws, device)):
            if number == 4:
                os.kill(os.getpid(), signal.SIGTERM)
            yield batch


@pytest.fixture(scope="module")
def lessons(wafers: WaferSet, tmp_path_factory: pytest.TempPathFactory) -> Lessons:
    return read_lessons(wafers, "none", TINY.shape.side, None, tmp_path_factory.mktemp("cache"))


def test_a_signal_ends_the_batch_and_the_rest_comes_out_bit_for_bit_alike(
    wafers: WaferSet, lessons: Lessons, run_folder: Path, tmp_path: Path
) -> None:
    signalled = SignalledLessons(**vars(lessons))
    stopped = train(start(TINY, wafers, tmp_path, resume=False), signalled, tmp_path)
    assert stopped == signal.SIGTERM
    run = load(tmp_path, CPU)
    assert (run.epoch, len(run.part.losses)) == (0, 5)
    assert train(start(TINY, wafers, tmp_path, resume=True), lessons, tmp_path) == 0
    assert same_outcome(tmp_path, run_folder)


def test_after_training_signals_do_what_they_did_before(
    wafers: WaferSet, lessons: Lessons, tmp_path: Path
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    train(start(replace(TINY, epochs=1), wafers, tmp_path, resume=False), lessons, tmp_path)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_loss_that_is_no_number_ends_the_run_and_keeps_its_last_checkpoint(
    wafers: WaferSet, lessons: Lessons, tmp_path: Path
) -> None:
    run = start(TINY, wafers, tmp_path, resume=False)
    train(run, lessons, tmp_path, minutes=0)
    kept = (tmp_path / CHECKPOINT).read_bytes()
    with torch.no_grad():
        run.network.head.bias[0] = torch.nan
    with pytest.raises(ContractError, match="loss: expected a finite number in epoch 2"):
        train(run, lessons, tmp_path)
    assert (tmp_path / CHECKPOINT).read_bytes() == kept


def test_what_a_resumed_run_is_not_told_is_as_it_began(data: Path, tmp_path: Path) -> None:
    assert main(options(data, tmp_path / "run", "--rate=0.001", "--minutes=0")) == 0
    again = [f"--data={data}", f"--out={tmp_path / 'run'}", "--resume", "--minutes=0"]
    assert main([*again, f"--cache={data.parent / 'cache'}"]) == 0
    run = load(tmp_path / "run", CPU)
    assert (run.epoch, run.recipe.epochs, run.recipe.learning_rate) == (2, EPOCHS, 0.001)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ("--rate=0.5", "--rate: expected what the run began with, 0.002, got 0.5"),
        ("--widths=64,64,64", "--widths: expected what the run began with, (32, 32, 32)"),
        ("--normal=Loc", "--normal: expected what the run began with, 'none'"),
    ],
    ids=["rate", "shape", "normal"],
)
def test_a_resumed_run_takes_no_other_recipe(
    data: Path, straight: Path, capsys: pytest.CaptureFixture[str], told: str, message: str
) -> None:
    assert main(options(data, straight, "--resume", told)) == 1
    assert message in capsys.readouterr().err


def test_a_run_records_what_it_began_from_and_goes_on_with_nothing_else(
    data: Path, straight: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = options(data, tmp_path / "run", "--minutes=0")
    assert main([*begun, f"--begin-from={straight}"]) == 0
    recipe = load(tmp_path / "run", CPU).recipe
    assert recipe.begin_from_run == "run"
    assert len(recipe.begin_from) == 64
    assert main([*begun, "--resume", f"--begin-from={tmp_path / 'run'}"]) == 1
    assert f"--begin-from: expected what the run began with, '{recipe.begin_from}'" in (
        capsys.readouterr().err
    )
    assert main([*begun, "--resume", f"--begin-from={straight}"]) == 0
    assert main([*begun, "--resume"]) == 0


def test_a_checkpoint_from_before_parts_and_sources_is_still_read(
    straight: Path, tmp_path: Path
) -> None:
    state = torch.load(straight / CHECKPOINT, weights_only=True)
    del state["part"]
    for name in ("begin_from", "begin_from_run"):
        del state["recipe"][name]
    old = ("epoch", "loss", "validation_macro_f1", "minutes")
    state["history"] = [{name: row[name] for name in old} for row in state["history"]]
    torch.save(state, tmp_path / CHECKPOINT)
    assert load(tmp_path, CPU).epoch == EPOCHS
    assert load(tmp_path, CPU).recipe.begin_from == ""
