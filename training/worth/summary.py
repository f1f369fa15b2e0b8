"""Decisions -> every figure of model.md's protocol, with 95 % intervals, ready for JSON. NumPy alone."""

import numpy as np
from pydantic import JsonValue

from training.worth.bootstrap import Draws, interval
from training.worth.doubts import shares
from training.worth.metrics import (
    BINS,
    Decisions,
    Floats,
    accepting,
    binary,
    binned,
    by_class,
    calibration_error,
    confusion,
    macro_f1,
    precision_recall_f1,
    resampled,
)


def report(decisions: Decisions) -> dict[str, JsonValue]:
    """Return every figure; under `interval_95` the intervals of some, None where draws of lots do not tell."""
    matrix = confusion(decisions.truth, decisions.predicted, len(decisions.labels))
    doubts, sure = decisions.doubts, decisions.sure
    right = decisions.truth == decisions.predicted
    classes = by_class(matrix, decisions.labels)
    worst = min((n for n in classes if classes[n]["support"]), key=lambda n: classes[n]["f1"])
    return {
        "wafers": len(right),
        "lots": len(np.unique(decisions.lots)),
        "macro_f1": float(macro_f1(matrix)),
        "accuracy": float(right.mean()),
        "majority_baseline": float(matrix.sum(1).max() / matrix.sum()),
        "ece": calibration_error(decisions.confidence, right),
        "classes": {label: {**row} for label, row in classes.items()},
        "worst_class": {"label": worst, **classes[worst]},
        "binary": {**binary(decisions)},
        "accepting": accepting(decisions),
        "doubts": None if doubts is None or sure is None else shares(doubts, sure),
        "interval_95": _intervals(decisions),
        "confusion": matrix.tolist(),
    }


def _intervals(decisions: Decisions) -> dict[str, JsonValue]:
    """The worst class' interval is that of its own line: which one is worst is another draw's luck."""
    draws = Draws.of(decisions.lots)
    matrices = resampled(decisions, draws)
    accuracy = np.trace(matrices, axis1=-2, axis2=-1) / matrices.sum((-2, -1))
    return {
        "macro_f1": interval(macro_f1(matrices)),
        "accuracy": interval(accuracy),
        "ece": interval(_calibration_errors(decisions, draws)),
        "classes": _of_classes(matrices, decisions.labels),
        "binary": _of_binary(decisions, draws),
    }


def _of_classes(matrices: Floats, labels: tuple[str, ...]) -> JsonValue:
    _, recall, f1 = precision_recall_f1(matrices)
    occurs = matrices.sum(-1) > 0
    recall, f1 = np.where(occurs, recall, np.nan), np.where(occurs, f1, np.nan)
    return {
        label: {"recall": interval(recall[:, n]), "f1": interval(f1[:, n])}
        for n, label in enumerate(labels)
    }


def _calibration_errors(decisions: Decisions, draws: Draws) -> Floats:
    """Draws scatter bins as lots do, and a gap counts whatever its sign: these lie above the figure rather than below."""
    gap = decisions.confidence - (decisions.truth == decisions.predicted)
    gaps = draws.totals(binned(decisions.confidence), BINS, gap)
    errors: Floats = np.abs(gaps).sum(1) / (draws.times @ np.bincount(draws.lot))
    return errors


def _of_binary(decisions: Decisions, draws: Draws) -> JsonValue:
    each = [binary(decisions, times[draws.lot]) for times in draws.times]
    return {name: interval(np.array([told[name] for told in each])) for name in each[0]}
