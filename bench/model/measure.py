"""One round of one contender: `python -m bench.model.measure NUMBER FOLDER SECONDS`, a process of its own on one core."""

import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from bench.model import wafers
from bench.model.contenders import CONTENDERS, WAFERS
from bench.model.engines import open_contender
from bench.model.summary import Round, Times
from edge_component.pictures import decode, encode_dies

_LEAST_CALLS = 100
_WARM_UP = 20
_Input = TypeVar("_Input")


def measure(number: int, folder: Path, seconds: float) -> Round:
    """Measure a contender by its number: `seconds` for each of the two ways, 100 calls at least."""
    contender = CONTENDERS[number]
    pictures = [encode_dies(each) for each in wafers.read(folder / WAFERS)]
    decoded = [decode(each) for each in pictures]
    opened = open_contender(contender, folder)
    labels = [
        opened.from_wafer(each) for each in (decoded if contender.ours else decoded[:_WARM_UP])
    ]
    return Round(
        wafer=_times(opened.from_wafer, decoded, seconds),
        png=_times(opened.from_png, pictures, seconds),
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        labels=labels if contender.ours else [],
    )


def _times(call: Callable[[_Input], int], inputs: Sequence[_Input], seconds: float) -> Times:
    spent: list[tuple[float, float]] = []
    end = time.perf_counter() + seconds
    while len(spent) < _LEAST_CALLS or time.perf_counter() < end:
        each = inputs[len(spent) % len(inputs)]
        processor, began = time.process_time(), time.perf_counter()
        call(each)
        ended = time.perf_counter()
        spent.append((ended - began, time.process_time() - processor))
    wall, processor_spent = np.array(spent).T * 1000
    p50, p99 = np.percentile(wall, [50, 99])
    return Times(p50=p50, p99=p99, processor_p50=np.median(processor_spent))


def main() -> None:
    """Measure, and print the round as JSON in the last line."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    number, folder, seconds = sys.argv[1:]
    print(measure(int(number), Path(folder), float(seconds)).model_dump_json())


if __name__ == "__main__":
    main()
