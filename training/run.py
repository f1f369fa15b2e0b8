"""A training run: its recipe, its state, and the checkpoint that carries both."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from fabwafer.errors import ContractError
from fabwafer.labels import WM811K
from training.model import Architecture, Network

CHECKPOINT = "checkpoint.pt"
METRICS = "metrics.json"


@dataclass(frozen=True)
class Recipe:
    """What decides the outcome of a run, beside the data; a checkpoint carries it."""

    epochs: int = 30
    batch: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warm_up_epochs: float = 1.0
    none_per_defect: float = 1.0
    averaging: float = 0.998
    seed: int = 1
    labels: tuple[str, ...] = WM811K.names
    normal: str = WM811K.normal
    data: str = ""
    soft: str = ""
    shape: Architecture = field(default_factory=Architecture)


@dataclass
class Run:
    """The state that an epoch changes."""

    recipe: Recipe
    network: Network
    average: AveragedModel
    optimizer: torch.optim.Optimizer
    history: list[dict[str, float]]

    @property
    def averaged(self) -> Network:
        """Return the network to ship."""
        network: Network = self.average.module  # type: ignore[assignment]
        return network

    @property
    def epoch(self) -> int:
        """Return how many epochs are done."""
        return len(self.history)


def new_run(recipe: Recipe, device: torch.device) -> Run:
    """Build the state before the first epoch."""
    torch.manual_seed(recipe.seed)
    network = Network(recipe.shape)
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaging = get_ema_multi_avg_fn(recipe.averaging)  # type: ignore[no-untyped-call]
    average = AveragedModel(network, multi_avg_fn=averaging, use_buffers=True)
    optimizer = torch.optim.AdamW(
        network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    return Run(recipe, network, average, optimizer, [])


def save(run: Run, folder: Path) -> None:
    """Write checkpoint and metrics so that a kill at any time leaves the old or the new ones whole."""
    state = {
        "recipe": asdict(run.recipe),
        "network": run.network.state_dict(),
        "average": run.average.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "history": run.history,
    }
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(state, folder / f"{CHECKPOINT}.part")
    (folder / f"{CHECKPOINT}.part").rename(folder / CHECKPOINT)
    (folder / f"{METRICS}.part").write_text(json.dumps(run.history, indent=1) + "\n")
    (folder / f"{METRICS}.part").rename(folder / METRICS)


def load(folder: Path, device: torch.device) -> Run:
    """Return the run that `save` wrote.

    Raises:
        ContractError: If there is no readable checkpoint.
    """
    path = folder / CHECKPOINT
    try:
        state: Mapping[str, Any] = torch.load(path, map_location=device, weights_only=True)
        values = dict(state["recipe"])
        shape = Architecture(**values.pop("shape"))
        run = new_run(Recipe(**values, shape=shape), device)
        run.network.load_state_dict(state["network"])
        run.average.load_state_dict(state["average"])
        run.optimizer.load_state_dict(state["optimizer"])
        run.history.extend(state["history"])
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, UnpicklingError) as error:
        raise ContractError("run", str(path), f"a checkpoint of this version ({error})") from error
    return run
