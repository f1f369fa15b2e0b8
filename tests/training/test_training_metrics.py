import io
from dataclasses import replace

import numpy as np
import pytest

from fabwafer.triage import Policy
from training.evaluate import write_predictions
from training.worth.curves import curves
from training.worth.deciding import decide
from training.worth.metrics import (
    Decisions,
    calibration_error,
    confusion,
    macro_f1,
    precision_recall_f1,
)
from training.worth.summary import report

LABELS = ("none", "Loc", "Donut")


def decided(truth: list[int], predicted: list[int], accepted: list[int]) -> Decisions:
    probabilities = np.full((len(truth), 3), 0.1)
    probabilities[np.arange(len(truth)), predicted] = 0.8
    return Decisions(
        truth=np.array(truth),
        predicted=np.array(predicted),
        probabilities=probabilities,
        accepted=np.array(accepted, bool),
        lots=np.arange(len(truth)) // 2,
        labels=LABELS,
        normal=0,
    )


def test_figures_follow_from_the_counts() -> None:
    matrix = confusion(np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 0, 2]), 3)
    assert matrix.tolist() == [[2, 1, 0], [1, 1, 0], [0, 0, 1]]
    precision, recall, f1 = precision_recall_f1(matrix)
    assert precision == pytest.approx([2 / 3, 1 / 2, 1])
    assert recall == pytest.approx([2 / 3, 1 / 2, 1])
    assert macro_f1(matrix) == pytest.approx(f1.mean())


def test_a_class_that_does_not_occur_does_not_count() -> None:
    assert macro_f1(confusion(np.array([0, 1]), np.array([0, 1]), 9)) == 1


def test_a_class_that_is_only_called_wrongly_does_not_count_but_costs() -> None:
    assert macro_f1(confusion(np.array([0, 0]), np.array([0, 1]), 2)) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("confidence", "right", "error"),
    [
        pytest.param([0.9] * 10, [1] * 9 + [0], 0.0, id="honest"),
        pytest.param([0.9] * 10, [0] * 10, 0.9, id="boasting"),
        pytest.param([1.0] * 4, [1, 1, 1, 0], 0.25, id="certain"),
    ],
)
def test_calibration_error_is_the_gap_between_word_and_deed(
    confidence: list[float], right: list[int], error: float
) -> None:
    found = calibration_error(np.array(confidence), np.array(right, bool))
    assert found == pytest.approx(error, abs=1e-9)


def test_escapes_and_wrong_calls_are_those_nobody_would_look_at() -> None:
    figures = report(
        decided(
            truth=[0, 0, 1, 1, 2, 2, 0, 1],
            predicted=[0, 0, 0, 1, 1, 2, 1, 0],
            accepted=[1, 1, 1, 1, 1, 1, 0, 0],
        )
    )
    accepting = figures["accepting"]
    assert accepting["coverage"] == 6 / 8
    assert accepting["escapes"] == 1 / 5
    assert accepting["wrong_defect_calls"] == 1 / 3
    assert accepting["risk"] == 2 / 6
    assert figures["binary"]["recall"] == 3 / 5
    assert figures["binary"]["precision"] == 3 / 4
    assert figures["majority_baseline"] == 3 / 8
    assert figures["worst_class"]["label"] == "Loc"


def test_intervals_hold_the_figure_and_repeat() -> None:
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 3, 400)
    predicted = np.where(generator.random(400) < 0.8, truth, 0)
    first, second = (report(decided(list(truth), list(predicted), [1] * 400)) for _ in range(2))
    low, high = first["interval_95"]["macro_f1"]
    assert low < first["macro_f1"] < high
    assert first == second


def spoilt(seed: int, lots: int) -> Decisions:
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 3, 400)
    predicted = np.where(generator.random(400) < 0.8, truth, 0)
    decisions = decided(list(truth), list(predicted), [1] * 400)
    return replace(decisions, lots=np.arange(400) % lots)


def test_every_figure_that_a_reader_judges_by_has_an_interval() -> None:
    figures = report(spoilt(1, 40))
    within = figures["interval_95"]
    for name in ("macro_f1", "accuracy", "ece"):
        low, high = within[name]
        assert low < high
    for label, row in figures["classes"].items():
        for name in ("recall", "f1"):
            if row[name] < 1:
                low, high = within["classes"][label][name]
                assert low < row[name] < high
    for name in ("recall", "precision_at_recall_98.7"):
        low, high = within["binary"][name]
        assert low <= figures["binary"][name] <= high


def test_one_lot_tells_nothing_of_how_sure_a_figure_is() -> None:
    decisions = spoilt(1, 1)
    within = report(decisions)["interval_95"]
    assert within["macro_f1"] is None
    assert within["classes"]["Loc"]["recall"] is None
    assert within["binary"]["recall"] is None
    assert all(
        each["interval_95"] is None for each in curves(decisions, np.arange(400))["reliability"]
    )


def test_a_bins_interval_is_wider_where_lots_err_together() -> None:
    right = np.arange(400) // 10 % 4 > 0
    decisions = decided(list(np.where(right, 1, 2)), [1] * 400, [1] * 400)
    spans = []
    for lots in (np.arange(400), np.arange(400) // 10):
        (each,) = curves(replace(decisions, lots=lots), np.arange(400))["reliability"]
        spans.append(np.ptp(each["interval_95"]))
    assert spans[1] > 2 * spans[0]


@pytest.mark.parametrize(
    ("probability", "sure"),
    [pytest.param(0.94036, True, id="up"), pytest.param(0.94034, False, id="down")],
)
def test_a_probability_is_held_against_a_threshold_as_the_edge_rounds_it(
    probability: float, sure: bool
) -> None:
    policy = Policy(model="a@1", labels=("none", "Loc"), accept={"none": 0.9404})
    given = np.array([[probability, 1 - probability]])
    edge = policy.accepts("none", round(probability, 4), None)
    assert decide(given, policy)[1].tolist() == [sure] == [edge]


def test_a_line_names_row_label_and_every_probability() -> None:
    file = io.StringIO()
    write_predictions(file, np.array([77]), decided([0], [2], [1]))
    assert file.getvalue().splitlines() == [
        "row,prediction,probability,accepted,p_none,p_Loc,p_Donut",
        "77,Donut,0.800000,1,0.100000,0.100000,0.800000",
    ]
