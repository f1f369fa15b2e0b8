"""A request to stop -> the end of the batch at hand, where a checkpoint can be written."""

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_Handler = Callable[[int, FrameType | None], Any] | int | None


class Interruption:
    """While entered, remembers SIGTERM and Ctrl-C; a further Ctrl-C interrupts at once.

    Attributes:
        asked: The signal's number, 0 as long as there was none.
    """

    def __init__(self) -> None:
        self.asked = 0
        self._previous: dict[signal.Signals, _Handler] = {}

    def __enter__(self) -> Self:
        """Listen."""
        self._previous = {number: signal.signal(number, self._remember) for number in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave signals to whom they went to before."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _remember(self, number: int, _frame: FrameType | None) -> None:
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = number
