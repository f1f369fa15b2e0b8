"""The sequential tests of a rollout: their error rates, simulated with lots that cluster."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_rollout import LABELS, seeded, spoilt, wafers

from fabwafer.betting import above, below
from fabwafer.expectation import Baseline, Share, expect
from fabwafer.guards import Opinion, Seen, graver, judged
from fabwafer.release import Comparison, Cost, LabelWorth, Pair, Replay, Routed, Worth

RUNS = 60


def stopped(guards):
    return [guard.name for guard in guards if guard.reached is not None]


def alone(seen):
    """The same wafers where nothing runs beside the candidate."""
    return [replace(each, current=None) for each in seen]


def baseline() -> Baseline:
    seen = wafers(seeded(-1), 600)
    return Baseline(
        wafers=len(seen),
        abstained=sum(not each.candidate.accepted for each in seen),
        alerts=sum(each.candidate.alert for each in seen),
        labels=Counter(each.candidate.label for each in seen),
        edge_ms=10.0,
    )


BESIDE = expect(None, Baseline(edge_ms=10.0))
ALONE = expect(None, baseline())


@pytest.mark.parametrize(("mean", "limit"), [(0.05, 0.05), (0.3, 0.3)])
def test_a_mean_at_its_limit_is_told_no_more_often_than_promised(mean, limit):
    draw, needed = seeded(1), 20.0
    told = [
        above((float(draw.random() < mean) for _ in range(400)), limit, needed).reached
        for _ in range(400)
    ]
    assert sum(each is not None for each in told) / len(told) <= 1 / needed


def test_a_mean_far_above_its_limit_is_told_within_a_dozen_values():
    found = above([1.0] * 50, 0.1, 200)
    assert found.reached is not None
    assert found.reached <= 12


def test_a_mean_below_its_limit_is_told_too():
    assert below([0.0] * 200, 0.1, 20).reached is not None
    assert below([0.2] * 200, 0.1, 20).reached is None


def test_what_was_told_once_stays_told_whatever_comes_after():
    assert above([1.0] * 20 + [0.0] * 500, 0.1, 200).reached is not None


def test_differences_may_be_negative():
    found = above([1.0, -1.0] * 100, 0.1, 200, lowest=-1.0)
    assert (found.reached, found.mean) == (None, 0.0)


@pytest.mark.parametrize("clustering", [0.05, 0.15, 0.3])
def test_a_good_candidate_is_hardly_ever_stopped_beside_the_model_in_use(clustering):
    runs = [wafers(seeded(n), 200, clustering=clustering) for n in range(RUNS)]
    assert sum(bool(stopped(judged(seen, BESIDE))) for seen in runs) / RUNS <= 0.03


@pytest.mark.parametrize("clustering", [0.05, 0.15])
def test_a_good_candidate_is_hardly_ever_stopped_in_the_canary_ring(clustering):
    runs = [wafers(seeded(n), 200, clustering=clustering) for n in range(RUNS)]
    assert sum(bool(stopped(judged(alone(seen), ALONE))) for seen in runs) / RUNS <= 0.03


def random_label(draw: Random):
    return lambda _: Opinion(draw.choice(LABELS), accepted=True, alert=True)


def half_wrong(draw: Random):
    def say(said: Opinion) -> Opinion:
        wrong = Opinion(draw.choice(LABELS[1:]), accepted=True, alert=True)
        return said if draw.random() < 0.5 else wrong

    return say


def all_normal(_: Random):
    return lambda _: Opinion("none", accepted=True, alert=False)


def unsure(draw: Random):
    return lambda said: Opinion(said.label, draw.random() < 0.4, said.alert)


GROSS = [
    pytest.param(random_label, 0.95, id="says anything"),
    pytest.param(unsure, 0.85, id="asks people about most"),
]
FINER = [
    pytest.param(half_wrong, 0.95, id="wrong every second time"),
    pytest.param(all_normal, 0.8, id="sees no defect, where there are any"),
]


@pytest.mark.parametrize(("bad", "least"), [*GROSS, *FINER])
def test_a_bad_candidate_ends_within_a_hundred_wafers_beside_the_model_in_use(bad, least):
    ended = 0
    for n in range(RUNS):
        draw = seeded(n)
        ended += bool(stopped(judged(spoilt(wafers(draw, 100), bad(draw)), BESIDE)))
    assert ended / RUNS >= least


@pytest.mark.parametrize(("bad", "least"), GROSS)
def test_a_bad_candidate_ends_within_a_hundred_wafers_in_the_canary_ring(bad, least):
    ended = 0
    for n in range(RUNS):
        draw = seeded(n)
        ended += bool(stopped(judged(alone(spoilt(wafers(draw, 100), bad(draw))), ALONE)))
    assert ended / RUNS >= least


def excursion(seen, say):
    """Half of the wafers get a defect that was never there before; the model before is sure of it."""
    donut = Opinion("Donut", accepted=True, alert=True)
    return [
        each
        if number % 2
        else replace(each, current=donut, candidate=say(donut), asked=False, truth=None)
        for number, each in enumerate(seen)
    ]


@pytest.mark.parametrize("lacking", ["none", "Loc"])
def test_a_class_that_a_candidate_lacks_shows_itself_when_it_comes(lacking):
    lost = Opinion(lacking, accepted=True, alert=lacking != "none")
    told = [
        guard.reached
        for guard in judged(excursion(wafers(seeded(3), 100), lambda _: lost), ALONE)
        if guard.reached
    ]
    assert min(told) <= 40


def test_an_excursion_that_both_models_see_stops_no_candidate():
    assert stopped(judged(excursion(wafers(seeded(3), 200), lambda said: said), ALONE)) == []


def test_wafers_that_the_model_before_did_not_see_are_judged_on_their_own():
    seen = wafers(seeded(3), 120)
    half = [*seen[:60], *alone(seen[60:])]
    counts = {guard.name: guard.wafers for guard in judged(half, ALONE)}
    assert (counts["disagreement"], counts["alerts"]) == (60, 60)
    assert sum(name.startswith("slower") for name in counts) == 1


def test_whose_doubts_chose_the_wafers_decides_nothing_between_two_models():
    current = Opinion("none", accepted=True, alert=False)
    wrong = Opinion("Loc", accepted=False, alert=False)
    seen = [Seen(wrong, current, truth="none") for _ in range(40)]
    assert "more errors by reviewers" not in stopped(judged(seen, BESIDE))


@given(share=st.floats(0, 1), wafers=st.integers(0, 500), hit=st.booleans())
def test_any_share_can_be_expected(share, wafers, hit):
    expected = replace(
        ALONE, abstained=Share(share, wafers), alerts=Share(share), overridden=Share(share)
    )
    opinion = Opinion("none", accepted=not hit, alert=hit)
    guards = judged([Seen(opinion, truth="Loc" if hit else "none")] * 30, expected)
    assert all(0 <= guard.limit <= 1 for guard in guards if not guard.name.startswith("slower"))


def worth(**recalls: float) -> Worth:
    labels = {
        name: LabelWorth(wafers=100, called=100, recall=recall, precision=0.9, f1=0.9)
        for name, recall in recalls.items()
    }
    return Worth(
        wafers=400, macro_f1=0.9, accuracy=0.9, ece=0.01, accepted=0.9, escapes=0, labels=labels
    )


def routed(**counts: int) -> Routed:
    return Routed(alerts=100, reviews=90, refused=0, by_label=counts)


def learned(replay: Replay | None) -> Comparison:
    """A candidate that tells Scratch, which the model in use has never heard of."""
    return Comparison(
        candidate="wafer-map@2",
        current="wafer-map@1",
        test=Pair(candidate=worth(Loc=0.9, Scratch=0.8), current=worth(Loc=0.9)),
        replay=replay,
        candidate_cost=Cost(size_bytes=1, latency_ms=1),
    )


REPLAY = Replay(
    wafers=1000,
    candidate=routed(none=800, Loc=100, Scratch=100),
    current=routed(none=880, Loc=120),
    changed=130,
)


def test_a_class_that_was_learned_explains_that_models_contradict_each_other():
    expected = expect(learned(REPLAY), Baseline())
    assert expected.learned == {"Scratch"}
    assert expected.contradicted.value == pytest.approx(0.13)
    assert expected.unexplained.value == pytest.approx(0.03)


@pytest.mark.parametrize("replay", [REPLAY, None], ids=["with a replay", "without one"])
def test_a_candidate_that_calls_what_it_learned_is_not_stopped(replay):
    draw, seen = seeded(3), wafers(seeded(3), 200)
    scratch = Opinion("Scratch", accepted=True, alert=True)
    found = spoilt(seen, lambda said: scratch if draw.random() < 0.25 else said)

    assert stopped(judged(found, expect(learned(replay), Baseline()))) == []
    assert stopped(judged(found, BESIDE)) != []


def test_a_candidate_that_calls_everything_what_it_learned_is_stopped():
    scratch = Opinion("Scratch", accepted=True, alert=True)
    found = spoilt(wafers(seeded(3), 100), lambda _: scratch)
    assert "disagreement" in stopped(judged(found, expect(learned(REPLAY), Baseline())))


def test_reviewers_decide_between_two_models():
    current = Opinion("none", accepted=False, alert=False)
    wrong = Opinion("Loc", accepted=False, alert=False)
    seen = [Seen(wrong, current, truth="none") for _ in range(40)]
    right = [Seen(wrong, current, truth="Loc") for _ in range(40)]

    assert "more errors by reviewers" in stopped(judged(seen, BESIDE))
    assert "more errors by reviewers" not in stopped(judged(right, BESIDE))


def test_a_guard_says_what_it_found_and_what_it_expected():
    found = spoilt(wafers(seeded(3), 100), lambda _: Opinion("Loc", False, False))
    words = [guard.words for guard in judged(found, BESIDE) if guard.reached]
    assert any("expected 0.050, limit 0.100, passed after" in each for each in words)


def test_a_limit_leaves_room_for_what_is_not_known_better():
    assert Share(0.1, 100).limit(0.05) == pytest.approx(0.21)
    assert Share(0.1).limit(0.05) == pytest.approx(0.15)
    assert Share(0.9, 10).limit(0.3) == pytest.approx(0.95)


def test_of_two_sets_of_wafers_the_one_that_speaks_against_a_figure_counts():
    good, bad = (
        judged(wafers(seeded(3), 60), BESIDE),
        judged(spoilt(wafers(seeded(4), 60), lambda said: replace(said, label="Donut")), BESIDE),
    )

    assert stopped(graver(good, bad)) == stopped(graver(bad, good)) == stopped(bad)
    assert stopped(graver(good, [])) == []
