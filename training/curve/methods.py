"""Lessons and maps without labels -> a trained network, by three methods.

- labels: the labelled wafers and nothing else.
- distillation: a network made by `labels` gives soft labels of the pool; a new one learns from both, half and half.
- fixmatch: `training.curve.fixmatch` on the pool, half and half with the labelled wafers.

All make the same number of steps with batches of the same size.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import softmax
from tqdm import tqdm  # type: ignore[import-untyped]

from training.curve.fixmatch import Consistency, pseudo_labelled
from training.network.interruption import Interruption
from training.network.lessons import Batch, Draw, Lessons, Soft
from training.network.model import Architecture
from training.network.planes import to_input
from training.network.progress import Progress
from training.network.run import Epoch, Recipe, Run, new_run
from training.network.step import Session, logits_of, rate_at, seed_of, set_rate, step
from training.network.teaching import PLAINLY_NORMAL
from training.network.together import Together
from training.worth.metrics import confusion, macro_f1

Planes = npt.NDArray[np.uint8]


class Method(StrEnum):
    """How maps without labels are used."""

    LABELS = "labels"
    DISTILLATION = "distillation"
    FIXMATCH = "fixmatch"


@dataclass(frozen=True)
class Setting:
    """What is the same for every point of a curve.

    A small network and a short run, so that all points can be made on one core: less than what ships, at every
    share alike. Weights averaged as slowly as in a long run would still be those of the beginning.
    """

    steps: int = 600
    recipe: Recipe = field(
        default_factory=lambda: Recipe(
            epochs=1,
            batch=64,
            learning_rate=1e-2,
            warm_up_epochs=0.1,
            averaging=0.98,
            shape=Architecture(
                side=33, widths=(32, 64, 96), blocks=(1, 1, 1), features=64, dropout=0.0
            ),
        )
    )
    consistency: Consistency = field(default_factory=Consistency)


def from_labels(setting: Setting, lessons: Lessons) -> Run:
    """Learn from the labelled wafers, and from soft labels if the lessons have any."""
    run = _begin(setting, lessons)
    drawn = draws(lessons, setting.recipe.batch, setting.recipe.seed)
    return _fit(setting, lessons, run, map(lessons.batch, drawn))


def distilled(setting: Setting, lessons: Lessons, pool: Planes, teacher: Run) -> Run:
    """Learn from the labelled wafers, and from what the teacher says of maps that it finds not plainly normal."""
    logits = logits_of(teacher.averaged, pool, np.arange(len(pool)))
    opinions = softmax(torch.from_numpy(logits), 1).numpy()
    taught = opinions[:, lessons.normal] < PLAINLY_NORMAL
    return from_labels(setting, replace(lessons, soft=Soft(pool[taught], opinions[taught])))


def matched(setting: Setting, lessons: Lessons, pool: Planes) -> Run:
    """Learn from the labelled wafers, and from what the network itself is sure of in the pool."""
    run, rule = _begin(setting, lessons), setting.consistency
    maps = np.random.default_rng(setting.recipe.seed)

    def batches() -> Iterator[Batch]:
        for draw in draws(lessons, setting.recipe.batch - rule.taken, setting.recipe.seed):
            images = to_input(pool[maps.integers(len(pool), size=rule.looked_at)])
            yield joined(
                lessons.batch(draw), pseudo_labelled(run.averaged, images, lessons.normal, rule)
            )

    return _fit(setting, lessons, run, batches())


def joined(*batches: Batch) -> Batch:
    """Return one batch of all."""
    parts = zip(*((each.images, each.targets, each.shifts) for each in batches), strict=True)
    return Batch(*map(torch.cat, parts))


def _begin(setting: Setting, lessons: Lessons) -> Run:
    shape = replace(setting.recipe.shape, classes=lessons.classes)
    return new_run(replace(setting.recipe, shape=shape), torch.device("cpu"))


def draws(lessons: Lessons, size: int, seed: int) -> Iterator[Draw]:
    """Yield draws of so many wafers without end, of them half soft labels where the lessons have any.

    A class is drawn in proportion to the square root of its wafers: in a short run, the rare ones would else be
    met too seldom to be learned. The shift puts the natural prior back.
    """
    counts = np.bincount(lessons.labels, minlength=lessons.classes)
    drawn = np.sqrt(counts) / np.sqrt(counts).sum()
    shift = torch.from_numpy(np.log(drawn / (counts / counts.sum()))).float()
    edges = np.cumsum((drawn / counts)[lessons.labels])
    pool = len(lessons.soft.targets) if lessons.soft else 0
    generator = np.random.default_rng(seed)
    soft = size // 2 if pool else 0
    while True:
        hard = np.searchsorted(edges, generator.random(size - soft) * edges[-1])
        yield Draw(hard, generator.integers(max(pool, 1), size=soft), shift)


def _fit(setting: Setting, lessons: Lessons, run: Run, batches: Iterator[Batch]) -> Run:
    """Make the steps; their randomness follows from the seed and their number, that of the batches too."""
    session = Session(Together(), run.network, Interruption(), Progress(1, shown=False))
    began, losses = time.monotonic(), []
    for number in tqdm(range(setting.steps), mininterval=10, leave=False):
        set_rate(run.optimizer, rate_at(number / setting.steps, run.recipe))
        torch.manual_seed(seed_of(run.recipe.seed, number))
        batch = next(batches)
        run.network.train()
        losses.append(float(step(run, session, batch, 1.0)))
    tenths = [float(each.mean()) for each in np.array_split(losses, min(10, setting.steps))]
    minutes = (time.monotonic() - began) / 60
    predicted = logits_of(run.averaged, lessons.planes, lessons.held_out).argmax(1)
    matrix = confusion(lessons.held_out_labels, predicted, lessons.classes)
    run.history.append(Epoch(1, tenths[-1], float(macro_f1(matrix)), minutes))
    sys.stdout.write(f"loss by tenths: {' '.join(f'{each:.3f}' for each in tenths)}\n")
    return run
