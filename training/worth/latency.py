"""Two graphs, some wafers -> milliseconds a wafer of each, on this machine and on one thread.

Counted is the thread's time on its core: what it waits for other programs' turns is no property of a graph.
"""

import time
from collections.abc import Sequence

import numpy as np
import onnxruntime as ort  # type: ignore[import-untyped]

from training.data.maps import Codes, Ints
from training.data.wafers import WaferSet
from training.worth.comparison import BothGraphs

RACES = 3
"""A race that int8 loses is run again: a busy machine is no reason to refuse a model."""
_WARM_UP = 20
_TIMED = 300
_SEED = 300


def to_time(wafers: WaferSet, indices: Ints) -> list[Codes]:
    """Return 300 maps, or all, drawn from those at `indices`."""
    drawn = np.random.default_rng(_SEED).permutation(indices)[:_TIMED]
    return [wafers.maps[int(index)] for index in drawn]


def race(
    int8: ort.InferenceSession, fp32: ort.InferenceSession, maps: Sequence[Codes], slower: float
) -> BothGraphs:
    """Return the medians of the first of three races that int8 does not lose by more than `slower`, else the last's.

    Args:
        int8: The one graph, as `sessions.open_model` opens it.
        fp32: The other one.
        maps: Wafers; the first 20 only warm up.
        slower: What int8 may take more, as a share of fp32's time.
    """
    for _ in range(RACES):
        medians = BothGraphs(*in_turns((int8, fp32), maps))
        if not is_slower(medians, slower):
            break
    return medians


def is_slower(medians: BothGraphs, slower: float) -> bool:
    """Tell whether int8 takes longer than it may."""
    return medians.int8 > medians.fp32 * (1 + slower)


def in_turns(sessions: Sequence[ort.InferenceSession], maps: Sequence[Codes]) -> list[float]:
    """Return the median milliseconds a wafer of each graph; the first 20 wafers only warm up.

    The graphs take turns, wafer by wafer: what else the machine does strikes all alike.
    """
    times: list[list[float]] = [[] for _ in sessions]
    for number, wafer in enumerate([*maps[:_WARM_UP], *maps]):
        turn = list(zip(sessions, times, strict=True))
        for session, taken in turn if number % 2 else turn[::-1]:
            began = time.thread_time()
            session.run(None, {"wafer": wafer})
            taken.append(1000 * (time.thread_time() - began))
    return [float(np.median(taken[len(maps[:_WARM_UP]) :])) for taken in times]
