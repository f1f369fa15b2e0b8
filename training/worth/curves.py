"""Decisions -> what figures of a report are drawn from. NumPy alone, as evaluation."""

import numpy as np
from pydantic import JsonValue

from training.data.maps import Ints
from training.worth.metrics import BINS, Decisions

WORST = 24
_POINTS = 200
_DIGITS = 6


def curves(decisions: Decisions, rows: Ints) -> dict[str, JsonValue]:
    """Return reliability, coverage against risk, and the most confident errors, named by their rows."""
    return {
        "reliability": reliability(decisions),
        "coverage_risk": coverage_risk(decisions),
        "worst_errors": worst_errors(decisions, rows),
    }


def reliability(decisions: Decisions) -> list[JsonValue]:
    """Return for each of 15 equal bins that has wafers its mean confidence, its share of right calls, its wafers."""
    right = decisions.predicted == decisions.truth
    position = np.minimum((decisions.confidence * BINS).astype(int), BINS - 1)
    bins: list[JsonValue] = []
    for number in np.unique(position):
        members = position == number
        bins.append(
            {
                "confidence": _rounded(decisions.confidence[members].mean()),
                "accuracy": _rounded(right[members].mean()),
                "wafers": int(members.sum()),
            }
        )
    return bins


def coverage_risk(decisions: Decisions) -> list[JsonValue]:
    """Return (coverage, risk) at 200 coverages: the surest wafers first, and how many of them are wrong."""
    order = np.argsort(-decisions.confidence, kind="stable")
    wrong = np.cumsum((decisions.predicted != decisions.truth)[order])
    counts = np.unique(np.linspace(1, len(order), min(_POINTS, len(order))).round().astype(int))
    return [[_rounded(n / len(order)), _rounded(wrong[n - 1] / n)] for n in counts]


def worst_errors(decisions: Decisions, rows: Ints, count: int = WORST) -> list[JsonValue]:
    """Return the errors that the model was surest of, the surest first; `rows` name the wafers."""
    wrong = np.flatnonzero(decisions.predicted != decisions.truth)
    surest = wrong[np.argsort(-decisions.confidence[wrong], kind="stable")][:count]
    return [
        {
            "row": int(rows[at]),
            "label": decisions.labels[decisions.truth[at]],
            "prediction": decisions.labels[decisions.predicted[at]],
            "probability": _rounded(decisions.confidence[at]),
        }
        for at in surest
    ]


def _rounded(value: float) -> float:
    return round(float(value), _DIGITS)
