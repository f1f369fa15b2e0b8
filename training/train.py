"""Labelled wafers -> a run folder: `checkpoint.pt` after every epoch, `metrics.json` with every epoch's figures.

    python -m training.train --data ../shared/data/wm811k_labelled.npz --out .cache/runs/a
    python -m training.train --data ... --out .cache/runs/a --resume    # continues bit for bit

On SageMaker the same file runs with the defaults that the container's environment gives.
"""

import argparse
import hashlib
import json
import math
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812
from tqdm import tqdm  # type: ignore[import-untyped]

from fabwafer.errors import ContractError, FabWaferError
from fabwafer.labels import LabelSet
from training.augment import augment
from training.dataset import WaferSet, read_npz
from training.lessons import Batch, Lessons, read_lessons
from training.maps import Ints
from training.metrics import confusion, macro_f1
from training.planes import CACHE, to_input
from training.run import CHECKPOINT, Recipe, Run, load, new_run, save


def rate_at(progress: float, recipe: Recipe) -> float:
    """Return the learning rate at `progress` epochs: linear warm-up, then half a cosine."""
    if progress < recipe.warm_up_epochs:
        return recipe.learning_rate * progress / recipe.warm_up_epochs
    left = (progress - recipe.warm_up_epochs) / max(recipe.epochs - recipe.warm_up_epochs, 1e-9)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * min(left, 1.0)))


def train_epoch(run: Run, lessons: Lessons) -> float:
    """Make one epoch; returns the mean loss. Its randomness follows from the seed and its number alone."""
    recipe = run.recipe
    draws = lessons.epoch(run.epoch, recipe.seed, recipe.batch, recipe.none_per_defect)
    torch.manual_seed(recipe.seed * 100_003 + run.epoch)
    run.network.train()
    losses = []
    title = f"epoch {run.epoch + 1}/{recipe.epochs}"
    for number, draw in enumerate(tqdm(draws, desc=title, mininterval=10)):
        set_rate(run.optimizer, rate_at(run.epoch + number / len(draws), recipe))
        losses.append(step(run, lessons.batch(draw)))
    return float(np.mean(losses))


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of every parameter."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def step(run: Run, batch: Batch) -> float:
    """Make one step of the optimizer and of the average; returns the loss."""
    device = next(run.network.parameters()).device
    images = augment(batch.images.to(device)).contiguous(memory_format=torch.channels_last)
    with autocast(device):
        logits = run.network(images)
    loss = F.cross_entropy(logits.float() + batch.shifts.to(device), batch.targets.to(device))
    run.optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(run.network.parameters(), 1.0)
    run.optimizer.step()
    run.average.update_parameters(run.network)
    return float(loss.detach())


def autocast(device: torch.device) -> torch.autocast:
    """Compute in bfloat16 where it doubles the rate: a GPU, a processor with AVX512-BF16."""
    able = device.type == "cuda" or torch.cpu.get_capabilities().get("avx512_bf16", False)
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


def train(run: Run, lessons: Lessons, folder: Path, minutes: float) -> None:
    """Train until the recipe's last epoch, or until an epoch ends after `minutes`."""
    started = time.monotonic()
    while run.epoch < run.recipe.epochs:
        loss = train_epoch(run, lessons)
        predicted = logits_of(run.averaged, lessons.planes, lessons.held_out).argmax(1)
        matrix = confusion(lessons.held_out_labels, predicted, lessons.classes)
        run.history.append(
            {
                "epoch": run.epoch + 1,
                "loss": loss,
                "validation_macro_f1": float(macro_f1(matrix)),
                "minutes": (time.monotonic() - started) / 60,
            }
        )
        save(run, folder)
        sys.stdout.write(f"{json.dumps(run.history[-1])}\n")
        sys.stdout.flush()
        if time.monotonic() - started > minutes * 60:
            break


def start(recipe: Recipe, wafers: WaferSet, folder: Path, resume: bool) -> Run:
    """Return the run in `folder`, or a new one.

    Raises:
        ContractError: If the folder's run began with other data or is not to be resumed, or if the data
            has no class of the recipe's normal name.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    LabelSet(wafers.classes, recipe.normal)
    if not (folder / CHECKPOINT).exists():
        shape = replace(recipe.shape, classes=len(wafers.classes))
        digest = wafers.digest()
        return new_run(replace(recipe, labels=wafers.classes, data=digest, shape=shape), device)
    if not resume:
        raise ContractError("--out", str(folder), "a folder without a run, or --resume")
    run = load(folder, device)
    for name, now, then in (
        ("--data", wafers.digest(), run.recipe.data),
        ("--soft", recipe.soft, run.recipe.soft),
    ):
        if now != then:
            raise ContractError(name, now, f"what the run began with, sha256 {then!r}")
    return run


def begin_from(run: Run, folder: Path) -> None:
    """Give a run that has not begun the averaged weights of another one.

    Raises:
        ContractError: If that one cannot be read, or its network has another shape.
    """
    other = load(folder, next(run.network.parameters()).device)
    if other.recipe.shape != run.recipe.shape:
        raise ContractError("--begin-from", other.recipe.shape, f"{run.recipe.shape}")
    for network in (run.network, run.averaged):
        network.load_state_dict(other.averaged.state_dict())


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments and train."""
    recipe = Recipe()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--out", type=Path, default=os.environ.get("SM_MODEL_DIR"))
    parser.add_argument("--epochs", type=int, default=os.environ.get("SM_HP_EPOCHS", recipe.epochs))
    parser.add_argument("--seed", type=int, default=os.environ.get("SM_HP_SEED", recipe.seed))
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after, to resume")
    parser.add_argument("--rate", type=float, default=recipe.learning_rate)
    parser.add_argument("--begin-from", type=Path, help="a run whose weights to begin with")
    parser.add_argument("--soft", type=Path, help="soft labels that training.teach wrote")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--resume", action="store_true")
    given = parser.parse_args(arguments)
    if given.data is None or given.out is None:
        parser.error("--data and --out are needed where SM_CHANNEL_TRAIN, SM_MODEL_DIR are not set")
    recipe = replace(recipe, epochs=given.epochs, seed=given.seed, learning_rate=given.rate)
    try:
        recipe = replace(recipe, soft=soft_digest(given.soft))
        wafers = read_npz(only_file(given.data))
        run = start(recipe, wafers, given.out, given.resume)
        if given.begin_from and not run.epoch:
            begin_from(run, given.begin_from)
        recipe = run.recipe
        lessons = read_lessons(wafers, recipe.normal, recipe.shape.side, given.soft, given.cache)
        train(run, lessons, given.out, given.minutes)
    except FabWaferError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def soft_digest(path: Path | None) -> str:
    """Return the SHA-256 of the soft labels, empty without any."""
    if path is None:
        return ""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ContractError("--soft", str(path), f"a readable file ({error.strerror})") from error


def only_file(path: Path) -> Path:
    """Return the path, or the one npz in it: a SageMaker channel is a folder."""
    if not path.is_dir():
        return path
    found = sorted(path.glob("*.npz"))
    if len(found) != 1:
        raise ContractError("--data", [each.name for each in found], f"one npz in {path}")
    return found[0]


if __name__ == "__main__":
    sys.exit(main())
