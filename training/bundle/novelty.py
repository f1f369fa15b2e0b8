"""Features of the training lots -> how far a wafer's are from all that the network was taught.

Mahalanobis distance to the nearest class mean, one covariance for all classes (Lee et al. 2018, "A simple unified
framework for detecting out-of-distribution samples"), of the mean of the last feature map. The README has the
open-set study behind the choice.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fabwafer.bundle import FEATURES
from training.bundle.nodes import Graph
from training.data.maps import Ints

NOVELTY = "novelty"
PROJECTION, CENTRES = "novelty/projection", "novelty/centres"
_SHRINKAGE = 0.01
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Novelty:
    """The statistics of a network's features.

    Attributes:
        projection: (features, features): makes the spread around class means 1 in all directions together.
        centres: (classes, features): the projected class means.
    """

    projection: Floats
    centres: Floats

    def score(self, features: Floats) -> Floats:
        """Return distances (wafers,) of features (wafers, features); 1 is a usual wafer's."""
        away = (features @ self.projection)[:, None] - self.centres
        nearest: Floats = np.sqrt((away**2).sum(2).min(1))
        return nearest


def blank(features: int, classes: int) -> Novelty:
    """Return statistics of the right shapes, before there are any."""
    return Novelty(np.zeros((features, features)), np.zeros((classes, features)))


def fit(features: Floats, labels: Ints) -> Novelty:
    """Return the statistics of features (wafers, features) and their labels, every class among them.

    A feature that never changes would count without end: the covariance is shrunk towards a round one.
    """
    _, position = np.unique(labels, return_inverse=True)
    means = np.stack([features[position == n].mean(0) for n in range(position.max() + 1)])
    away = features - means[position]
    covariance = away.T @ away / len(away)
    size = len(covariance)
    round_one = np.eye(size) * max(float(np.trace(covariance)) / size, 1e-12)
    values, directions = np.linalg.eigh((1 - _SHRINKAGE) * covariance + _SHRINKAGE * round_one)
    projection = directions / np.sqrt(values * size)
    return Novelty(projection, means @ projection)


def add_novelty(graph: Graph, features: str, novelty: Novelty) -> None:
    """Add the outputs `novelty` and, which it is measured in, `features` for a feature map (1, features, n, n)."""
    pooled = graph.add("ReduceMean", features, axes=[0, 2, 3], keepdims=0, name=FEATURES)
    projection, centres = (
        graph.constant(values.astype(np.float32), name)
        for values, name in ((novelty.projection, PROJECTION), (novelty.centres, CENTRES))
    )
    away = graph.add("Sub", graph.add("MatMul", pooled, projection), centres)
    distances = graph.add("ReduceSumSquare", away, axes=[1], keepdims=0)
    graph.add("Sqrt", graph.add("ReduceMin", distances, keepdims=0), name=NOVELTY)
