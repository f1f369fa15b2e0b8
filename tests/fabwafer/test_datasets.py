import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabwafer.datasets import Use, may_judge, settled_ms, use_of
from fabwafer.history import Answer, Reading, Verdict
from fabwafer.work_item import Review

LOC = Answer(Verdict.LABELS, ("Loc",))
DONUT = Answer(Verdict.LABELS, ("Donut",))


def reading(answer=LOC, reviewer="ann", **changes):
    return Reading(reviewer, answer, at_ms=7, seq=1, **changes)


def settled(answer=LOC, **changes):
    return Review("wafer~1", readings=(reading(answer),), **changes)


@pytest.mark.parametrize(
    ("review", "use"),
    [
        (settled(), Use.LEARN),
        (settled(Answer(Verdict.UNKNOWN)), Use.UNKNOWN),
        (settled(Answer(Verdict.BAD_IMAGE)), Use.BAD_IMAGE),
        (settled(Answer(Verdict.LABELS, ("Donut", "Loc"))), Use.SEVERAL),
        (settled(checks=(reading(DONUT, "bob"), reading(DONUT, "eve"))), Use.DOUBTED),
        (settled(checks=(reading(DONUT, "bob"),)), Use.LEARN),
        (settled(checks=(reading(DONUT, "bob"), reading(LOC, "eve"))), Use.LEARN),
    ],
    ids=["one label", "unknown", "bad image", "two labels", "doubted", "one check", "even checks"],
)
def test_what_becomes_of_a_settled_item(review, use):
    assert use_of(review, "faba/lot1", 0) is use


def test_an_item_that_is_not_settled_has_no_use():
    with pytest.raises(TypeError, match="expected a settled item"):
        use_of(Review("wafer~1"), "faba/lot1", 0)


@given(st.text(min_size=1), st.floats(0, 1), st.floats(0, 1))
def test_what_is_held_out_stays_held_out_when_more_is(group, share, more):
    few, many = sorted((share, more))
    if use_of(settled(), group, few) is Use.JUDGE:
        assert use_of(settled(), group, many) is Use.JUDGE


def test_a_lot_is_held_out_whole_and_a_share_of_lots():
    uses = [use_of(settled(), f"faba/lot{n}", 0.2) for n in range(2000)]

    assert 0.17 < uses.count(Use.JUDGE) / 2000 < 0.23


def test_an_answer_given_in_bulk_never_judges():
    assert may_judge(settled())
    assert not may_judge(Review("wafer~1", readings=(reading(bulk=True),)))


def test_an_item_was_settled_when_its_last_answer_was_given():
    assert (settled_ms(settled()), settled_ms(Review("wafer~1"))) == (7, 0)
