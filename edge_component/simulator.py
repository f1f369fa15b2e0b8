"""A camera without a fab: generated wafers, or real ones replayed, always the same from the same settings."""

import time
from collections.abc import Callable, Iterable, Sequence

from edge_component.camera import WaferImage
from edge_component.config import SimulatorSource
from edge_component.dates import now_ms
from edge_component.patterns import generate
from edge_component.pictures import encode_dies
from edge_component.replay import Replay, ReplayedWafer
from fabwafer.errors import ContractError

_LOT_WAFERS = 25
_IDLE_S = 0.05


class Simulator:
    """Wafers 0, 1, 2, ... of a run; the mark of the last one committed is where a restart continues."""

    def __init__(
        self,
        source: SimulatorSource,
        prefix: str,
        marks: Iterable[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Continue a run.

        Args:
            source: Which wafers, how many, how fast.
            prefix: Starts every imgid.
            marks: What is committed.
            clock: Seconds.

        Raises:
            OSError: If the npz cannot be read.
        """
        self._source = source
        self._prefix = prefix
        self._clock = clock
        self._replay = Replay(source.npz, source.offset, source.stride) if source.npz else None
        name = source.npz.name if source.npz else "generated"
        self._run = f"{name}|{source.seed}|{source.offset}|{source.stride}|"
        self._marks = {mark for mark in marks if mark.startswith(self._run)}
        done = [int(mark.removeprefix(self._run)) for mark in self._marks]
        self._next = max(done, default=-1) + 1
        self._first, self._started = self._next, clock()
        self.wait_s = min(_IDLE_S, 1 / source.rate_per_s) if source.rate_per_s else _IDLE_S

    def take(self, first: int, limit: int) -> list[WaferImage]:
        """Return the wafers that are due."""
        end = min(self._next + limit, self._due(), self._source.wafers or self._next + limit)
        return [self._image(index, first + index - self._next) for index in range(self._next, end)]

    def _due(self) -> int:
        if not self._source.rate_per_s:
            return self._next + 10**9
        return self._first + int((self._clock() - self._started) * self._source.rate_per_s) + 1

    def _image(self, index: int, sequence: int) -> WaferImage:
        wafer = self._replay.wafer(index) if self._replay else self._generated(index)
        return WaferImage(
            imgid=f"{self._prefix}-{sequence:08d}",
            sequence=sequence,
            timestamp=now_ms(),
            picture=encode_dies(wafer.dies),
            mark=f"{self._run}{index}",
            lot=wafer.lot,
            wafer=wafer.wafer,
            truth=wafer.truth,
        )

    def _generated(self, index: int) -> ReplayedWafer:
        dies, label = generate(self._source.seed, index)
        lot, wafer = divmod(index, _LOT_WAFERS)
        return ReplayedWafer(dies, f"sim{self._source.seed}-{lot:05d}", wafer + 1, label)

    def done(self, images: Sequence[WaferImage]) -> list[str]:
        """Go on to the next wafers; only the newest mark is needed."""
        self._next += len(images)
        forgettable = self._marks | {image.mark for image in images[:-1]}
        self._marks = {images[-1].mark} if images else set()
        return sorted(forgettable)

    def reject(self, _image: WaferImage, _error: ContractError) -> bool:
        """Go on to the next wafer."""
        self._next += 1
        return True

    @property
    def exhausted(self) -> bool:
        """Tell whether all wafers of a finite run are committed."""
        return bool(self._source.wafers) and self._next >= self._source.wafers

    def close(self) -> None:
        """Nothing to release."""
