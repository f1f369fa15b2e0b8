"""Labels and probabilities -> figures. NumPy alone, so that evaluation needs no torch."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue

from training.data.maps import Ints
from training.worth.doubts import Doubts, shares

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
BINS = 15
RESAMPLES = 1000
_BOOTSTRAP_SEED = 20260101


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
    def blocked(self) -> Bools:
        """Tell which a person sees whatever the probability."""
        return self.doubts.any if self.doubts else np.zeros(len(self.truth), bool)


def confusion(truth: Ints, predicted: Ints, classes: int) -> Ints:
    """Return counts, rows true, columns predicted."""
    flat = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return flat.reshape(classes, classes).astype(np.int64)


def precision_recall_f1(matrix: Ints) -> tuple[Floats, Floats, Floats]:
    """Return three figures a class from counts (..., true, predicted); 0 where nothing is to divide by."""
    hits = np.diagonal(matrix, axis1=-2, axis2=-1).astype(np.float64)
    predicted, actual = matrix.sum(-2), matrix.sum(-1)
    f1 = 2 * hits / np.maximum(predicted + actual, 1)
    return hits / np.maximum(predicted, 1), hits / np.maximum(actual, 1), f1


def macro_f1(matrix: Ints) -> Floats:
    """Return the mean F1 over the classes that occur, for counts (..., true, predicted)."""
    occurs = matrix.sum(-1) > 0
    f1 = precision_recall_f1(matrix)[2]
    mean: Floats = np.where(occurs, f1, 0).sum(-1) / np.maximum(occurs.sum(-1), 1)
    return mean


def report(decisions: Decisions) -> dict[str, JsonValue]:
    """Return every figure of model.md's protocol, ready for JSON."""
    matrix = confusion(decisions.truth, decisions.predicted, len(decisions.labels))
    doubts, sure = decisions.doubts, decisions.sure
    right = decisions.truth == decisions.predicted
    return {
        "wafers": len(right),
        "lots": len(np.unique(decisions.lots)),
        "macro_f1": float(macro_f1(matrix)),
        "accuracy": float(right.mean()),
        "majority_baseline": float(matrix.sum(1).max() / matrix.sum()),
        "ece": calibration_error(decisions.confidence, right),
        **_classes(matrix, decisions.labels),
        "binary": _binary(decisions),
        "accepting": _accepting(decisions),
        "doubts": None if doubts is None or sure is None else shares(doubts, sure),
        "interval_95": _intervals(decisions),
        "confusion": matrix.tolist(),
    }


def _classes(matrix: Ints, labels: tuple[str, ...]) -> dict[str, JsonValue]:
    precision, recall, f1 = precision_recall_f1(matrix)
    table = {
        label: {
            "precision": float(precision[n]),
            "recall": float(recall[n]),
            "f1": float(f1[n]),
            "support": int(matrix[n].sum()),
        }
        for n, label in enumerate(labels)
    }
    met = [label for label in labels if table[label]["support"]]
    worst = min(met, key=lambda label: table[label]["f1"])
    return {
        "classes": {label: {**row} for label, row in table.items()},
        "worst_class": {"label": worst, **table[worst]},
    }


def calibration_error(confidence: Floats, right: Bools) -> float:
    """Return the expected calibration error of the predicted label over 15 equal bins (Guo et al. 2017)."""
    position = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gap = np.bincount(position, weights=confidence - right, minlength=BINS)
    return float(np.abs(gap).sum() / max(len(right), 1))


def _binary(decisions: Decisions) -> dict[str, JsonValue]:
    """Defect against normal, by the decision, and over all thresholds of 1 - p(normal)."""
    defect, called = decisions.truth != decisions.normal, decisions.predicted != decisions.normal
    hits = int((defect & called).sum())
    order = np.argsort(decisions.probabilities[:, decisions.normal], kind="stable")
    found = np.cumsum(defect[order])
    recall = found / max(int(defect.sum()), 1)
    precision = found / np.arange(1, len(order) + 1)
    return {
        "recall": hits / max(int(defect.sum()), 1),
        "precision": hits / max(int(called.sum()), 1),
        "precision_at_recall_98.7": float(precision[recall >= 0.987].max(initial=0)),
        "recall_at_precision_97": float(recall[precision >= 0.97].max(initial=0)),
    }


def _accepting(decisions: Decisions) -> dict[str, JsonValue]:
    """What nobody would look at, and how wrong that is."""
    accepted = decisions.accepted
    defect = decisions.truth != decisions.normal
    called = decisions.predicted != decisions.normal
    wrong = decisions.truth != decisions.predicted
    order = np.argsort(-decisions.confidence, kind="stable")
    risk = np.cumsum(wrong[order]) / np.arange(1, len(order) + 1)
    shares = (0.5, 0.8, 0.9, 0.95, 0.98, 1.0)
    return {
        "coverage": float(accepted.mean()),
        "risk": ratio(accepted & wrong, accepted),
        "escapes": ratio(accepted & defect & ~called, defect),
        "wrong_defect_calls": ratio(accepted & called & wrong, accepted & called),
        "risk_at_coverage": {f"{s:.2f}": float(risk[round(s * len(risk)) - 1]) for s in shares},
    }


def ratio(part: Bools, whole: Bools) -> float:
    """Return how much of `whole` is `part`; 0 of nothing."""
    return float(part.sum() / max(int(whole.sum()), 1))


def _intervals(decisions: Decisions) -> dict[str, JsonValue]:
    """Bootstrap over lots: wafers of a lot err together, so the lot is the unit."""
    figures: dict[str, Callable[[Ints], Floats]] = {
        "macro_f1": macro_f1,
        "accuracy": lambda m: np.trace(m, axis1=-2, axis2=-1) / m.sum((-2, -1)),
    }
    samples = resampled(decisions)
    return {
        name: [float(bound) for bound in np.percentile(figure(samples), (2.5, 97.5))]
        for name, figure in figures.items()
    }


def resampled(decisions: Decisions) -> Ints:
    """Return confusion matrices (1000, classes, classes) of lots drawn with replacement."""
    classes = len(decisions.labels)
    lots, lot = np.unique(decisions.lots, return_inverse=True)
    cell = decisions.truth * classes + decisions.predicted
    by_lot = np.zeros((len(lots), classes * classes), np.int64)
    np.add.at(by_lot, (lot, cell), 1)
    generator = np.random.default_rng(_BOOTSTRAP_SEED)
    even = np.full(len(lots), 1 / len(lots))
    times = generator.multinomial(len(lots), even, RESAMPLES)
    return (times @ by_lot).reshape(RESAMPLES, classes, classes)
