"""The same wafers decided by the int8 and by the float graph -> their figures side by side. NumPy alone."""

from dataclasses import dataclass

import numpy as np
from pydantic import JsonValue

from training.data.maps import Ints
from training.worth.bootstrap import interval
from training.worth.metrics import (
    Decisions,
    calibration_error,
    confusion,
    macro_f1,
    resampled,
)
from training.worth.summary import report

_FIGURES = ("macro_f1", "accuracy", "ece", "classes", "binary", "interval_95")


@dataclass(frozen=True)
class BothGraphs:
    """A figure of both graphs."""

    int8: float
    fp32: float


@dataclass(frozen=True)
class Comparison:
    """Both graphs on the same wafers.

    Attributes:
        wafers: How many.
        same_decisions: Share of them with the same label from both.
        of_class: Wafers of each class.
        found: How many of these each graph finds.
        macro_f1: Of each.
        macro_f1_forgiven: Of int8, had it not spoilt the one wafer that costs most.
        ece: Expected calibration error of each.
    """

    wafers: int
    same_decisions: float
    of_class: dict[str, int]
    found: dict[str, BothGraphs]
    macro_f1: BothGraphs
    macro_f1_forgiven: float
    ece: BothGraphs


def compare(int8: Decisions, fp32: Decisions) -> Comparison:
    """Compare what both graphs say of the same wafers."""
    labels = int8.labels
    matrix, floats = (confusion(each.truth, each.predicted, len(labels)) for each in (int8, fp32))
    errors = (
        calibration_error(each.confidence, each.predicted == each.truth) for each in (int8, fp32)
    )
    return Comparison(
        wafers=len(int8.truth),
        same_decisions=_same(int8, fp32),
        of_class=dict(zip(labels, floats.sum(1).tolist(), strict=True)),
        found={
            label: BothGraphs(int(matrix[n, n]), int(floats[n, n]))
            for n, label in enumerate(labels)
        },
        macro_f1=BothGraphs(float(macro_f1(matrix)), float(macro_f1(floats))),
        macro_f1_forgiven=_forgiven(matrix, int8, fp32),
        ece=BothGraphs(*errors),
    )


def _forgiven(matrix: Ints, int8: Decisions, fp32: Decisions) -> float:
    """Return int8's macro-F1 with the one decision put right that fp32 has right and that costs most."""
    spoilt = (fp32.predicted == fp32.truth) & (int8.predicted != int8.truth)
    cells = np.unique(np.stack((int8.truth[spoilt], int8.predicted[spoilt]), 1), axis=0)
    best = float(macro_f1(matrix))
    for truth, predicted in cells:
        repaired = matrix.copy()
        repaired[truth, predicted] -= 1
        repaired[truth, truth] += 1
        best = max(best, float(macro_f1(repaired)))
    return best


def beside(int8: Decisions, fp32: Decisions) -> dict[str, JsonValue]:
    """Return the float graph's figures, and what int8 loses: each draw of lots is the same for both."""
    floats = report(fp32)
    lost = macro_f1(resampled(fp32)) - macro_f1(resampled(int8))
    return {
        "fp32": {name: floats[name] for name in _FIGURES},
        "macro_f1_lost_interval_95": interval(lost),
        "same_decision_as_fp32": _same(int8, fp32),
    }


def _same(int8: Decisions, fp32: Decisions) -> float:
    return float((int8.predicted == fp32.predicted).mean())
