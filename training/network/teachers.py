"""Trained runs and released bundles -> what they think of wafer maps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort  # type: ignore[import-untyped]
import torch
from torch.nn.functional import softmax

from fabwafer.bundle import MANIFEST, MODEL, read_bundle
from fabwafer.errors import ContractError
from training.data.maps import Ints, Maps
from training.network.planes import planes_of
from training.network.run import Run, load
from training.network.step import logits_of
from training.worth.sessions import classify, open_model

Opinions = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Teacher:
    """A model and its labels; `opinions` gives probabilities (maps, labels) of the maps at some indices."""

    labels: tuple[str, ...]
    normal: str
    opinions: Callable[[Maps, Ints], Opinions]


def read_teachers(folders: Sequence[Path], device: torch.device) -> list[Teacher]:
    """Read run folders and bundles.

    Raises:
        ContractError: If one is neither, or if they do not agree on the labels.
        BundleError: If a bundle is incomplete or was altered.
    """
    teachers = [_read_teacher(folder, device) for folder in folders]
    for folder, teacher in zip(folders, teachers, strict=True):
        if (teacher.labels, teacher.normal) != (teachers[0].labels, teachers[0].normal):
            raise ContractError(
                "--teachers", f"{folder}: {teacher.labels}", f"{teachers[0].labels}, as the first"
            )
    return teachers


def _read_teacher(folder: Path, device: torch.device) -> Teacher:
    if (folder / MANIFEST).exists():
        policy = read_bundle(folder).policy
        session = open_model(folder / MODEL)
        return Teacher(policy.labels, policy.normal, partial(_opinions_of_bundle, session))
    run = load(folder, device)
    return Teacher(run.recipe.labels, run.recipe.normal, partial(_opinions_of_run, run))


def _opinions_of_run(run: Run, maps: Maps, indices: Ints) -> Opinions:
    planes = planes_of(maps, indices, run.recipe.shape.side)
    logits = logits_of(run.averaged, planes, np.arange(len(indices)))
    opinions: Opinions = softmax(torch.from_numpy(logits), 1).numpy()
    return opinions


def _opinions_of_bundle(session: ort.InferenceSession, maps: Maps, indices: Ints) -> Opinions:
    return classify(session, (maps[int(index)] for index in indices)).astype(np.float32)


def mean_opinions(teachers: Sequence[Teacher], maps: Maps, indices: Ints) -> Opinions:
    """Return the mean of all teachers' probabilities, float32 (maps, labels); there may be no map."""
    if not len(indices):
        return np.empty((0, len(teachers[0].labels)), np.float32)
    mean: Opinions = np.mean([each.opinions(maps, indices) for each in teachers], axis=0)
    return mean
