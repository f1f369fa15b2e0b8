from decimal import Decimal

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st
from lambda_events import RECEIVED_MS, prediction

from fabwafer.errors import ContractError
from fabwafer.messages import Prediction
from fabwafer.triage import Decision, ReviewReason
from lambdas.records import prediction_item

STORED = Decision(alert=False, review=None)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def item_of(decision: Decision = STORED, **changes):
    return prediction_item(
        Prediction(**prediction(**changes)), decision, "digest", RECEIVED_MS, RECEIVED_MS + 9
    )


def test_what_a_picture_tells_of_its_camera_is_stored_with_what_it_cannot_tell():
    levels = (0.0, None, 255.0)
    said = {"width": 33, "height": 33, "dies": 700, "levels": levels, "sharpness": 1.0}
    item = item_of(picture=said)
    assert item["picture"]["levels"] == [0, None, 255]
    assert TypeSerializer().serialize(item["picture"])


@given(
    novelty=st.floats(-1e37, 1e37),
    heat=st.lists(st.lists(st.floats(0, 1), max_size=3), max_size=3),
    extra=JSON,
)
def test_whatever_a_camera_says_can_be_stored_and_read_back(novelty, heat, extra):
    item = item_of(novelty=novelty, heat=heat, custom=extra)

    stored = {name: TypeSerializer().serialize(value) for name, value in item.items()}
    read = {name: TypeDeserializer().deserialize(value) for name, value in stored.items()}

    assert read == item
    assert float(read["novelty"]) == pytest.approx(novelty, rel=1e-15, abs=1e-120)


@pytest.mark.parametrize("changes", [{"sequence": 10**38}, {"novelty": 2e38}, {"novelty": -1e300}])
def test_a_number_that_no_table_holds_is_refused(changes):
    (field,) = changes
    with pytest.raises(ContractError, match=f"{field}: expected a number below 1e38"):
        item_of(**changes)


def test_a_score_too_small_for_the_table_is_stored_as_nothing():
    assert item_of(scores={"none": 1e-300})["scores"] == {"none": Decimal(0)}


def test_a_record_carries_its_index_keys_and_its_decision():
    item = item_of(Decision(alert=True, review=ReviewReason.NOVEL), lot="lot47", wafer=3)

    assert item["fab_camera"] == "faba/camera1"
    assert item["fab_lot"] == "faba/lot47"
    assert item["image_key"] == "faba/camera1/2019/04/01/img3-1554134552946.png"
    assert (item["alert"], item["review"]) == (True, "novel")
    assert (item["received_ms"], item["stored_ms"]) == (RECEIVED_MS, RECEIVED_MS + 9)


def test_a_prediction_without_lot_stays_out_of_the_lot_index():
    assert "fab_lot" not in item_of()


def test_unknown_fields_are_kept_together_whatever_they_are_called():
    item = item_of(digest="mine", alert_claim="mine", deep={"": [None, {"a": 1}]})

    assert item["extra"] == '{"digest":"mine","alert_claim":"mine","deep":{"":[null,{"a":1}]}}'
    assert item["digest"] == "digest"
    assert "alert_claim" not in item
