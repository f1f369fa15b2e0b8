"""The edge loop on one core: PNG bytes -> decision -> committed to the outbox; and the outbox alone.

Run as `python -m bench.edge` in a process of its own, so that the peak memory is the loop's.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from bench.table import Row
from edge_component.camera import WaferImage
from edge_component.capture import Capture
from edge_component.classifier import Classifier
from edge_component.config import SimulatorSource
from edge_component.decider import Decider
from edge_component.entries import Entry, Outgoing
from edge_component.health import Health
from edge_component.model_store import LoadedModel
from edge_component.outbox import Outbox
from edge_component.outgoing import Addressing
from edge_component.simulator import Simulator
from fabwafer.errors import ContractError
from fabwafer.topics import Kind

BUNDLE = Path(__file__).parents[1] / "models" / "wafer-map"
_WAFERS = 2_000
_COMMITS = 1_000
_BATCH = 32
_LIMIT_BYTES = 1 << 30


class Recorded:
    """A camera whose wafers are all there already, so that drawing them is not measured."""

    wait_s = 0.0

    def __init__(self, images: Sequence[WaferImage]) -> None:
        self._images = list(images)

    def take(self, first: int, limit: int) -> list[WaferImage]:
        """Return the next wafers."""
        return self._images[first - 1 : first - 1 + limit]

    def done(self, images: Sequence[WaferImage]) -> list[str]:
        """Remember only the last one's mark."""
        self.exhausted = images[-1] is self._images[-1]
        return [image.mark for image in images[:-1]]

    def reject(self, _image: WaferImage, error: ContractError) -> bool:
        """Fail: every wafer here is sound."""
        raise error

    exhausted = False

    def close(self) -> None:
        """Nothing to release."""


def measure() -> list[Row]:
    """Return the rows of the edge, measured in a process of its own on one core."""
    run = subprocess.run(
        [sys.executable, "-m", "bench.edge"], capture_output=True, text=True, check=True
    )
    return [Row(*row) for row in json.loads(run.stdout.splitlines()[-1])]


def _loop(folder: Path) -> list[tuple[str, float, str, str]]:
    model = LoadedModel(Classifier.load(BUNDLE))
    outbox = Outbox(folder / "loop.db", _LIMIT_BYTES, durable=True)
    camera = Recorded(
        Simulator(SimulatorSource(kind="simulator", wafers=_WAFERS), "bench", ()).take(1, _WAFERS)
    )
    address = Addressing("faba", "camera1", 5_000, 128 * 1024)
    capture = Capture(camera, Decider(lambda: model, address), outbox, Health())
    began = time.perf_counter()
    while not camera.exhausted:
        capture.step(Event())
    spent = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    how = f"{_WAFERS} generated wafers waiting, one core, batches of {_BATCH}"
    return [
        ("edge loop: PNG to decision to committed", _WAFERS / spent, "wafers/s", how),
        ("edge loop: peak memory of the process", peak, "MB", "the same run"),
    ]


def _writes(folder: Path) -> list[tuple[str, float, str, str]]:
    outbox = Outbox(folder / "writes.db", _LIMIT_BYTES, durable=True)

    def entry(number: int) -> Entry:
        imgid = f"img{number}"
        messages = (
            Outgoing(
                Kind.PREDICTION, imgid, f"fabwafer/faba/camera1/prediction/{imgid}", b"p" * 700
            ),
            Outgoing(Kind.IMAGE, imgid, f"fabwafer/faba/camera1/img/{imgid}", b"i" * 900),
        )
        return Entry(number, f"mark{number}", messages)

    began = time.perf_counter()
    for number in range(_COMMITS):
        outbox.commit([entry(number)])
    single = _COMMITS / (time.perf_counter() - began)
    began = time.perf_counter()
    for first in range(_COMMITS, _COMMITS * 2, _BATCH):
        outbox.commit([entry(number) for number in range(first, first + _BATCH)])
    grouped = _COMMITS / (time.perf_counter() - began)
    return [
        (
            "outbox: durable writes, one wafer a commit",
            single,
            "wafers/s",
            f"{_COMMITS} commits, WAL, synchronous=FULL",
        ),
        ("outbox: durable writes, 32 wafers a commit", grouped, "wafers/s", f"{_COMMITS} wafers"),
    ]


def main() -> None:
    """Measure on one core and print the rows as JSON."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory(dir=".") as name:
        rows = _loop(Path(name)) + _writes(Path(name))
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
