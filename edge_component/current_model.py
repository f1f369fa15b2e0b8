"""The model in use, and when the one that was asked for is tried again."""

import time
from collections.abc import Callable
from pathlib import Path

from edge_component import logs
from edge_component.health import Health
from edge_component.model_store import LoadedModel, ModelStore
from fabwafer.errors import BundleError

_RETRY_S = 30.0


class CurrentModel:
    """Loads a bundle when it is first wanted; while that must not be used, it is tried again now and then."""

    def __init__(
        self,
        model_dir: Path,
        store: ModelStore,
        health: Health,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Know where a bundle is to be.

        Args:
            model_dir: Of the bundle asked for.
            store: Knows what may run, and keeps it.
            health: Told which model runs and what is wrong with the one asked for.
            clock: Seconds.
        """
        self._model_dir = model_dir
        self._store = store
        self._health = health
        self._clock = clock
        self._model: LoadedModel | None = None
        self._load_at: float | None = clock()

    def get(self) -> LoadedModel | None:
        """Return the model, or None while there is none."""
        if self._load_at is not None and self._clock() >= self._load_at:
            self._load_at = self._clock() + _RETRY_S
            self._load()
        return self._model

    def _load(self) -> None:
        try:
            loaded = self._store.take_up(self._model_dir)
        except BundleError as error:
            self._fall_back(str(error))
            return
        self._use(loaded)
        if loaded.problem:
            self._health.degrade("model", loaded.problem)
            return
        self._load_at = None
        self._health.recover("model")
        logs.info("model loaded", model=loaded.name, serial=loaded.serial, verified=loaded.verified)

    def _fall_back(self, problem: str) -> None:
        """Go on with what runs, or begin with the copy of what ran last."""
        fallback = self._model or self._store.last_good()
        if fallback is None:
            self._health.degrade("model", problem)
            return
        if self._model is None:
            logs.warn("model refused", problem=problem, using=fallback.name)
            self._use(fallback)
        self._health.degrade("model", f"using {fallback.name}: {problem}")

    def _use(self, model: LoadedModel) -> None:
        self._model = model
        self._health.model, self._health.serial = model.name, model.serial
        self._health.verified = model.verified
