"""Run by torchrun: what two processes make of one batch, as JSON of each into the folder named."""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from training.network.lessons import Draw
from training.network.together import Together, join


def a_batch() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    torch.manual_seed(5)
    return nn.Linear(3, 4), torch.randn(7, 3), torch.randint(4, (7,))


def work(together: Together) -> dict[str, object]:
    network, images, targets = a_batch()
    draw = Draw(np.arange(4), np.arange(4, 7), torch.zeros(4))
    share = draw.share(together.rank, together.size)
    mine = np.concatenate((share.hard, share.soft))
    weight = len(share) * together.size / len(draw)
    trainee = together.wrap(network)
    loss = cross_entropy(trainee(images[mine]), targets[mine]) * weight
    loss.backward()
    statistics = nn.BatchNorm1d(2)
    statistics.running_mean.fill_(together.rank)
    together.level(statistics)
    return {
        "wafers": mine.tolist(),
        "loss": float(together.mean(loss.detach().clone())),
        "gradient": network.weight.grad.tolist(),
        "statistics": statistics.running_mean.tolist(),
        "sum": together.sum(np.array([1, together.rank])).tolist(),
        "highest": together.highest(15 if together.rank else 0),
        "state": together.same({"from": together.rank} if together.leads else None),
    }


if __name__ == "__main__":
    with join() as joined:
        with joined.one_by_one():
            present = sorted(path.name for path in Path(sys.argv[1]).iterdir())
            (Path(sys.argv[1]) / f"seen{joined.rank}").touch()
        done = work(joined) | {"present": present}
        (Path(sys.argv[1]) / f"{joined.rank}.json").write_text(json.dumps(done))
