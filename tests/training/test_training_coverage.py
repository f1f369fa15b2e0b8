import numpy as np
import pytest

from training.bundle.coverage import by_label, uncovered
from training.worth.metrics import Decisions

LABELS = ("none", "Loc", "Donut", "Scratch")


def decisions(truth: list[int], predicted: list[int], sure: list[bool]) -> Decisions:
    size = len(truth)
    return Decisions(
        truth=np.array(truth),
        predicted=np.array(predicted),
        probabilities=np.eye(len(LABELS))[predicted],
        accepted=np.array(sure),
        lots=np.arange(size),
        labels=LABELS,
        normal=0,
        sure=np.array(sure),
    )


def test_a_label_without_a_calibration_wafer_is_not_covered() -> None:
    said = decisions([0, 1, 1], [0, 1, 2], [True] * 3)
    assert uncovered(said) == ["Donut", "Scratch"]
    assert by_label(said)["Donut"] is None


def test_the_normal_label_is_no_defect_that_could_escape() -> None:
    said = decisions([1, 2, 3], [1, 2, 3], [True] * 3)
    assert uncovered(said) == []
    assert by_label(said).keys() == {"Loc", "Donut", "Scratch"}


def test_what_passes_as_normal_unseen_is_counted_by_label() -> None:
    said = decisions([1] * 4 + [2] * 2, [0, 0, 1, 2, 0, 2], [True, False, True, True, True, True])
    told = by_label(said)
    assert told["Loc"]["share"] == pytest.approx(1 / 4)
    assert told["Donut"]["share"] == pytest.approx(1 / 2)
    assert (told["Loc"]["wafers"], told["Loc"]["lots"]) == (4, 4)
    assert told["Loc"]["bound"] > 0.25


def test_few_wafers_promise_little() -> None:
    few, many = (decisions([1] * n, [1] * n, [True] * n) for n in (3, 300))
    assert by_label(few)["Loc"]["bound"] > 0.5
    assert by_label(many)["Loc"]["bound"] < 0.02
