"""A run and its lessons -> the same run some epochs later, kept in its folder after each of them."""

import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from fabwafer.errors import ContractError
from training.network import tracking
from training.network.interruption import Interruption
from training.network.lessons import Draw, Lessons
from training.network.progress import Progress
from training.network.run import Epoch, Part, Run, save, save_metrics
from training.network.step import Session, logits_of, rate_at, seed_of, set_rate, step
from training.network.together import Together
from training.worth.metrics import confusion, macro_f1, precision_recall_f1


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
    if together.leads and run.history:
        save_metrics(
            run, folder
        )  # a kill may have come between the last checkpoint and its figures
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
