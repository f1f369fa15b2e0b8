import base64
import math
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabwafer.errors import ContractError
from fabwafer.selection import (
    Candidate,
    pick,
    radius,
    read_embedding,
    released,
    spread,
    strangest,
)
from fabwafer.triage import ReviewReason

MODEL = "wafer-map@1.0.0"


def at(item: str, *vector: float, **changes) -> Candidate:
    return Candidate(item, **{"model": MODEL, "vector": vector} | changes)


def novel(item: str, novelty: float | None, model: str = MODEL) -> Candidate:
    return Candidate(item, model, novelty)


def items(found) -> list[str]:
    return [each.item for each in found]


def embedded(*signed: int) -> str:
    return base64.b64encode(bytes(each % 256 for each in signed)).decode()


points = st.lists(
    st.tuples(st.floats(-1, 1, width=16), st.floats(-1, 1, width=16)), min_size=3, max_size=9
)


@given(points, st.integers(1, 3))
def test_no_choice_of_as_many_leaves_less_than_half_the_gap(places, count):
    wafers = [at(str(n), *place) for n, place in enumerate(places)]

    chosen = spread(wafers, [], count)

    best = min(radius(wafers, some) for some in combinations(wafers, count))
    assert radius(wafers, chosen) <= 2 * best + 1e-9


def test_what_is_farthest_from_all_that_is_covered_comes_first():
    wafers = [at("near", 0.9, 0.1), at("far", -1.0, 0.0), at("side", 0.0, 1.0)]
    assert items(spread(wafers, [at("known", 1.0, 0.0)], 2)) == ["far", "side"]


def test_a_copy_of_what_is_covered_teaches_nothing():
    wafers = [at("copy", 1.0, 0.0), at("other", 0.0, 1.0), at("again", 0.0, 1.0)]
    assert items(spread(wafers, [at("known", 1.0, 0.0)], 3)) == ["other"]


def test_another_models_features_cover_nothing():
    wafers = [at("new", 1.0, 0.0, model="wafer-map@2.0.0")]
    assert items(spread(wafers, [at("old", 1.0, 0.0)], 1)) == ["new"]


def test_features_of_another_size_cover_nothing():
    assert items(spread([at("long", 1.0, 0.0, 0.0)], [at("short", 1.0, 0.0)], 1)) == ["long"]


def test_a_class_that_fills_the_day_takes_no_more_than_its_room():
    crowd = [at(f"usual{n}", 1.0, 0.01 * math.sin(n)) for n in range(300)]
    rare = [at("rare1", -1.0, 0.0), at("rare2", 0.0, 1.0), at("rare3", 0.0, -1.0)]
    assert set(items(rare)) <= set(items(spread([*crowd, *rare], [], 4)))


@pytest.mark.parametrize("count", [0, 1, 5, 8, 20])
def test_half_are_picked_for_novelty_and_half_for_diversity(count):
    wafers = [at(f"w{n}", math.cos(n), math.sin(n), novelty=float(n)) for n in range(10)]

    picks = pick(wafers, [], count)

    by_reason = [each.reason for each in picks]
    assert len(picks) == len(set(items(picks))) == min(count, 10)
    assert by_reason.count(ReviewReason.NOVEL) >= by_reason.count(ReviewReason.DIVERSE)
    if count == 8:
        assert items(picks)[:4] == ["w9", "w8", "w7", "w6"]
        assert by_reason == [ReviewReason.NOVEL] * 4 + [ReviewReason.DIVERSE] * 4


def test_where_no_features_are_told_novelty_picks_all():
    picks = pick([novel(f"w{n}", float(n)) for n in range(6)], [], 4)
    assert [(each.item, each.reason) for each in picks] == [
        (f"w{n}", ReviewReason.NOVEL) for n in (5, 4, 3, 2)
    ]


def test_where_no_novelty_is_told_diversity_picks_all():
    picks = pick([at("one", 1.0, 0.0), at("two", 0.0, 1.0)], [], 2)
    assert {each.reason for each in picks} == {ReviewReason.DIVERSE}
    assert sorted(items(picks)) == ["one", "two"]


def test_models_take_turns_for_their_novelty_has_scales_of_its_own():
    wafers = [
        *(novel(f"old{n}", 1000.0 + n) for n in range(3)),
        *(novel(f"new{n}", 0.1 * n, "wafer-map@2.0.0") for n in range(2)),
        novel("silent", None),
    ]
    assert items(strangest(wafers)) == ["old2", "new1", "old1", "new0", "old0"]


@pytest.mark.parametrize(
    ("share", "picked", "expected"),
    [
        pytest.param(0.0, 0, 0, id="nothing at midnight"),
        pytest.param(0.01, 0, 1, id="soon the first"),
        pytest.param(0.5, 12, 8, id="half at noon"),
        pytest.param(1.0, 0, 40, id="all in the end"),
        pytest.param(0.5, 30, 0, id="never less than none"),
    ],
)
def test_a_days_budget_is_released_bit_by_bit(share, picked, expected):
    assert released(40, share, picked) == expected


def test_an_embedding_is_read_as_a_direction():
    assert read_embedding(embedded(60, -80)) == pytest.approx((0.6, -0.8))
    assert read_embedding(embedded(30, -40)) == pytest.approx((0.6, -0.8))


def test_an_embedding_of_zeros_has_no_direction():
    assert read_embedding(embedded(0, 0)) is None


def test_an_embedding_that_is_no_base64_is_refused():
    with pytest.raises(ContractError, match=r"embedding: expected base64"):
        read_embedding("*")
