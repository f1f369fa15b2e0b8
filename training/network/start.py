"""Arguments and files -> a run, new or resumed, and the lessons that it learns from."""

import argparse
import hashlib
import math
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch

from fabwafer.errors import ContractError
from fabwafer.labels import LabelSet
from training.data.sources import read_wafers
from training.data.wafers import WaferSet
from training.data.whole import require_place
from training.network.lessons import Lessons, read_lessons
from training.network.model import Architecture
from training.network.run import CHECKPOINT, Recipe, Run, load, new_run, run_from, state_of
from training.network.together import Together

_OPTIONS = {"learning_rate": "--rate"}
_LEAST_SIDE = 9
_RANGES = {
    "weight_decay": (0, 100),
    "none_per_defect": (0, 1_000_000),
    "defect_power": (0, 2),
    "averaging": (0, 0.999999),
    "seed": (0, 2**63 - 1),
    "features": (1, 4096),
    "dropout": (0, 0.99),
}
_NOT_ASKED = {"labels", "classes", "input", "begin_from_run"}
"""The first three follow from the data, whose hash is compared; the last is a name for what has one."""


def option(name: str) -> str:
    """Return how the command line calls a field of the recipe."""
    return _OPTIONS.get(name, f"--{name.replace('_', '-')}")


def recipe_of(given: Mapping[str, Any], base: Recipe) -> Recipe:
    """Return the recipe with what the arguments say of it.

    Raises:
        ContractError: If a number is out of its range, or the network's shape is not symmetric.
    """
    changes, shape = (
        {each.name: given[each.name] for each in fields(kind) if each.name in given}
        for kind in (Recipe, Architecture)
    )
    recipe = replace(base, **changes, shape=replace(base.shape, **shape))
    _require_ranges(recipe.flat())
    _require_symmetric(recipe.shape)
    return recipe


def _require_ranges(values: Mapping[str, Any]) -> None:
    """Refuse numbers out of their range, also those that are none."""
    for name in ("epochs", "batch", "learning_rate"):
        if not 0 < values[name] < math.inf:
            raise ContractError(option(name), values[name], "a number above 0")
    for name, (least, most) in _RANGES.items():
        if not least <= values[name] <= most:
            raise ContractError(option(name), values[name], f"{least} to {most}")


def _require_symmetric(shape: Architecture) -> None:
    """Refuse what would give a turned wafer another decision, has no int8 kernel, or is no network."""
    if shape.side < _LEAST_SIDE or shape.side % 8 != 1:
        raise ContractError("--side", shape.side, f"8 n + 1, at least {_LEAST_SIDE}")
    if not shape.widths or any(each < 32 or each % 16 for each in shape.widths):
        raise ContractError("--widths", shape.widths, "multiples of 16, at least 32 each")
    if len(shape.widths) != len(shape.blocks) or min(shape.blocks) < 1:
        expected = f"as many as there are widths {shape.widths}, each at least 1"
        raise ContractError("--blocks", shape.blocks, expected)


def prepare(given: argparse.Namespace, together: Together) -> tuple[Run, Lessons]:
    """Return the same run in all processes, and its lessons.

    Raises:
        ContractError: If the arguments, a file or the folder's run do not fit.
    """
    wafers = read_wafers(given.data)
    run = _lead(given, wafers, together.device) if together.leads else None
    state = together.same(state_of(run) if run else None)
    run = run or run_from(state or {}, together.device)
    if run.recipe.data != wafers.digest():
        raise ContractError(
            "--data", wafers.digest(), f"that of the first process {run.recipe.data}"
        )
    with together.one_by_one():
        lessons = read_lessons(
            wafers, run.recipe.normal, run.recipe.shape.side, given.soft, given.cache
        )
    return run, lessons


def _lead(given: argparse.Namespace, wafers: WaferSet, device: torch.device) -> Run:
    resumed = given.resume and (given.out / CHECKPOINT).exists()
    recipe = recipe_of(vars(given), load(given.out, device).recipe if resumed else Recipe())
    recipe = replace(recipe, soft=digest("--soft", given.soft) if given.soft else "")
    if given.other:
        source = digest("--begin-from", given.other / CHECKPOINT)
        recipe = replace(recipe, begin_from=source, begin_from_run=given.other.resolve().name)
    run = start(recipe, wafers, given.out, given.resume, device)
    require_place("--out", given.out / CHECKPOINT)
    if given.other and not resumed:
        begin_from(run, given.other)
    return run


def start(
    recipe: Recipe, wafers: WaferSet, folder: Path, resume: bool, device: torch.device | None = None
) -> Run:
    """Return the run in `folder`, or a new one.

    Raises:
        ContractError: If the folder's run began with other data or another recipe or is not to be resumed,
            or if the data has no class of the recipe's normal name.
    """
    device = device or Together().device
    LabelSet(wafers.classes, recipe.normal)
    kind = wafers.maps.kind.value
    shape = replace(recipe.shape, classes=len(wafers.classes), input=kind)
    recipe = replace(recipe, labels=wafers.classes, data=wafers.digest(), shape=shape)
    if not (folder / CHECKPOINT).exists():
        return new_run(recipe, device)
    if not resume:
        raise ContractError("--out", str(folder), "a folder without a run, or --resume")
    run = load(folder, device)
    _require_same(recipe, run.recipe)
    return run


def _require_same(now: Recipe, then: Recipe) -> None:
    wished, began = now.flat(), then.flat()
    for name in sorted(wished.keys() - _NOT_ASKED, key=lambda each: (each != "data", each)):
        if wished[name] != began[name]:
            raise ContractError(
                option(name), wished[name], f"what the run began with, {began[name]!r}"
            )


def begin_from(run: Run, folder: Path) -> None:
    """Give a run that has not begun the averaged weights of another one.

    Labels are matched by name: one that the other run does not know keeps its random weights in the head.

    Raises:
        ContractError: If that one cannot be read, or its network has another shape.
    """
    other = load(folder, run.device)
    shape = replace(other.recipe.shape, classes=run.recipe.shape.classes)
    if shape != run.recipe.shape:
        raise ContractError("--begin-from", other.recipe.shape, f"{run.recipe.shape}")
    weights = other.averaged.state_dict()
    own = run.network.state_dict()
    for name in ("head.weight", "head.bias"):
        rows = own[name].clone()
        for position, label in enumerate(run.recipe.labels):
            if label in other.recipe.labels:
                rows[position] = weights[name][other.recipe.labels.index(label)]
        weights[name] = rows
    for network in (run.network, run.averaged):
        network.load_state_dict(weights)


def digest(name: str, path: Path) -> str:
    """Return the SHA-256 of a file.

    Raises:
        ContractError: If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ContractError(name, str(path), f"a readable file ({error.strerror})") from error
