from dataclasses import replace
from typing import Any

import pytest

from fabwafer.messages import Prediction, image_key
from fabwafer.notices import Alert, WaferRef
from fabwafer.triage import Policy, decide
from sandbox.cameras import Logged
from sandbox.report import busiest_second, report
from sandbox.subscriber import AlertMessage
from sandbox.verify import Expected, Found, Picture, Played, discrepancies, expect

POLICY = Policy(accept={"Loc": 0.9})
NOW_MS = 1_750_000_000_000


def wafer(number: int, prediction: str = "none", probability: float = 0.99) -> Played:
    logged = Logged(
        imgid=f"img{number}",
        timestamp=NOW_MS + number,
        prediction=prediction,
        probability=probability,
        sha256="a" * 64,
        captured_at=NOW_MS + number,
        truth="none",
    )
    return Played("faba", "camera1", logged)


def alert(*wafers: Played, sent_ms: int = NOW_MS) -> AlertMessage:
    named = tuple(
        WaferRef(imgid=each.logged.imgid, timestamp=each.logged.timestamp, probability=1.0)
        for each in wafers
    )
    body = {"fab": "faba", "camera": "camera1", "prediction": "Loc", "severity": "minor"}
    return AlertMessage(sent_ms, Alert(**body, wafers=named))


def item(each: Played, **changes: Any) -> dict[str, Any]:
    return {
        "imgid": each.logged.imgid,
        "timestamp": each.logged.timestamp,
        "fab": each.fab,
        "camera": each.camera,
        "prediction": each.logged.prediction,
        "probability": each.logged.probability,
        "stored_ms": each.logged.captured_at + 100,
    } | changes


SURE, DEFECT, DOUBTFUL = wafer(1), wafer(2, "Loc", 0.95), wafer(3, "Scratch", 0.6)
PLAYED = [SURE, DEFECT, DOUBTFUL]
ALL_WELL = Found(
    stored=[item(each) for each in PLAYED],
    archived={each.key: Picture("a" * 64, NOW_MS + 500) for each in PLAYED},
    alerts=[alert(DEFECT), alert(DOUBTFUL)],
    reviews=[item(DOUBTFUL)],
    quarantined=[],
    leftovers={"PredictionsDlqUrl": 0},
)
EXPECTED = expect(PLAYED, POLICY, audit_rate=0)


def test_a_run_in_which_all_went_right_has_nothing_to_complain_of() -> None:
    assert discrepancies(PLAYED, EXPECTED, ALL_WELL) == []


QUARANTINE = [{"field": "probability", "value": "2", "expected": "at most 1"}]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        pytest.param({"stored": ALL_WELL.stored[1:]}, "1 wafers are not stored", id="not stored"),
        pytest.param(
            {"stored": [*ALL_WELL.stored, item(wafer(9))]}, "should not be", id="stored, not played"
        ),
        pytest.param({"archived": {}}, "3 wafers are not archived", id="not archived"),
        pytest.param({"alerts": []}, "2 wafers are not alerted", id="not alerted"),
        pytest.param(
            {"alerts": [alert(DEFECT, DOUBTFUL), alert(DEFECT)]},
            "1 wafers are alerted more than once",
            id="alerted twice",
        ),
        pytest.param(
            {"alerts": [alert(DEFECT, DOUBTFUL, SURE)]},
            "1 wafers are alerted and should not be",
            id="alerted without cause",
        ),
        pytest.param({"reviews": []}, "1 wafers are not up for review", id="not reviewed"),
        pytest.param({"reviews": [item(DOUBTFUL)] * 2}, "more than once", id="reviewed twice"),
        pytest.param({"leftovers": {"AlertsDlqUrl": 2}}, "2 messages are left", id="dead letters"),
        pytest.param({"quarantined": QUARANTINE}, "probability: expected at most 1", id="broken"),
        pytest.param(
            {"stored": [item(SURE, prediction="Loc"), *ALL_WELL.stored[1:]]},
            "1 records say another thing",
            id="another label stored",
        ),
        pytest.param(
            {"archived": {**ALL_WELL.archived, SURE.key: Picture("b" * 64, NOW_MS)}},
            "1 pictures are not as captured",
            id="another picture archived",
        ),
    ],
)
def test_whatever_is_off_is_named(change: dict[str, Any], complaint: str) -> None:
    complaints = discrepancies(PLAYED, EXPECTED, replace(ALL_WELL, **change))
    assert any(complaint in each for each in complaints)


def test_a_wafer_that_a_camera_numbered_twice_is_named() -> None:
    complaints = discrepancies([*PLAYED, SURE], EXPECTED, ALL_WELL)
    assert [each for each in complaints if "captured more than once" in each]


@pytest.mark.parametrize("refused", [None, "shape"])
@pytest.mark.parametrize("probability", [0.0, 0.49, 0.5, 0.79, 0.8, 0.89, 0.9, 1.0])
@pytest.mark.parametrize("label", ["none", "Loc", "Scratch"])
def test_the_expectation_is_what_triage_decides(
    label: str, probability: float, refused: str | None
) -> None:
    played = wafer(1, label, probability)
    played = replace(played, logged=played.logged.model_copy(update={"refused": refused}))
    prediction = Prediction(
        fab="faba",
        camera="camera1",
        imgid=played.logged.imgid,
        timestamp=played.logged.timestamp,
        prediction=label,
        probability=probability,
        refused=refused,
    )
    decision = decide(prediction, POLICY, audit_rate=0.5)
    expected = expect([played], POLICY, audit_rate=0.5)
    assert (bool(expected.alerts), bool(expected.reviews)) == (
        decision.alert,
        decision.review is not None,
    )


def test_a_picture_is_looked_for_where_the_contract_says() -> None:
    logged = SURE.logged
    assert SURE.key == image_key("faba", "camera1", logged.timestamp, logged.imgid)


def test_a_report_counts_what_is_missing_and_what_is_too_much() -> None:
    found = replace(ALL_WELL, stored=ALL_WELL.stored[1:], alerts=[alert(DEFECT), alert(DEFECT)])
    result = report(PLAYED, EXPECTED, found, setup_s=1.0, total_s=2.0)
    assert (result.published, result.stored, result.lost, result.duplicates) == (3, 2, 1, 1)
    assert result.expected == {"stored": 3, "archived": 3, "alerts": 2, "reviews": 1}
    assert result.accuracy == pytest.approx(1 / 3, abs=1e-4)
    assert result.latency_ms.p50 == 100
    assert result.problems


def test_a_run_that_played_too_little_is_no_success() -> None:
    assert discrepancies(PLAYED, replace(EXPECTED, wafers=len(PLAYED)), ALL_WELL) == []
    (line,) = discrepancies(PLAYED, replace(EXPECTED, wafers=len(PLAYED) + 1), ALL_WELL)
    assert line.startswith("3 of 4 wafers were captured")


def test_a_report_of_nothing_is_no_error() -> None:
    nothing = Found([], {}, [], [], [], {})
    result = report([], Expected(frozenset(), frozenset()), nothing, setup_s=1.0, total_s=2.0)
    assert (result.published, result.wafers_per_s, result.accuracy) == (0, 0.0, None)


@pytest.mark.parametrize(
    ("times_ms", "most"),
    [
        pytest.param([], 0, id="none"),
        pytest.param([0, 999, 1000], 2, id="a second ends before the next begins"),
        pytest.param([0, 900, 1100, 1800, 1899], 4, id="across the turn of a second"),
    ],
)
def test_the_busiest_second_may_begin_anywhere(times_ms: list[int], most: int) -> None:
    messages = [alert(DEFECT, sent_ms=NOW_MS + each) for each in times_ms]
    assert busiest_second(messages) == most
