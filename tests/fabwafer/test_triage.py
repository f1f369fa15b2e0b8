import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fabwafer.messages import Prediction
from fabwafer.topics import Kind, Topic
from fabwafer.triage import (
    MAX_WAFERS_PER_ALERT,
    Decision,
    Policy,
    Refusal,
    ReviewReason,
    Severity,
    decide,
    fold,
    is_audited,
    review_request,
)

THE_THREE = [
    (
        '{"imgid":"img1","timestamp":1554134552944,"fab":"faba","camera":"camera1","prediction":"none","probability":0.9}',
        Decision(alert=False, review=None),
    ),
    (
        '{"imgid":"img2","timestamp":1554134552945,"fab":"faba","camera":"camera1","prediction":"loc","probability":0.4}',
        Decision(alert=False, review=ReviewReason.DOUBTFUL),
    ),
    (
        '{"imgid":"img3","timestamp":1554134552946,"fab":"faba","camera":"camera1","prediction":"loc","probability":0.9}',
        Decision(alert=True, review=None),
    ),
]


def prediction(label="Loc", probability=0.9, imgid="img1", camera="camera1", **more):
    identity = {"fab": "faba", "camera": camera, "imgid": imgid, "timestamp": 1554134552944}
    return Prediction(prediction=label, probability=probability, **identity, **more)


@pytest.mark.parametrize(
    ("text", "expected"), THE_THREE, ids=["sure none", "doubtful loc", "sure loc"]
)
def test_the_three_messages_of_the_contract_go_where_they_should(text, expected):
    topic = Topic("faba", "camera1", Kind.PREDICTION, json.loads(text)["imgid"])
    message = Prediction.parse(text.encode(), topic, received_ms=1554134552999)
    canonical = message.model_copy(
        update={"prediction": Policy().label_set.canonical(message.prediction)}
    )
    assert decide(canonical, Policy()) == expected


@pytest.mark.parametrize(
    ("label", "probability", "alert", "review"),
    [
        pytest.param("none", 1.0, False, None, id="surely nothing"),
        pytest.param("none", 0.79, False, ReviewReason.DOUBTFUL, id="perhaps nothing"),
        pytest.param("Loc", 0.5, True, ReviewReason.DOUBTFUL, id="at the alert threshold"),
        pytest.param("Loc", 0.49, False, ReviewReason.DOUBTFUL, id="below the alert threshold"),
        pytest.param("Loc", 0.8, True, None, id="at the accept threshold"),
    ],
)
def test_thresholds_belong_to_the_side_they_name(label, probability, alert, review):
    assert decide(prediction(label, probability), Policy()) == Decision(alert, review)


def test_a_label_of_its_own_threshold_is_judged_by_it():
    policy = Policy(accept={"Scratch": 0.95})
    assert decide(prediction("Scratch", 0.9), policy).review is ReviewReason.DOUBTFUL
    assert decide(prediction("Loc", 0.9), policy).review is None


def test_a_novel_wafer_goes_to_a_person_however_sure_the_model_is():
    policy = Policy(novelty=3.0)
    assert decide(prediction(novelty=3.1), policy).review is ReviewReason.NOVEL
    assert decide(prediction(novelty=3.0), policy).review is None
    assert decide(prediction(), policy).review is None


@pytest.mark.parametrize("label", ["none", "Loc"])
def test_a_refused_picture_goes_to_a_person_and_alerts_nobody(label):
    refused = prediction(label, 1.0, refused="shape", novelty=9.0)
    assert decide(refused, Policy(novelty=3.0)) == Decision(False, ReviewReason.REFUSED)


def test_a_reason_that_this_version_does_not_know_is_refused_all_the_same():
    assert decide(prediction(refused="upside down"), Policy()).review is ReviewReason.REFUSED


@pytest.mark.parametrize(
    ("measured", "reason"),
    [
        pytest.param({}, None, id="nothing measured"),
        pytest.param({Refusal.SHAPE: 0.2, Refusal.LEVELS: 20.0}, None, id="at the thresholds"),
        pytest.param({Refusal.SHAPE: 0.3}, Refusal.SHAPE, id="no disc"),
        pytest.param({Refusal.SHAPE: 9.0, Refusal.LEVELS: 99.0}, Refusal.LEVELS, id="the first"),
        pytest.param({Refusal.COLOUR: 1.0}, None, id="no threshold for it"),
    ],
)
def test_a_policy_names_the_first_measure_that_is_beyond_its_threshold(measured, reason):
    policy = Policy(refusal={Refusal.LEVELS: 20.0, Refusal.SHAPE: 0.2})
    assert policy.refuses(measured) is reason


def test_a_policy_of_before_refuses_nothing():
    policy = Policy.model_validate_json('{"novelty": null}')
    assert policy.refuses(dict.fromkeys(Refusal, 1e9)) is None


def test_a_policy_that_refuses_for_what_nobody_measures_is_refused():
    with pytest.raises(ValidationError, match="refusal"):
        Policy.model_validate_json('{"refusal": {"smell": 1.0}}')


def test_another_domain_brings_its_own_normal_label():
    policy = Policy(labels=("good", "dented"), normal="good")
    assert not decide(prediction("good"), policy).alert
    assert decide(prediction("dented"), policy).alert


def test_a_policy_whose_normal_label_is_unknown_is_refused():
    with pytest.raises(ValidationError, match="normal: expected one of good, bad, got 'fine'"):
        Policy(labels=("good", "bad"), normal="fine")


@pytest.mark.parametrize(
    ("probability", "novelty", "accepted"),
    [(0.8, None, True), (0.79, None, False), (0.8, 3.0, True), (0.8, 3.1, False)],
)
def test_what_is_sure_and_known_is_accepted(probability, novelty, accepted):
    assert Policy(novelty=3.0).accepts("Loc", probability, novelty) is accepted
    assert not Policy(novelty=3.0).accepts("Loc", probability, novelty, refused="shape")


def test_thresholds_for_unknown_labels_are_refused():
    with pytest.raises(ValidationError, match="accept: expected labels of"):
        Policy(accept={"Swirl": 0.9})


@given(st.floats(0, 1))
def test_a_repeat_is_audited_like_the_first(rate):
    assert is_audited(prediction(), rate) == is_audited(prediction(), rate)


def test_the_audit_sample_has_the_size_asked_for():
    wafers = [prediction(imgid=f"img{number}") for number in range(20_000)]
    share = sum(is_audited(wafer, 0.02) for wafer in wafers) / len(wafers)
    assert share == pytest.approx(0.02, abs=0.004)
    assert not any(is_audited(wafer, 0.0) for wafer in wafers)
    assert decide(wafers[0], Policy(), audit_rate=1.0).review is ReviewReason.AUDIT


def test_a_review_request_says_what_is_doubted_and_why():
    request = review_request(
        prediction("Loc", 0.4, lot="L7", model="wafer-map@1.0.0"), ReviewReason.DOUBTFUL
    )
    assert (request.imgid, request.lot, request.probability, request.reason) == (
        "img1",
        "L7",
        0.4,
        "doubtful",
    )


def test_alerts_fold_by_fab_camera_lot_and_class():
    wafers = [
        prediction("Loc", imgid="a", lot="L1"),
        prediction("Loc", imgid="b", lot="L1"),
        prediction("Loc", imgid="c", lot="L2"),
        prediction("Donut", imgid="d", lot="L1"),
        prediction("Loc", imgid="e", lot="L1", camera="camera2"),
    ]
    named = [[wafer.imgid for wafer in alert.wafers] for alert in fold(wafers)]
    assert sorted(named) == [["a", "b"], ["c"], ["d"], ["e"]]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["Loc", "Donut"])), max_size=60))
def test_every_wafer_is_named_in_exactly_one_alert(kinds):
    wafers = [prediction(label, imgid=f"img{n}", lot=lot) for n, (lot, label) in enumerate(kinds)]
    named = [wafer.imgid for alert in fold(wafers) for wafer in alert.wafers]
    assert sorted(named) == sorted(wafer.imgid for wafer in wafers)


def test_an_alert_never_outgrows_its_limit():
    wafers = [prediction(imgid=f"img{number}") for number in range(MAX_WAFERS_PER_ALERT + 1)]
    assert [len(alert.wafers) for alert in fold(wafers)] == [MAX_WAFERS_PER_ALERT, 1]
    assert len(fold(wafers)[0].to_bytes()) < 128 * 1024


@pytest.mark.parametrize(
    ("label", "wafers", "severity"),
    [
        pytest.param("Loc", 1, Severity.MINOR, id="one wafer"),
        pytest.param("Loc", 3, Severity.MAJOR, id="several of a lot"),
        pytest.param("Near-full", 1, Severity.CRITICAL, id="a wafer lost whole"),
    ],
)
def test_severity_grows_with_what_is_at_stake(label, wafers, severity):
    (alert,) = fold(
        [prediction(label, imgid=f"img{n}") for n in range(wafers)], critical=["Near-full"]
    )
    assert alert.severity == severity


def test_nothing_is_probable_enough_for_a_label_that_is_never_accepted():
    policy = Policy(accept={"Donut": 1.0})
    assert policy.is_doubtful("Donut", 1.0)
    assert not policy.is_doubtful("Loc", 1.0)
    assert decide(prediction("Donut", 1.0), policy).review is ReviewReason.DOUBTFUL
