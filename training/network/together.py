"""The processes that train one run together, as torchrun starts them; one alone is the common case.

    torchrun --nproc-per-node 2 -m training.train --data ... --out ...

Each takes its share of every batch, so that the batch stays what the recipe says. Gradients are averaged by
`DistributedDataParallel`. Batches are normalised by the share that a process sees; the running statistics are
averaged over all processes after every step, since those of one process alone would know only its wafers. After
a step all processes hold the same state: a checkpoint knows nothing of their number.
"""

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from fabwafer.errors import ContractError
from training.data.maps import Ints
from training.network.run import State

_PATIENCE = timedelta(hours=1)
"""The first process of a machine prepares the planes while the others wait."""


@dataclass(frozen=True)
class Together:
    """One of `size` processes; what it does with the others is nothing where it is alone."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def leads(self) -> bool:
        """Tell whether this is the one that writes and speaks."""
        return self.rank == 0

    @property
    def device(self) -> torch.device:
        """Return where this process computes."""
        if torch.cuda.is_available():
            return torch.device("cuda", self.local_rank)
        return torch.device("cpu")

    def wrap(self, network: nn.Module) -> nn.Module:
        """Return the network so that backward averages the gradients."""
        return network if self.size == 1 else DistributedDataParallel(network)

    def level(self, network: nn.Module) -> None:
        """Average the running statistics."""
        statistics = [each for each in network.buffers() if each.is_floating_point()]
        if self.size == 1 or not statistics:
            return
        mean = self.mean(torch.cat([each.flatten() for each in statistics]))
        parts = torch.split(mean, [each.numel() for each in statistics])
        for each, values in zip(statistics, parts, strict=True):
            each.copy_(values.view_as(each))

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean over the processes."""
        if self.size > 1:
            distributed.all_reduce(values)
        return values / self.size

    def sum(self, counts: Ints) -> Ints:
        """Return the sum over the processes."""
        if self.size == 1:
            return counts
        total = torch.from_numpy(counts).to(self.device)
        distributed.all_reduce(total)
        summed: Ints = total.cpu().numpy()
        return summed

    def highest(self, number: int) -> int:
        """Return the highest of the processes' numbers: all of them get the same."""
        if self.size == 1:
            return number
        numbers = torch.tensor([number], device=self.device)
        distributed.all_reduce(numbers, distributed.ReduceOp.MAX)
        return int(numbers)

    def same(self, state: State | None) -> State | None:
        """Return the state that the leading process gives."""
        if self.size == 1:
            return state
        states = [state]
        distributed.broadcast_object_list(states, device=self.device)
        return states[0]

    @contextmanager
    def one_by_one(self) -> Iterator[None]:
        """Let the first process of each machine do it before the others: what it keeps on disk, they find."""
        if self.size > 1 and self.local_rank:
            distributed.barrier()
        yield
        if self.size > 1 and not self.local_rank:
            distributed.barrier()


@contextmanager
def join(environment: Mapping[str, str] = os.environ) -> Iterator[Together]:
    """Join the processes that torchrun's variables tell of, until the end of the block.

    Raises:
        ContractError: If the variables are none of torchrun's.
    """
    together = _member(environment)
    if together.size == 1:
        yield together
        return
    if together.device.type == "cuda":
        torch.cuda.set_device(together.device)
    backend = "nccl" if together.device.type == "cuda" else "gloo"
    distributed.init_process_group(backend, timeout=_PATIENCE)
    try:
        yield together
    finally:
        # DistributedDataParallel is in cycles that hold the group; what outlives it until exit may abort there.
        gc.collect()
        distributed.destroy_process_group()


def _member(environment: Mapping[str, str]) -> Together:
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
    values = [environment.get(name, default) for name, default in zip(names, "010", strict=True)]
    if not all(value.isdecimal() for value in values):
        raise ContractError(", ".join(names), values, "whole numbers, as torchrun sets them")
    return Together(*map(int, values))
