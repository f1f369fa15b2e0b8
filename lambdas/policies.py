"""The policy of the model that made a prediction, as its release left it in the parameter store."""

import threading
import time
from collections.abc import Callable

from fabwafer.triage import Policy

_TTL_S = 300
_MOST_MODELS = 1000


class Policies:
    """Remembers what it read for five minutes, and also that there was nothing to read.

    Powertools' parameters utility keeps no misses, so every prediction of an unknown model would
    cost a call, and it hides whether a parameter is missing or the call failed.
    """

    def __init__(
        self, read: Callable[[str], str | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Policy]] = {}

    def of(self, model: str | None) -> Policy:
        """Return the policy of `name@version`; the defaults for a model that brought none."""
        if model is None or "+" in model:  # no parameter's name may have a +
            return Policy()
        with self._lock:
            until, policy = self._known.get(model, (0.0, None))
            if policy is None or self._clock() >= until:
                policy = self._fetched(model)
                self._remember(model, policy)
            return policy

    def _fetched(self, model: str) -> Policy:
        text = self._read(model.replace("@", "/"))
        return Policy() if text is None else Policy.model_validate_json(text)

    def _remember(self, model: str, policy: Policy) -> None:
        if len(self._known) >= _MOST_MODELS:  # names come from outside
            self._known.clear()
        self._known[model] = (self._clock() + _TTL_S, policy)
