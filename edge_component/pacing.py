"""How fast, and how soon again: a steady pace for publishing, jittered backoff for failures."""

import random
import time
from collections.abc import Callable


class Pacer:
    """Spaces events evenly: at most `per_s` a second, without bursts."""

    def __init__(self, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = 1 / per_s
        self._clock = clock
        self._next = clock()

    def reserve(self) -> float:
        """Take the next place; return the seconds to wait for it."""
        now = self._clock()
        place = max(self._next, now)
        self._next = place + self._interval_s
        return place - now


class Backoff:
    """Doubles the pause after every failure up to a bound; the jitter keeps a fleet from returning as one."""

    def __init__(
        self, first_s: float = 0.5, most_s: float = 30.0, draw: Callable[[], float] = random.random
    ) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._draw = draw
        self._failures = 0

    def failed(self) -> float:
        """Count a failure; return the seconds to wait: between half and the whole of the pause."""
        pause = min(self._most_s, self._first_s * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return pause * (0.5 + self._draw() / 2)

    def succeeded(self) -> None:
        """Begin anew with the shortest pause."""
        self._failures = 0
