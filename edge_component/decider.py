"""1 to 3. One `WaferImage` -> what the model of the moment, and the shadow beside it, say of it, as messages."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from edge_component.camera import WaferImage
from edge_component.entries import Entry
from edge_component.model_store import LoadedModel
from edge_component.outgoing import Addressing, Decision, compose
from edge_component.picture_state import picture_state
from edge_component.shadow import ShadowModel
from fabwafer.messages import Shadow

_SHADOW_WAIT_S, _SHADOW_TIMES = 0.05, 4.0
"""A wafer waits for a shadow that long, and so many times what its own decision took."""


@dataclass(frozen=True)
class Decided:
    """A wafer that waits for its commit."""

    image: WaferImage
    decision: Decision
    entry: Entry


class Decider:
    """Decides single wafers with the model of the moment."""

    def __init__(
        self,
        model: Callable[[], LoadedModel | None],
        address: Addressing,
        shadow: ShadowModel | None = None,
    ) -> None:
        """Know where the model comes from, None while there is none, whose wafers these are, and who is asked beside."""
        self._model = model
        self.address = address
        self._shadow = shadow

    @property
    def ready(self) -> bool:
        """Tell whether there is a model."""
        return self._model() is not None

    def decide(self, image: WaferImage, *, hurried: bool = False) -> Decided:
        """Decide one wafer.

        Args:
            image: The wafer.
            hurried: Whether so many wait behind it that the shadow is not asked.

        Raises:
            ContractError: If it is no picture that the model can read.
        """
        model = self._model()
        if model is None:
            raise LookupError("no model")
        begin = time.perf_counter()
        picture = model.classifier.read(image.picture)
        found = model.classifier.decide(picture)
        spent_s = time.perf_counter() - begin
        decision = Decision(
            found=found,
            model=model.name,
            edge_ms=spent_s * 1000,
            serial=model.serial if model.verified else None,
            picture=picture_state(picture.levels),
            shadow=self._asked(image, model.name, spent_s, hurried=hurried),
        )
        return Decided(image, decision, compose(image, decision, self.address))

    def _asked(
        self, image: WaferImage, model: str, spent_s: float, *, hurried: bool
    ) -> Shadow | None:
        if self._shadow is None:
            return None
        if hurried:
            self._shadow.skip("the camera is ahead")
            return None
        return self._shadow.ask(image.picture, model, _SHADOW_WAIT_S + _SHADOW_TIMES * spent_s)
