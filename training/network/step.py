"""A batch -> one step of the optimizer; planes -> a network's logits, in the same arithmetic."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from training.data.maps import Ints
from training.network.augment import augment
from training.network.interruption import Interruption
from training.network.lessons import Batch
from training.network.planes import to_input
from training.network.progress import Progress
from training.network.run import Recipe, Run
from training.network.together import Together


@dataclass(frozen=True)
class Session:
    """What a process brings to a run that it goes on with."""

    together: Together
    trainee: nn.Module
    interruption: Interruption
    progress: Progress


def rate_at(progress: float, recipe: Recipe) -> float:
    """Return the learning rate at `progress` epochs: linear warm-up, then half a cosine."""
    if progress < recipe.warm_up_epochs:
        return recipe.learning_rate * progress / recipe.warm_up_epochs
    left = (progress - recipe.warm_up_epochs) / max(recipe.epochs - recipe.warm_up_epochs, 1e-9)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * min(left, 1.0)))


def seed_of(*numbers: int) -> int:
    """Return a seed that differs in all bits for numbers that differ in one."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0])


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of every parameter."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def step(run: Run, session: Session, batch: Batch, weight: float) -> Tensor:
    """Make one step of the optimizer and of the average; returns the loss, times what the share weighs."""
    batch = batch.to(run.device)
    images = augment(batch.images).contiguous(memory_format=torch.channels_last)
    with autocast(run.device):
        logits = session.trainee(images)
    loss = F.cross_entropy(logits.float() + batch.shifts, batch.targets) * weight
    run.optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(run.network.parameters(), 1.0)
    run.optimizer.step()
    session.together.level(run.network)
    run.average.update_parameters(run.network)
    return loss.detach()


def autocast(device: torch.device) -> torch.autocast:
    """Compute in bfloat16 where it is faster: GPUs from Ampere on, processors with AVX512-BF16."""
    if device.type == "cuda":
        able = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        able = bool(torch.cpu.get_capabilities().get("avx512_bf16", False))
    return torch.autocast(device.type, torch.bfloat16, enabled=able)


@torch.inference_mode()
def logits_of(
    network: nn.Module, planes: npt.NDArray[np.uint8], indices: Ints, batch: int = 512
) -> npt.NDArray[np.float32]:
    """Return logits (wafers, classes) of the wafers at `indices`."""
    device = next(network.parameters()).device
    network.eval()
    parts = []
    for start in range(0, len(indices) or 1, batch):  # one without a wafer still knows the classes
        images = to_input(planes[indices[start : start + batch]]).to(device)
        with autocast(device):
            parts.append(network(images.contiguous(memory_format=torch.channels_last)))
    logits: npt.NDArray[np.float32] = torch.cat(parts).float().cpu().numpy()
    return logits
