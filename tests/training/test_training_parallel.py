import json
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import two_processes
from tiny_runs import CPU, EPOCHS, one_thread, options, wait_for
from torch.nn.functional import cross_entropy

from fabwafer.errors import ContractError
from training.network.lessons import Draw
from training.network.run import CHECKPOINT, load
from training.network.together import join
from training.train import main

pytestmark = pytest.mark.timeout(400)  # torch is imported by three processes at each torchrun


def torchrun(*program: str) -> list[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node=2", f"--master-port={port}"]
    return [sys.executable, *launcher, *program]


def run_two(*program: str) -> None:
    command = torchrun(*program)
    done = subprocess.run(command, env=one_thread(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    folder = tmp_path_factory.mktemp("both")
    run_two(two_processes.__file__, str(folder))
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in (0, 1)]


def test_two_processes_come_to_the_loss_and_gradient_of_one(both: list[dict]) -> None:
    network, images, targets = two_processes.a_batch()
    loss = cross_entropy(network(images), targets)
    loss.backward()
    for each in both:
        assert each["loss"] == pytest.approx(float(loss.detach()))
        assert torch.allclose(torch.tensor(each["gradient"]), network.weight.grad)


def test_two_processes_share_a_batch_out(both: list[dict]) -> None:
    shares = [each["wafers"] for each in both]
    assert sorted(shares[0] + shares[1]) == list(range(7))
    assert {len(share) for share in shares} == {3, 4}


def test_two_processes_agree(both: list[dict]) -> None:
    for each in both:
        assert each["statistics"] == [0.5, 0.5]
        assert each["sum"] == [2, 1]
        assert each["highest"] == 15
        assert each["state"] == {"from": 0}


def test_what_one_process_keeps_on_disk_the_other_finds(both: list[dict]) -> None:
    assert [each["present"] for each in both] == [[], ["seen0"]]


def test_a_run_goes_on_with_another_number_of_processes(data: Path, tmp_path: Path) -> None:
    assert main(options(data, tmp_path / "alone")) == 0
    told = options(data, tmp_path / "run", "--minutes=0")
    assert main(told) == 0
    run_two("-m", "training.train", *told, "--resume")
    assert load(tmp_path / "run", CPU).epoch == 2
    assert main([*told, "--resume"]) == 0
    alone, run = (load(tmp_path / name, CPU).history for name in ("alone", "run"))
    assert [row.epoch for row in run] == list(range(1, EPOCHS + 1))
    assert [row.loss for row in run] == pytest.approx([row.loss for row in alone], rel=0.2)
    assert run[0].loss == alone[0].loss
    assert run[1].loss != alone[1].loss


@pytest.mark.long
def test_a_signal_stops_both_processes_at_the_same_batch(data: Path, tmp_path: Path) -> None:
    told = options(data, tmp_path / "run")
    with subprocess.Popen(torchrun("-m", "training.train", *told), env=one_thread()) as program:
        wait_for(tmp_path / "run" / CHECKPOINT, program)
        program.terminate()
        program.wait(timeout=100)
    stopped = load(tmp_path / "run", CPU)
    assert 0 < stopped.epoch < EPOCHS
    assert stopped.part.losses
    assert main([*told, "--resume"]) == 0


def test_more_processes_than_wafers_in_a_batch_are_refused() -> None:
    draw = Draw(np.arange(2), np.arange(0), torch.zeros(4))
    with pytest.raises(ContractError, match="--batch: expected a wafer for each of 3 processes"):
        draw.share(0, 3)


def test_variables_that_are_not_torchruns_are_refused() -> None:
    with pytest.raises(ContractError, match="WORLD_SIZE"), join({"WORLD_SIZE": "two"}):
        pass
