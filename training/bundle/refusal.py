"""What shows that a picture is no wafer map: its grey levels and the shape of its dies, measured in the graph.

`levels_of` and `shape_of` say the same in PyTorch. Both are 0 for a perfect picture of a wafer; the thresholds
are the policy's. The third measure, `training.bundle.novelty`, is of the network's features.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from training.bundle.nodes import Graph
from training.data.maps import HIGHEST_CODE, IS_DIE, IS_FAIL

LEVELS, SHAPE = "levels", "shape"
FAR = 41.0
"""A level this far from the three is nearer to the border between two of them."""
INSIDE, OUTSIDE = 0.95, 1.1
"""Radii, 1 the wafer's: within the first every wafer has dies, beyond the second none has."""
OUTSIDE_WEIGHT = 20.0
"""A die in a corner tells more than one that is missing: of 115,000 wafers only three have any."""
HOLE_WEIGHT = 0.13
"""Single dies are missing in many a wafer; most of a square of a tenth of the side in one of ten thousand."""
_FLOAT = 1
_STEPS = (0.0, 127.0, 128.0)
"""What each of the layers `is there`, `is die`, `fails` adds to a level."""
_SPLIT = ((1.0, -1.0, 0.0), (0.0, 1.0, -1.0), (0.0, 0.0, 1.0))
"""Sums over these layers -> sums over no die, pass, fail."""
Floats = npt.NDArray[np.float32]


class Layers(NamedTuple):
    """Names of values in a graph.

    Attributes:
        levels: The picture, float (height, width).
        grey: Whether these are levels, not codes.
        dies: (1, 2, height, width): is die, fails.
    """

    levels: str
    grey: str
    dies: str


def levels_of(wafer: Tensor) -> Tensor:
    """Return how far a picture, uint8 (height, width), is from the three levels; 0 for one of codes.

    The larger of two: the deviation of the levels within a kind of die, large in photographs, noise and gradients,
    and the percentage of pixels `FAR` from the agreed levels, large where others stand for them.
    """
    levels = wafer.float()
    grey = levels.amax() > HIGHEST_CODE
    at = int(grey)
    there = (torch.ones_like(levels), levels > IS_DIE[at], levels > IS_FAIL[at])
    layers = torch.stack([each.float().flatten() for each in there])
    off = (levels.flatten() - torch.tensor(_STEPS) @ layers) * grey
    split = torch.tensor(_SPLIT)
    sums, counts = split @ (layers @ off), split @ layers.sum(1)
    explained = (sums.square() / counts.clamp(min=1)).sum()
    deviation = ((off.square().sum() - explained) / len(off)).clamp(min=0).sqrt()
    return torch.maximum(deviation, 100 * (off.abs() > FAR).float().mean())


def shape_of(planes: Tensor) -> Tensor:
    """Return how far the dies of planes (2, side, side) are from a disc that fills the picture.

    The larger of two: the share of its inside that is no die, with twenty times the share of the corners that is;
    and of the emptiest square, a tenth of the side wide, an eighth of the share that is missing.
    """
    side = planes.shape[-1]
    whole = 1 + (planes * torch.from_numpy(_disc(side))).sum()
    missing = (1 - planes[:1]) * torch.from_numpy(_inside(side))
    hole = F.avg_pool2d(missing, _hole(side), 1).amax()
    return torch.maximum(whole, HOLE_WEIGHT * hole)


def add_levels(graph: Graph, layers: Layers) -> None:
    """Add the output `levels`, as `levels_of` gives it."""
    flat = graph.add("Reshape", layers.levels, graph.constant([1, -1]))
    dies = graph.add("Reshape", layers.dies, graph.constant([2, -1]))
    there = graph.add("Greater", flat, graph.constant(-1.0))
    every = graph.add("Concat", graph.add("Cast", there, to=_FLOAT), dies, axis=0)
    agreed = graph.add("MatMul", graph.constant(np.array([_STEPS], np.float32)), every)
    grey = graph.add("Cast", layers.grey, to=_FLOAT)
    off = graph.add("Mul", graph.add("Sub", flat, agreed), grey)
    split = graph.constant(np.array(_SPLIT, np.float32))
    across = graph.add("Transpose", off, perm=[1, 0])
    sums = graph.add("MatMul", split, graph.add("MatMul", every, across))
    counts = graph.add("ReduceSum", every, graph.constant([1]), keepdims=1)
    counts = graph.add("MatMul", split, counts)
    squares = graph.add("Mul", sums, sums)
    means = graph.add("Div", squares, graph.add("Max", counts, graph.constant(1.0)))
    explained = graph.add("ReduceSum", means, keepdims=0)
    left = graph.add("Sub", graph.add("ReduceSumSquare", off, keepdims=0), explained)
    variance = graph.add("Div", left, graph.add("ReduceSum", counts, keepdims=0))
    deviation = graph.add("Sqrt", graph.add("Max", variance, graph.constant(0.0)))
    far = graph.add("Greater", graph.add("Abs", off), graph.constant(FAR))
    share = graph.add("ReduceMean", graph.add("Cast", far, to=_FLOAT), keepdims=0)
    graph.add("Max", deviation, graph.add("Mul", share, graph.constant(100.0)), name=LEVELS)


def add_shape(graph: Graph, planes: str, side: int) -> None:
    """Add the output `shape`, as `shape_of` gives it for planes (1, 2, side, side)."""
    weighted = graph.add("Mul", planes, graph.constant(_disc(side)))
    total = graph.add("ReduceSum", weighted, keepdims=0)
    whole = graph.add("Add", total, graph.constant(1.0))
    dies = graph.add("Gather", planes, graph.constant([0]), axis=1)
    absent = graph.add("Sub", graph.constant(1.0), dies)
    missing = graph.add("Mul", absent, graph.constant(_inside(side)))
    windows = graph.add("AveragePool", missing, kernel_shape=[_hole(side)] * 2)
    hole = graph.add("ReduceMax", windows, keepdims=0)
    graph.add("Max", whole, graph.add("Mul", hole, graph.constant(HOLE_WEIGHT)), name=SHAPE)


def _disc(side: int) -> Floats:
    """Return weights (2, side, side) of the planes: each die inside takes away, each in a corner adds."""
    inside, outside = _inside(side), _radius(side) > OUTSIDE
    weights = np.zeros((2, side, side), np.float32)
    weights[0] = OUTSIDE_WEIGHT * outside / outside.sum() - inside / inside.sum()
    return weights


def _inside(side: int) -> Floats:
    return (_radius(side) < INSIDE).astype(np.float32)


def _radius(side: int) -> npt.NDArray[np.float64]:
    steps = (np.arange(side) - (side - 1) / 2) / (side / 2)
    radius: npt.NDArray[np.float64] = np.hypot(steps[:, None], steps)
    return radius


def _hole(side: int) -> int:
    return 2 * (side // 20) + 1
