"""Decisions -> what figures of a report are drawn from. NumPy alone, as evaluation."""

import numpy as np
from pydantic import JsonValue

from training.data.maps import Ints
from training.worth.bootstrap import Draws, interval
from training.worth.metrics import BINS, Decisions, binned, risk

WORST = 24
_POINTS = 200
_DIGITS = 6


def curves(decisions: Decisions, rows: Ints) -> dict[str, JsonValue]:
    """Return reliability, coverage against risk, and the most confident errors, named by their rows."""
    return {
        "reliability": _by_confidence(decisions),
        "coverage_risk": _by_coverage(decisions),
        "worst_errors": surest_errors(decisions, rows),
    }


def _by_confidence(decisions: Decisions) -> list[JsonValue]:
    """Return of each of 15 equal bins that has wafers its mean confidence, its share of right calls, its wafers."""
    right = decisions.predicted == decisions.truth
    position, draws = binned(decisions.confidence), Draws.of(decisions.lots)
    wafers = draws.totals(position, BINS)
    hits = draws.totals(position, BINS, right.astype(np.float64))
    shares = np.divide(hits, wafers, out=np.full_like(hits, np.nan), where=wafers > 0)
    bins: list[JsonValue] = []
    for number in np.unique(position):
        members = position == number
        bins.append(
            {
                "confidence": _rounded(decisions.confidence[members].mean()),
                "accuracy": _rounded(right[members].mean()),
                "interval_95": interval(shares[:, number]),
                "wafers": int(members.sum()),
            }
        )
    return bins


def _by_coverage(decisions: Decisions) -> list[JsonValue]:
    """Return (coverage, risk) at 200 coverages: the surest wafers first, and how many of them are wrong."""
    risks = risk(decisions)
    counts = np.unique(np.linspace(1, len(risks), min(_POINTS, len(risks))).round().astype(int))
    return [[_rounded(n / len(risks)), _rounded(risks[n - 1])] for n in counts]


def surest_errors(decisions: Decisions, rows: Ints, count: int = WORST) -> list[JsonValue]:
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
