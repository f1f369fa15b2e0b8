"""Labelled wafers -> a run folder: `checkpoint.pt` after every epoch, `metrics.json` with every epoch's figures.

    python -m training.train --data ../shared/data/wm811k_labelled.npz --out .cache/runs/a
    python -m training.train --data ... --out .cache/runs/a --resume    # continues bit for bit
    torchrun --nproc-per-node 2 -m training.train --data ... --out ...  # the same in two processes

SIGTERM and Ctrl-C end it after the batch at hand, with a checkpoint of that batch; a kill costs what came after
the last epoch.
"""

import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from fabwafer.errors import ContractError, FabWaferError
from training import tracking
from training.augment import augment
from training.interruption import Interruption
from training.lessons import Batch, Draw, Lessons
from training.maps import Ints
from training.metrics import confusion, macro_f1, precision_recall_f1
from training.planes import to_input
from training.progress import Progress
from training.run import Epoch, Part, Recipe, Run, save
from training.start import prepare, read_arguments
from training.together import Together, join

SIGNALLED = 128
"""A process that a signal ended early leaves with this and the signal's number, as shells have it."""


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


def train(
    run: Run,
    lessons: Lessons,
    folder: Path,
    minutes: float = math.inf,
    together: Together | None = None,
) -> int:
    """Train until the recipe's last epoch, an epoch that ends after `minutes`, or a signal.

    Returns:
        The number of the signal, 0 if none came.

    Raises:
        ContractError: If the loss is no finite number any more; the last checkpoint stays.
    """
    together = together or Together()
    deadline = time.monotonic() + minutes * 60
    with Interruption() as interruption, tracking.track(run, folder, together.leads) as tracked:
        progress = Progress(run.recipe.epochs, together.leads)
        session = Session(together, together.wrap(run.network), interruption, progress)
        while run.epoch < run.recipe.epochs:
            train_epoch(run, lessons, session)
            if together.leads:
                save(run, folder)
                tracked.tell(run)
            signalled = together.highest(interruption.asked)
            if signalled or together.highest(int(time.monotonic() > deadline)):
                return signalled
    return 0


def train_epoch(run: Run, lessons: Lessons, session: Session) -> None:
    """Make the batches that the epoch at hand still lacks, or those before a signal; `run.part` counts them.

    Their randomness follows from the seed and the numbers of epoch, batch and process alone.
    """
    recipe, together, began = run.recipe, session.together, time.monotonic()
    draws = lessons.epoch(
        run.epoch, recipe.seed, recipe.batch, recipe.none_per_defect, recipe.defect_power
    )
    done = len(run.part.losses)
    shares = [draw.share(together.rank, together.size) for draw in draws]
    batches = lessons.batches(shares[done:], run.device)
    losses = []
    session.trainee.train()
    shown = session.progress.track(run.epoch, batches, len(draws), done)
    for number, batch in enumerate(shown, done):
        set_rate(run.optimizer, rate_at(run.epoch + number / len(draws), recipe))
        torch.manual_seed(seed_of(recipe.seed, run.epoch, number, together.rank))
        weight = len(shares[number]) * together.size / len(draws[number])
        losses.append(step(run, session, batch, weight))
        if together.highest(session.interruption.asked):
            break
    means = together.mean(torch.stack(losses)).tolist()
    if not np.isfinite(means).all():
        raise ContractError("loss", means[-1], f"a finite number in epoch {run.epoch + 1}")
    run.part = Part((*run.part.losses, *means), run.part.seconds + time.monotonic() - began)
    if len(run.part.losses) == len(draws):
        end_epoch(run, lessons, draws, together)


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
    for start in range(0, len(indices), batch):
        images = to_input(planes[indices[start : start + batch]]).to(device)
        with autocast(device):
            parts.append(network(images.contiguous(memory_format=torch.channels_last)))
    logits: npt.NDArray[np.float32] = torch.cat(parts).float().cpu().numpy()
    return logits


def end_epoch(run: Run, lessons: Lessons, draws: Sequence[Draw], together: Together) -> None:
    """Add the figures of a complete epoch to the history; each process validates on its share."""
    began = time.monotonic()
    share = slice(together.rank, None, together.size)
    predicted = logits_of(run.averaged, lessons.planes, lessons.held_out[share]).argmax(1)
    matrix = together.sum(confusion(lessons.held_out_labels[share], predicted, lessons.classes))
    f1 = precision_recall_f1(matrix)[2].tolist()
    seen = matrix.sum(1) > 0
    seconds = run.part.seconds + time.monotonic() - began
    row = Epoch(
        epoch=run.epoch + 1,
        loss=float(np.mean(run.part.losses)),
        validation_macro_f1=float(macro_f1(matrix)),
        minutes=(run.history[-1].minutes if run.history else 0) + seconds / 60,
        learning_rate=run.optimizer.param_groups[0]["lr"],
        wafers_per_s=sum(map(len, draws)) / run.part.seconds,
        validation_f1={run.recipe.labels[n]: f1[n] for n in np.flatnonzero(seen)},
    )
    run.history.append(row)
    run.part = Part()
    if together.leads:
        sys.stdout.write(f"{json.dumps(asdict(row))}\n")
        sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments and train."""
    given = read_arguments(__doc__, arguments)
    try:
        tracking.require_package()
        with join() as together:
            run, lessons = prepare(given, together)
            signalled = train(run, lessons, given.out, given.minutes, together)
    except FabWaferError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return SIGNALLED + signalled if signalled else 0


if __name__ == "__main__":
    sys.exit(main())
