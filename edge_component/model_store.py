"""model_dir -> a loaded `Classifier`, or the last good bundle, of which a copy is kept under state_dir.

Greengrass deletes the artifacts of old model versions after a deployment, so the copy is ours.
"""

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge_component import logs
from edge_component.classifier import Classifier
from edge_component.health import Health
from fabwafer.bundle import MANIFEST, read_bundle
from fabwafer.errors import BundleError

_LAST_GOOD = "model"
_RETRY_S = 30.0
_INCOMING, _OUTGOING = ".new", ".old"


@dataclass(frozen=True)
class LoadedModel:
    """A classifier, and what was wrong with the bundle that should have been it."""

    classifier: Classifier
    problem: str | None = None


def load_model(model_dir: Path, state_dir: Path, threads: int = 1) -> LoadedModel:
    """Load the bundle in `model_dir`, or else the last good one.

    Raises:
        BundleError: If neither can be used.
    """
    last_good = state_dir / _LAST_GOOD
    try:
        classifier = Classifier.load(model_dir, threads)
    except BundleError as problem:
        fallback = _load_first((last_good, last_good.with_suffix(_OUTGOING)), threads)
        if fallback is None:
            raise
        logs.warn("model refused", problem=str(problem), using=fallback.manifest.model)
        return LoadedModel(fallback, f"using {fallback.manifest.model}: {problem}")
    return LoadedModel(classifier, _keep(model_dir, classifier, last_good))


def _load_first(folders: tuple[Path, ...], threads: int) -> Classifier | None:
    for folder in folders:
        with suppress(BundleError):
            return Classifier.load(folder, threads)
    return None


def _keep(model_dir: Path, classifier: Classifier, last_good: Path) -> str | None:
    """Copy a bundle that loaded; the previous copy goes only when the new one is whole."""
    incoming, outgoing = last_good.with_suffix(_INCOMING), last_good.with_suffix(_OUTGOING)
    try:
        with suppress(BundleError):  # a damaged copy is replaced
            if read_bundle(last_good) == classifier.manifest:
                return None
        for leftover in (incoming, outgoing):
            shutil.rmtree(leftover, ignore_errors=True)
        incoming.mkdir(parents=True)
        for name in (MANIFEST, *classifier.manifest.files):
            shutil.copyfile(model_dir / name, incoming / name)
            _sync(incoming / name)
        _sync(incoming)
        if last_good.exists():
            last_good.rename(outgoing)
        incoming.rename(last_good)
        _sync(last_good.parent)
        shutil.rmtree(outgoing, ignore_errors=True)
    except OSError as error:
        logs.warn("model not kept", model=classifier.manifest.model, error=str(error))
        return f"no copy of {classifier.manifest.model} kept: {error}"
    return None


def _sync(path: Path) -> None:
    """Make a file, or the names in a folder, outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class CurrentModel:
    """The classifier in use; while its bundle is not what was asked for, it is tried again now and then."""

    def __init__(
        self,
        model_dir: Path,
        state_dir: Path,
        health: Health,
        threads: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model_dir = model_dir
        self._state_dir = state_dir
        self._health = health
        self._threads = threads
        self._clock = clock
        self._classifier: Classifier | None = None
        self._load_at: float | None = clock()

    def classifier(self) -> Classifier | None:
        """Return the classifier, or None while there is none."""
        if self._load_at is not None and self._clock() >= self._load_at:
            self._load_at = self._clock() + _RETRY_S
            self._load()
        return self._classifier

    def _load(self) -> None:
        try:
            loaded = load_model(self._model_dir, self._state_dir, self._threads)
        except BundleError as error:
            self._health.degrade("model", str(error))
            return
        self._classifier = loaded.classifier
        self._health.model = loaded.classifier.manifest.model
        if loaded.problem:
            self._health.degrade("model", loaded.problem)
            return
        self._load_at = None
        self._health.recover("model")
        logs.info("model loaded", model=self._health.model)
