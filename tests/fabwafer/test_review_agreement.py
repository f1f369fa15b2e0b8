import pytest
from review_deeds import UNKNOWN, says

from fabwafer.agreement import Pair, cohen, fleiss, report
from fabwafer.history import Answer

WEEK_MS = 7 * 86_400_000
START_MS = 1_763_337_600_000


def pair(first: Answer, second: Answer, by=("ann", "bob"), **changes) -> Pair:
    return Pair(by[0], first, by[1], second, **{"at_ms": START_MS} | changes)


LOC, DONUT, NONE = says("Loc"), says("Donut"), says("none")


def test_all_who_agree_have_a_kappa_of_one():
    figure = fleiss([pair(LOC, LOC), pair(DONUT, DONUT)])
    assert (figure.percent, figure.kappa) == (1, 1)


def test_fleiss_kappa_of_a_table_worked_by_hand():
    # Loc is 5 of 8 answers, Donut 3: agreement 3/4, by chance (25 + 9) / 64.
    figure = fleiss([pair(LOC, LOC), pair(LOC, LOC), pair(DONUT, DONUT), pair(LOC, DONUT)])
    assert figure.percent == pytest.approx(0.75)
    assert figure.kappa == pytest.approx((0.75 - 34 / 64) / (1 - 34 / 64))


def test_cohens_kappa_of_a_table_worked_by_hand():
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: the example has agreement 0.7 and, by chance, 0.5.
    table = [(LOC, LOC)] * 20 + [(LOC, NONE)] * 5 + [(NONE, LOC)] * 10 + [(NONE, NONE)] * 15
    figure = cohen([pair(first, second) for first, second in table], "ann")
    assert (figure.pairs, figure.percent) == (50, pytest.approx(0.7))
    assert figure.kappa == pytest.approx(0.4)


def test_cohens_kappa_does_not_ask_who_read_first():
    table = [(LOC, LOC), (LOC, NONE), (NONE, NONE), (NONE, LOC), (LOC, LOC)]
    straight = cohen([pair(first, second) for first, second in table], "ann")
    turned = cohen([pair(b, a, ("bob", "ann")) for a, b in table], "ann")
    assert straight == turned


def test_agreement_that_chance_explains_is_worth_nothing():
    figure = fleiss([pair(LOC, LOC)])
    assert (figure.percent, figure.kappa) == (1, None)


def test_without_pairs_there_is_no_figure():
    assert report([]).overall.percent is None
    assert cohen([pair(LOC, LOC)], "nobody").kappa is None


def test_what_was_answered_in_bulk_counts_half():
    figure = fleiss([pair(LOC, LOC, bulk=True), pair(LOC, DONUT)])
    assert figure.percent == pytest.approx(0.5 / 1.5)
    assert (figure.pairs, figure.bulk_pairs) == (2, 1)


def test_a_label_is_judged_by_the_pairs_that_name_it():
    both = says("Loc", "Scratch")
    found = report([pair(both, LOC), pair(DONUT, DONUT), pair(UNKNOWN, DONUT)])
    assert (found.labels["Loc"].percent, found.labels["Loc"].kappa) == (1, 1)
    assert found.labels["Scratch"].percent == 0
    assert found.labels["Donut"].percent == pytest.approx(0.5)
    assert found.labels["unknown"].pairs == 1


def test_figures_come_by_reviewer_and_week():
    found = report([pair(LOC, LOC), pair(LOC, DONUT, ("ann", "cyd"), at_ms=START_MS + WEEK_MS)])
    assert {name: figure.pairs for name, figure in found.reviewers.items()} == {
        "ann": 2,
        "bob": 1,
        "cyd": 1,
    }
    assert list(found.weeks) == ["2025-W47", "2025-W48"]
