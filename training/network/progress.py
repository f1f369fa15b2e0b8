"""How far a run has come: a bar on a terminal, a line a minute in a log, both with the time that is left."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm  # type: ignore[import-untyped]

_LINE_EVERY_S = 60.0
_FORMAT = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{rate_fmt}{postfix}]"
Batch = TypeVar("Batch")


class Progress:
    """The batches of a run, epoch after epoch.

    Args:
        epochs: Of the whole run.
        shown: False says nothing, as all processes but one do.
    """

    def __init__(self, epochs: int, shown: bool) -> None:
        self._epochs = epochs
        self._shown = shown
        self._began = self._spoke = time.monotonic()
        self._made = 0

    def track(
        self, epoch: int, batches: Iterable[Batch], total: int, done: int = 0
    ) -> Iterator[Batch]:
        """Yield the batches that an epoch still has; `done` of its `total` were made earlier."""
        title = f"epoch {epoch + 1}/{self._epochs}"
        drawn = self._shown and sys.stderr.isatty()
        with tqdm(
            total=total,
            initial=done,
            desc=title,
            unit="batch",
            bar_format=_FORMAT,
            disable=not drawn,
        ) as bar:
            for number, batch in enumerate(batches, done + 1):
                yield batch
                self._made += 1
                left = self._left(epoch, total, total - number)
                bar.set_postfix_str(left, refresh=False)
                bar.update()
                if self._shown and not drawn:
                    self._write(f"{title}: {100 * number // total} %, {left}\n")

    def _left(self, epoch: int, total: int, batches: int) -> str:
        """Tell the time left, at the rate of this process so far."""
        seconds = (time.monotonic() - self._began) / self._made
        run = batches + (self._epochs - epoch - 1) * total
        spans = [tqdm.format_interval(seconds * count) for count in (batches, run)]
        return f"left: {spans[0]} epoch, {spans[1]} run"

    def _write(self, line: str) -> None:
        now = time.monotonic()
        if now - self._spoke >= _LINE_EVERY_S:
            self._spoke = now
            sys.stderr.write(line)
            sys.stderr.flush()
