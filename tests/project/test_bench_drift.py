import numpy as np
import pytest

from bench.drift import process
from bench.drift.clustering import Clustering, fit, kept, whole_lots
from fabwafer.process_drift import Rules
from fabwafer.usual_rate import USUAL_CLUSTERING


def test_rate_and_clustering_are_found_again():
    drawn = process.lots(np.random.default_rng(3), Clustering(0.05, 0.1), 4000)
    found = fit(drawn[:, -1], np.full(4000, process.LOT))
    assert found.rate == pytest.approx(0.05, rel=0.1)
    assert found.clustering == pytest.approx(0.1, rel=0.15)
    assert sum(found.lots_by_hits) == 4000


def test_only_whole_lots_count():
    place, sizes = whole_lots(np.array([7] * 25 + [8] * 3 + [9] * 20))
    assert (place[0], place[25], place[28]) == (0, -1, 1)
    assert sizes.tolist() == [25, 20]


def test_the_usual_clustering_is_that_of_the_kept_estimate():
    assert pytest.approx(kept().median, abs=0.005) == USUAL_CLUSTERING


def test_a_rise_is_found_and_an_ordinary_month_is_quiet():
    rng, rules = np.random.default_rng(5), Rules(6.6)
    delay = process.delay(rng, 0.037, process.Rise(0.1, 3), rules)
    assert delay is not None
    assert 0 < delay < 1000
    assert process.false_alarms(rng, kept().labels["Near-full"], rules, 1) == 0


def test_real_lots_keep_their_rate():
    label = kept().labels["Edge-Loc"]
    drawn = process.real_lots(np.random.default_rng(2), label, 5000)[:, -1]
    assert drawn.mean() / process.LOT == pytest.approx(label.rate, rel=0.15)
