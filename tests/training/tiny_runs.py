"""A training that takes seconds: its command line, waiting for it, whether two came out the same."""

import os
import subprocess
import sys
import time
from pathlib import Path

import torch

from training.network.run import load

EPOCHS = 3
HYPERPARAMETERS = {
    "epochs": str(EPOCHS),
    "batch": "32",
    "side": "25",
    "widths": "32,32,32",
    "blocks": "1,1,1",
    "averaging": "0.8",
}
TRAIN = (sys.executable, "-m", "training.train")
CPU = torch.device("cpu")


def options(data: Path, folder: Path, *more: str) -> list[str]:
    told = [f"--{name}={value}" for name, value in HYPERPARAMETERS.items()]
    return [f"--data={data}", f"--out={folder}", f"--cache={data.parent / 'cache'}", *told, *more]


def one_thread() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1"}


def wait_for(path: Path, program: subprocess.Popen) -> None:
    until = time.monotonic() + 100
    while not path.exists():
        assert program.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)


def same_outcome(first: Path, second: Path) -> bool:
    one, other = load(first, CPU), load(second, CPU)
    weights, others = one.average.state_dict(), other.average.state_dict()
    return all(torch.equal(weights[name], others[name]) for name in others) and [
        (row.loss, row.validation_f1) for row in one.history
    ] == [(row.loss, row.validation_f1) for row in other.history]
