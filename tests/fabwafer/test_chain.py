from dataclasses import replace

import pytest

from fabwafer.chain import Chain, Learned, gaps

SHA, OTHER = "a" * 64, "b" * 64
LEARNED = Learned("000002", kept=True, training="completed", model="wafer-map@2", model_kept=True)
WHOLE = Chain(
    told=SHA,
    archived=SHA,
    model="wafer-map@1",
    has_thresholds=True,
    serial=3,
    has_model=True,
    is_signed=True,
    asked="doubtful",
    has_review=True,
    is_settled=True,
    learned=(LEARNED,),
)


def test_a_chain_that_leads_from_the_picture_to_the_model_that_learned_lacks_nothing():
    assert gaps(WHOLE) == ()


def test_a_wafer_that_nobody_was_asked_about_lacks_no_review():
    assert gaps(replace(WHOLE, asked=None, has_review=False, is_settled=False, learned=())) == ()


def test_a_dataset_whose_training_still_runs_lacks_no_model():
    learned = Learned("000002", kept=True, training="running")
    assert gaps(replace(WHOLE, learned=(learned,))) == ()


@pytest.mark.parametrize(
    ("changes", "gap"),
    [
        ({"archived": None}, "not in the archive"),
        ({"told": None}, "told no hash"),
        ({"archived": OTHER}, "not the one that the camera classified"),
        ({"model": None}, "named no model"),
        ({"has_thresholds": False}, "No thresholds are kept of wafer-map@1"),
        ({"serial": None}, "checked no signature"),
        ({"has_model": False, "is_signed": False}, "nothing is kept of that model"),
        ({"has_review": False}, "was not yet"),
        ({"is_whole": False}, "is broken"),
        ({"is_settled": False}, "no longer counts"),
        ({"learned": (replace(LEARNED, kept=False),)}, "Nothing is kept of dataset 000002"),
        ({"learned": (replace(LEARNED, training=None),)}, "Nothing was trained on dataset 000002"),
        ({"learned": (replace(LEARNED, model_kept=False),)}, "Nothing is kept of wafer-map@2"),
    ],
)
def test_a_missing_link_is_named_alone(changes, gap):
    [found] = gaps(replace(WHOLE, **changes))
    assert gap in found
