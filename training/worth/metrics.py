"""Labels and probabilities -> figures. NumPy alone, so that evaluation needs no torch."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue

from fabwafer.bundle import DIGITS
from training.data.maps import Ints
from training.worth.bootstrap import Draws
from training.worth.doubts import Doubts

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
BINS = 15


@dataclass(frozen=True)
class Decisions:
    """What a model said of wafers whose truth is known.

    Attributes:
        sure: Whose label is probable enough.
        doubts: What else is known of them, if the graph tells.
    """

    truth: Ints
    predicted: Ints
    probabilities: Floats
    accepted: Bools
    lots: Ints
    labels: tuple[str, ...]
    normal: int
    sure: Bools | None = None
    doubts: Doubts | None = None

    @property
    def confidence(self) -> Floats:
        """Return the probability of each predicted label."""
        return self.probabilities[np.arange(len(self.predicted)), self.predicted]

    @property
    def published(self) -> Floats:
        """Return the same as the edge publishes it, which is what it holds against a threshold."""
        return self.confidence.round(DIGITS)

    @property
    def blocked(self) -> Bools:
        """Tell which a person sees whatever the probability."""
        return self.doubts.any if self.doubts else np.zeros(len(self.truth), bool)


def confusion(truth: Ints, predicted: Ints, classes: int) -> Ints:
    """Return counts, rows true, columns predicted."""
    flat = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return flat.reshape(classes, classes).astype(np.int64)


def precision_recall_f1(matrix: Ints | Floats) -> tuple[Floats, Floats, Floats]:
    """Return three figures a class from counts (..., true, predicted); 0 where nothing is to divide by."""
    hits = np.diagonal(matrix, axis1=-2, axis2=-1).astype(np.float64)
    predicted, actual = matrix.sum(-2), matrix.sum(-1)
    f1 = 2 * hits / np.maximum(predicted + actual, 1)
    return hits / np.maximum(predicted, 1), hits / np.maximum(actual, 1), f1


def macro_f1(matrix: Ints | Floats) -> Floats:
    """Return the mean F1 over the classes that occur, for counts (..., true, predicted)."""
    occurs = matrix.sum(-1) > 0
    f1 = precision_recall_f1(matrix)[2]
    mean: Floats = np.where(occurs, f1, 0).sum(-1) / np.maximum(occurs.sum(-1), 1)
    return mean


def by_class(matrix: Ints, labels: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Return precision, recall, F1 and number of wafers (`support`) of each label."""
    precision, recall, f1 = precision_recall_f1(matrix)
    return {
        label: {
            "precision": float(precision[n]),
            "recall": float(recall[n]),
            "f1": float(f1[n]),
            "support": int(matrix[n].sum()),
        }
        for n, label in enumerate(labels)
    }


def binned(confidence: Floats) -> Ints:
    """Return for each probability in which of 15 equal bins it is."""
    return np.minimum((confidence * BINS).astype(np.int64), BINS - 1)


def calibration_error(confidence: Floats, right: Bools) -> float:
    """Return the expected calibration error of the predicted label over 15 equal bins (Guo et al. 2017)."""
    position = binned(confidence)
    gap = np.bincount(position, weights=confidence - right, minlength=BINS)
    return float(np.abs(gap).sum() / max(len(right), 1))


def binary(decisions: Decisions, times: Ints | None = None) -> dict[str, float]:
    """Return figures of defect against normal, by the decision, and over all thresholds of 1 - p(normal).

    Args:
        decisions: What was said of wafers.
        times: How often each wafer counts; once, unless told.
    """
    weights = np.ones(len(decisions.truth), np.int64) if times is None else times
    defect, called = decisions.truth != decisions.normal, decisions.predicted != decisions.normal
    hits, defects = int(weights[defect & called].sum()), max(int(weights[defect].sum()), 1)
    order = np.argsort(decisions.probabilities[:, decisions.normal], kind="stable")
    found = np.cumsum((weights * defect)[order])
    recall = found / defects
    precision = found / np.maximum(np.cumsum(weights[order]), 1)
    return {
        "recall": hits / defects,
        "precision": hits / max(int(weights[called].sum()), 1),
        "precision_at_recall_98.7": float(precision[recall >= 0.987].max(initial=0)),
        "recall_at_precision_97": float(recall[precision >= 0.97].max(initial=0)),
    }


def risk(decisions: Decisions) -> Floats:
    """Return how many of the surest 1, 2, ... wafers are wrong, as shares."""
    order = np.argsort(-decisions.confidence, kind="stable")
    wrong = np.cumsum((decisions.predicted != decisions.truth)[order])
    shares: Floats = wrong / np.arange(1, len(order) + 1)
    return shares


def accepting(decisions: Decisions) -> dict[str, JsonValue]:
    """Return what nobody would look at, and how wrong that is."""
    accepted = decisions.accepted
    defect = decisions.truth != decisions.normal
    called = decisions.predicted != decisions.normal
    wrong = decisions.truth != decisions.predicted
    risks = risk(decisions)
    shares = (0.5, 0.8, 0.9, 0.95, 0.98, 1.0)
    return {
        "coverage": float(accepted.mean()),
        "risk": ratio(accepted & wrong, accepted),
        "escapes": ratio(accepted & defect & ~called, defect),
        "wrong_defect_calls": ratio(accepted & called & wrong, accepted & called),
        "risk_at_coverage": {f"{s:.2f}": float(risks[round(s * len(risks)) - 1]) for s in shares},
    }


def ratio(part: Bools, whole: Bools) -> float:
    """Return how much of `whole` is `part`; 0 of nothing."""
    return float(part.sum() / max(int(whole.sum()), 1))


def resampled(decisions: Decisions, draws: Draws | None = None) -> Floats:
    """Return confusion matrices (1000, classes, classes) of lots drawn with replacement."""
    classes = len(decisions.labels)
    draws = draws or Draws.of(decisions.lots)
    cell = decisions.truth * classes + decisions.predicted
    return draws.totals(cell, classes * classes).reshape(-1, classes, classes)
