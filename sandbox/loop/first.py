"""The model that the loop begins with: trained by the job's own code on wafers that lack a class, once, then kept."""

import hashlib
import json
import os
import shutil
import tarfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.loop.data import Wafers, write
from sandbox.processes import ROOT, failure, start, stop

RECIPES = ROOT / "training" / "recipes" / "demo.json"
VERSION = "0.1.0"
_PYTHON = ROOT / ".venv-train" / "bin" / "python"
_KEPT = ROOT / ".cache" / "loop"
_TIMEOUT_S = 1200.0
_POLL_S = 0.5


@dataclass(frozen=True)
class Recipes:
    """The demonstration's two trainings, by their names in the recipes' file."""

    first: str = "first"
    again: str = "again"


REAL, GENERATED = Recipes(), Recipes("generated_first", "generated_again")


@dataclass(frozen=True)
class Start:
    """What a deployment begins with: the base data, the bundle, and its run as the artefact of a job."""

    base: Path
    bundle: Path
    artefact: Path
    was_kept: bool


def recipe(name: str) -> dict[str, str]:
    """Return the hyperparameters of a recipe."""
    recipes = json.loads(RECIPES.read_text())
    return {str(key): str(value) for key, value in recipes[name].items()}


def first_model(wafers: Wafers, recipes: Recipes, tell: Callable[[str], None]) -> Start:
    """Train it, or take it from the cache; `tell` gets the latest line of the training's log.

    Raises:
        SandboxError: If the training environment is missing or the training fails.
    """
    if not _PYTHON.exists():
        raise SandboxError(f"{_PYTHON} is missing: `make demo-loop` installs it")
    told = recipe(recipes.first) | {"version": VERSION}
    digest = _digest(wafers, told)
    kept = _KEPT / digest
    made = Start(kept / "base.npz", kept / "bundle", kept / "model.tar.gz", kept.exists())
    if not made.was_kept:
        folder = kept.with_name(f"{digest}.part")
        shutil.rmtree(folder, ignore_errors=True)
        _train(wafers, told, folder, tell)
        folder.rename(kept)
    return made


def _train(
    wafers: Wafers, told: Mapping[str, str], folder: Path, tell: Callable[[str], None]
) -> None:
    channel = folder / "ml" / "input" / "data" / "train"
    base = write(wafers, channel / "base.npz")
    config = folder / "ml" / "input" / "config"
    config.mkdir(parents=True)
    (config / "hyperparameters.json").write_text(json.dumps(told))
    _run(folder, tell)
    model = folder / "ml" / "model"
    base.rename(folder / "base.npz")
    (model / "bundle").rename(folder / "bundle")
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        archive.add(model / "run", "run")
    shutil.rmtree(folder / "ml")


def _run(folder: Path, tell: Callable[[str], None]) -> None:
    log = folder / "log.txt"
    environment = {name: each for name, each in os.environ.items() if not name.startswith("SM_")}
    environment |= {"SAGEMAKER_BASE_DIR": str(folder / "ml"), "TQDM_DISABLE": "1"}
    process = start([_PYTHON, "-m", "training.job"], environment, log)
    deadline = time.monotonic() + _TIMEOUT_S
    try:
        while process.poll() is None:
            if time.monotonic() > deadline:
                raise SandboxError(f"the first model took more than {_TIMEOUT_S:.0f} s: see {log}")
            tell(_last_line(log))
            time.sleep(_POLL_S)
    finally:
        stop(process)
    if process.returncode:
        raise failure("the first model could not be trained", log)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return next((line[:100] for line in reversed(lines) if line.startswith("epoch ")), "")


def _digest(wafers: Wafers, told: Mapping[str, str]) -> str:
    """Name what goes into it: wafers, recipe, and the code that trains."""
    digest = hashlib.sha256(json.dumps(dict(told), sort_keys=True).encode())
    for dies in wafers.dies:
        digest.update(dies.tobytes())
    digest.update(wafers.labels.tobytes())
    for path in sorted((ROOT / "training").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
