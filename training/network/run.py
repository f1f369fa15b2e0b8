"""A training run: its recipe, its state, and the checkpoint that carries both."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from fabwafer.errors import ContractError
from fabwafer.labels import WM811K
from training.data.whole import whole
from training.network.model import Architecture, Network

CHECKPOINT = "checkpoint.pt"
METRICS = "metrics.json"
_UNREADABLE = (
    OSError, RuntimeError, EOFError, LookupError, TypeError, ValueError, AttributeError, UnpicklingError
)  # fmt: skip
"""What a file that is no checkpoint, or a damaged one, may raise."""
State = dict[str, Any]
_Tensors = list[Tensor] | tuple[Tensor, ...]


@dataclass(frozen=True)
class Recipe:
    """What decides the outcome of a run; a checkpoint carries it.

    Attributes:
        defect_power: An epoch draws the wafers of a defect class by their number to this power.
        averaging: Share of the averaged weights that stays in one step.
        data: SHA-256 of the wafers, as `WaferSet.digest` gives it.
        soft: SHA-256 of the file of soft labels, empty without any.
        begin_from: SHA-256 of the checkpoint whose weights the run began with, empty without one.
        begin_from_run: Name of that checkpoint's folder.
    """

    epochs: int = 30
    batch: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warm_up_epochs: float = 1.0
    none_per_defect: float = 1.0
    defect_power: float = 1.0
    averaging: float = 0.998
    seed: int = 1
    labels: tuple[str, ...] = WM811K.names
    normal: str = WM811K.normal
    data: str = ""
    soft: str = ""
    begin_from: str = ""
    begin_from_run: str = ""
    shape: Architecture = field(default_factory=Architecture)

    def flat(self) -> dict[str, Any]:
        """Return all fields, those of the shape among them."""
        values: dict[str, Any] = asdict(self)
        shape: dict[str, Any] = values.pop("shape")
        return values | shape


@dataclass(frozen=True)
class Epoch:
    """The figures of an epoch; `metrics.json` is a list of them.

    Attributes:
        minutes: Training and validation from the run's begin on, the time between interruptions left out.
        learning_rate: That of the last batch.
        wafers_per_s: Of all processes together, validation aside.
        validation_f1: By label, of those that validation lots have.
    """

    epoch: int
    loss: float
    validation_macro_f1: float
    minutes: float
    learning_rate: float = 0.0
    wafers_per_s: float = 0.0
    validation_f1: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """What an epoch that is not complete has come to: a loss for each batch that is done, and their time."""

    losses: tuple[float, ...] = ()
    seconds: float = 0.0


@dataclass
class Run:
    """The state that an epoch changes."""

    recipe: Recipe
    network: Network
    average: AveragedModel
    optimizer: torch.optim.Optimizer
    history: list[Epoch] = field(default_factory=list)
    part: Part = field(default_factory=Part)

    @property
    def averaged(self) -> Network:
        """Return the network to ship."""
        network: Network = self.average.module  # type: ignore[assignment]
        return network

    @property
    def epoch(self) -> int:
        """Return how many epochs are done."""
        return len(self.history)

    @property
    def device(self) -> torch.device:
        """Return where the network is."""
        return next(self.network.parameters()).device


def new_run(recipe: Recipe, device: torch.device) -> Run:
    """Build the state before the first epoch."""
    torch.manual_seed(recipe.seed)
    network = Network(recipe.shape)
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = AveragedModel(
        network, multi_avg_fn=_moving_average(recipe.averaging), use_buffers=True
    )
    optimizer = torch.optim.AdamW(
        network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    return Run(recipe, network, average, optimizer)


def _moving_average(share: float) -> Callable[[_Tensors, _Tensors, Tensor | int], None]:
    """Average what has fractions; indices stay as they are, where rounding down would spoil them."""
    average = get_ema_multi_avg_fn(share)  # type: ignore[no-untyped-call]

    def update(averaged: _Tensors, current: _Tensors, steps: Tensor | int) -> None:
        if averaged[0].is_floating_point():
            average(averaged, current, steps)

    return update


def state_of(run: Run) -> State:
    """Return what a checkpoint holds: tensors and plain values, free of how many processes there are."""
    return {
        "recipe": asdict(run.recipe),
        "network": run.network.state_dict(),
        "average": run.average.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "history": [asdict(each) for each in run.history],
        "part": asdict(run.part),
    }


def run_from(state: State, device: torch.device) -> Run:
    """Return the run that `state_of` took down, also from before there were parts of epochs.

    Raises:
        LookupError, TypeError, ValueError, AttributeError, RuntimeError: If it is no such state, or the network has
            changed since.
    """
    values = dict(state["recipe"])
    shape = Architecture(**values.pop("shape"))
    run = new_run(Recipe(**values, shape=shape), device)
    run.network.load_state_dict(state["network"])
    run.average.load_state_dict(state["average"])
    run.optimizer.load_state_dict(state["optimizer"])
    run.history.extend(Epoch(**row) for row in state["history"])
    run.part = Part(**state.get("part", {}))
    return run


def save(run: Run, folder: Path) -> None:
    """Write checkpoint and metrics so that a kill at any time leaves the old or the new ones whole."""
    with whole(folder / CHECKPOINT) as unfinished, unfinished.open("wb") as file:
        torch.save(state_of(run), file)  # told a path, it would write its name into the file
    save_metrics(run, folder)


def save_metrics(run: Run, folder: Path) -> None:
    """Write the figures of all epochs that the run's checkpoint tells of."""
    rows = [asdict(each) for each in run.history]
    with whole(folder / METRICS) as unfinished:
        unfinished.write_text(json.dumps(rows, indent=1) + "\n")


def load(folder: Path, device: torch.device) -> Run:
    """Return the run that `save` wrote.

    Raises:
        ContractError: If there is no readable checkpoint.
    """
    path = folder / CHECKPOINT
    try:
        return run_from(torch.load(path, map_location=device, weights_only=True), device)
    except _UNREADABLE as error:
        raise ContractError("run", str(path), f"a checkpoint of this version ({error})") from error
