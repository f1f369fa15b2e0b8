"""The process moved: beta-binomial sums over lots."""

import math
import random

import pytest

from fabwafer.cusum import Cusum
from fabwafer.process_drift import (
    Calls,
    Rules,
    Watched,
    evidence,
)
from fabwafer.process_drift import after_lot as after_lot_of
from fabwafer.process_drift import within_lot as within_lot_of
from fabwafer.usual_rate import USUAL_CLUSTERING, Baseline

RULES = Rules(threshold=6.0)
LOT = 25
MODEL = "m@1"


def after_lot(watched, hits, wafers, at_ms, rules):
    return after_lot_of(watched, Calls(MODEL, hits, wafers), at_ms, rules)


def within_lot(watched, under_way, at_ms, rules):
    return within_lot_of(watched, [Calls(MODEL, *each) for each in under_way], at_ms, rules)


def learned(rate=0.04, lots=200):
    """A label seen at this rate, spread evenly over lots of 25."""
    watched, hits = Watched(), 0.0
    for number in range(lots):
        hits += rate * LOT
        watched = after_lot(watched, int(hits), LOT, number, RULES)
        hits -= int(hits)
    return watched


@pytest.mark.parametrize(("rate", "rise"), [(0.002, 4.0), (0.02, 4.0), (0.05, 3.0), (0.3, 3.0)])
def test_a_rarer_label_is_watched_for_a_larger_rise(rate, rise):
    assert RULES.rise_of(learned(rate).usual) == rise


def test_a_model_that_is_not_known_yet_neither_rings_nor_quiets_the_others():
    watched = learned()
    for number in range(199):
        watched = after_lot_of(watched, Calls("m@2", 20, LOT), number, RULES)
    assert not watched.cusum.rings
    assert within_lot_of(watched, [Calls("m@2", 20, LOT)] * 9, 1, RULES) == watched
    assert within_lot(watched, [(20, LOT)] * 9, 1, RULES).cusum.rings


def test_each_model_has_its_own_usual_rate_and_all_have_one_sum():
    watched = learned(rate=0.04)
    for number in range(200):
        watched = after_lot_of(watched, Calls("m@2", 5, LOT), number, RULES)
    for number in range(200, 220):
        watched = after_lot_of(watched, Calls("m@2", 5, LOT), number, RULES)
        watched = after_lot(watched, 1, LOT, number, RULES)
    assert not watched.cusum.rings
    for model, hits in (("m@2", 15), (MODEL, 4)) * 3:
        watched = after_lot_of(watched, Calls(model, hits, LOT), 220, RULES)
    assert watched.cusum.rings


def test_only_the_latest_four_models_are_remembered():
    watched = Watched()
    for number in range(5):
        watched = after_lot_of(watched, Calls(f"m@{number}", 1, LOT), number, RULES)
    assert watched.models.keys() == {"m@1", "m@2", "m@3", "m@4"}
    assert watched.usual == watched.of("m@4").usual


@pytest.mark.parametrize("hits", [0, 40, 800, 9000])
def test_lots_with_other_hits_are_as_clustered_as_before(hits):
    lots = Baseline(200, 5000, 200, 30)
    moved = lots.with_hits(hits)
    assert moved.hits == min(hits, 5000)
    assert moved.clustering == pytest.approx(lots.clustering)
    assert lots.with_hits(200).squares == pytest.approx(30)


def beta_binomial(hits, wafers, rate, clustering):
    size = (1 - clustering) / clustering
    a, b = rate * size, (1 - rate) * size
    return (
        math.comb(wafers, hits)
        * math.gamma(hits + a)
        * math.gamma(wafers - hits + b)
        / math.gamma(wafers + size)
        * math.gamma(size)
        / (math.gamma(a) * math.gamma(b))
    )


def test_a_sum_rings_once_and_is_quiet_again_at_zero():
    cusum = Cusum().step(4, 10, 5).step(4, 20, 5)
    assert (cusum.rang_ms, cusum.since_ms, cusum.value) == (20, 10, 5)
    assert cusum.step(4, 30, 5).rang_ms == 20
    assert cusum.step(-9, 30, 5) == Cusum()


@pytest.mark.parametrize("hits", [0, 1, 4])
def test_evidence_is_the_log_of_the_ratio_of_two_beta_binomials(hits):
    usual = Baseline(200, 5000, 200, 16)
    rate, clustering = usual.rate, usual.clustering
    ratio = beta_binomial(hits, LOT, 3 * rate, clustering) / beta_binomial(
        hits, LOT, rate, clustering
    )
    assert evidence(hits, LOT, usual, 3) == pytest.approx(math.log(ratio))


def test_one_lot_alone_rings_nothing_even_full_of_a_defect():
    assert not after_lot(learned(), LOT, LOT, 1, RULES).cusum.rings
    assert not within_lot(learned(), [(LOT, LOT)], 1, RULES).cusum.rings


def test_nothing_rings_before_200_lots():
    watched = learned(lots=199)
    assert not within_lot(watched, [(25, 25)] * 20, 1, RULES).cusum.rings
    assert not after_lot(watched, 25, LOT, 1, RULES).cusum.rings


def test_a_threefold_rise_rings():
    watched, lots = learned(), 0
    while not watched.cusum.rings:
        watched = after_lot(watched, 3, LOT, lots, RULES)
        lots += 1
    assert lots < 15


def test_a_lot_under_way_may_ring_before_it_ends():
    watched = within_lot(learned(), [(9, 10), (9, 10)], 7, RULES)
    assert watched.cusum.rang_ms == 7
    assert not within_lot(learned(), [(0, 10), (1, 10)], 7, RULES).cusum.rings


@pytest.mark.parametrize("hits", range(0, 26, 5))
def test_a_look_that_is_spared_would_not_have_rung(hits):
    watched = learned()
    gain = evidence(hits, LOT, watched.usual, RULES.rise)
    rings = within_lot(watched, [(hits, LOT)], 1, RULES).cusum.rings
    assert rings == (watched.cusum.value + gain >= RULES.at(watched.usual))


def test_lots_of_an_excursion_never_become_usual():
    watched = learned()
    before = watched.usual
    while not watched.cusum.rings:
        watched = after_lot(watched, 5, LOT, 1, RULES)
    while watched.cusum.rings:
        watched = after_lot(watched, 0, LOT, 1, RULES)
    assert watched.usual == before


def test_lots_count_as_usual_when_the_sum_has_come_back_without_ringing():
    watched = after_lot(learned(), 3, LOT, 1, RULES)
    assert watched.of(MODEL).pending.lots == 1
    while watched.cusum.value:
        watched = after_lot(watched, 0, LOT, 1, RULES)
    assert watched.usual.lots > 201
    assert watched.of(MODEL).pending.lots == 0


def test_what_has_rung_for_200_lots_is_the_new_usual_rate():
    watched = learned(rate=0.04)
    for number in range(260):
        watched = after_lot(watched, 5, LOT, number, RULES)
    assert not watched.cusum.rings
    assert watched.usual.rate == pytest.approx(0.2, abs=0.01)


def test_clustering_follows_the_fabs_own_lots():
    rng = random.Random(811)  # noqa: S311  a simulation
    clustered, even = Watched(), Watched()
    for number in range(1000):
        share = rng.betavariate(0.05 * 2, 0.95 * 2)
        clustered = after_lot(
            clustered, sum(rng.random() < share for _ in range(LOT)), LOT, number, Rules(1e9)
        )
        even = after_lot(
            even, sum(rng.random() < 0.05 for _ in range(LOT)), LOT, number, Rules(1e9)
        )
    assert clustered.usual.plus(clustered.of(MODEL).pending).clustering == pytest.approx(
        1 / 3, abs=0.08
    )
    assert even.usual.plus(even.of(MODEL).pending).clustering < USUAL_CLUSTERING


def test_the_usual_rate_forgets_after_2000_lots():
    long_ago = Baseline(2000, 50_000, 500, 50)
    assert long_ago.plus(Baseline(2000, 50_000, 5000, 5000), 2000).rate > 0.05


@pytest.mark.parametrize(("rate", "more"), [(0.02, 0), (0.004, 2.5)], ids=["frequent", "rare"])
def test_a_rare_label_needs_more_to_ring(rate, more):
    assert RULES.at(Baseline(200, 5000, 5000 * rate, 1)) == RULES.threshold + more
