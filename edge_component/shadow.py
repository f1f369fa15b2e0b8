"""A second model beside the one in use: what it says of the same wafers is told, and nothing acts on it.

It has a thread of its own, and a wafer waits for it a moment at most: with a backlog, after an error, or when it is too
slow, a wafer goes without. Its folder is looked at now and then, for nothing restarts us when it comes or goes.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from edge_component import logs
from edge_component.health import Health
from edge_component.model_store import LoadedModel, ModelStore
from fabwafer.bundle import MANIFEST
from fabwafer.errors import BundleError, ContractError
from fabwafer.messages import Shadow

_LOOK_S = 5.0
_PART = "shadow"


@dataclass
class _Question:
    """A wafer that the shadow is asked about."""

    picture: bytes
    answered: Event = field(default_factory=Event)
    answer: Shadow | None = None


class ShadowModel:
    """The shadow in use: `step` is its thread's, `ask` is the camera's."""

    def __init__(
        self,
        shadow_dir: Path,
        store: ModelStore,
        health: Health,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Know where a shadow may be.

        Args:
            shadow_dir: Of its bundle; it need not exist.
            store: Knows what may run.
            health: Told which shadow runs, and why wafers go without.
            clock: Seconds.
        """
        self._shadow_dir = shadow_dir
        self._store = store
        self._health = health
        self._clock = clock
        self._look_at = clock()
        self._seen: tuple[object, ...] | None = None
        self._model: LoadedModel | None = None
        self._question: _Question | None = None
        self._problem: str | None = None
        self._skipped: str | None = None
        self.wake: Callable[[], None] = lambda: None
        """Makes the thread step at once."""

    def ask(self, picture: bytes, beside: str, patience_s: float) -> Shadow | None:
        """Return what the shadow says of a picture; None if it is not there, busy, wrong or too slow.

        Args:
            picture: The bytes as they came.
            beside: The model in use: nothing is gained by asking the same one twice.
            patience_s: How long the wafer may wait.
        """
        if self._model is None or self._model.name == beside:
            return None
        if self._question is not None:
            self.skip("too slow")
            return None
        question = self._question = _Question(picture)
        self.wake()
        if not question.answered.wait(patience_s):
            self.skip("too slow")
        return question.answer

    def skip(self, reason: str) -> None:
        """Say that a wafer goes without."""
        if self._model is not None:
            self._skipped = reason

    def step(self, _stop: Event) -> float | None:
        """Answer what is asked, and look at the folder when it is time; return None to be woken."""
        if self._question is not None:
            self._answer(self._question)
        if self._clock() >= self._look_at:
            self._look_at = self._clock() + _LOOK_S
            self._look()
            self._tell()
        return None

    def _answer(self, question: _Question) -> None:
        try:
            if self._model is not None:
                question.answer = self._said(self._model, question.picture)
        except ContractError as error:
            self.skip(str(error))
        finally:
            self._question = None
            question.answered.set()

    def _said(self, model: LoadedModel, picture: bytes) -> Shadow:
        begin = time.perf_counter()
        (found,) = model.classifier.classify([picture])
        return Shadow(
            model=model.name,
            prediction=found.label,
            probability=found.probability,
            novelty=found.novelty,
            refused=found.refused,
            edge_ms=round((time.perf_counter() - begin) * 1000, 2),
        )

    def _look(self) -> None:
        """Take up a bundle that is new, and let go of one that is gone; one that is refused is tried again."""
        seen = self._version()
        if seen == self._seen and (seen is None or self._model is not None):
            return
        self._seen, self._problem = seen, None
        self._use(None if seen is None else self._loaded())

    def _version(self) -> tuple[object, ...] | None:
        try:
            folder = self._shadow_dir.resolve(strict=True)
            stat = (folder / MANIFEST).stat()
        except (OSError, RuntimeError):  # a link that leads to itself is the latter
            return None
        return folder, stat.st_ino, stat.st_mtime_ns, stat.st_size

    def _loaded(self) -> LoadedModel | None:
        try:
            return self._store.load(self._shadow_dir)
        except BundleError as error:
            self._problem = str(error)
            return None

    def _use(self, model: LoadedModel | None) -> None:
        before, self._model = self._model, model
        self._health.shadow = None if model is None else model.name
        self._health.changed.set()
        if model is not None:
            logs.info("shadow loaded", model=model.name, serial=model.serial)
        elif before is not None:
            logs.info("shadow gone", model=before.name)

    def _tell(self) -> None:
        """Say once a look, not once a wafer, whether wafers went without."""
        skipped, self._skipped = self._skipped, None
        if self._problem:
            self._health.degrade(_PART, self._problem)
        elif skipped:
            self._health.degrade(_PART, f"wafers not shown to the shadow: {skipped}")
        else:
            self._health.recover(_PART)
