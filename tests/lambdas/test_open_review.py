from decimal import Decimal

import pytest
from botocore.exceptions import EndpointConnectionError
from lambda_events import batch, failed, prediction, saved

from fabwafer.notices import ReviewRequest
from lambdas.open_review import handler, open_batch, priority
from lambdas.stores.tables import ReviewTable


class FailingTable(ReviewTable):
    def open_new(self, item):
        if item["imgid"] == "bad":
            raise EndpointConnectionError(endpoint_url="the table")
        return super().open_new(item)


def request(reason="doubtful", **changes):
    return ReviewRequest(reason=reason, **prediction(prediction="Loc", probability=0.4) | changes)


def test_a_request_opens_a_work_item(cloud, context):
    assert failed(handler(saved("review"), context)) == []

    (item,) = cloud.items("reviews")
    opened_at = int(item.pop("opened_at")["N"])
    assert opened_at > 0
    assert int(Decimal(item.pop("turn")["N"])) == 400_000 * 10**15 + opened_at
    assert item == {
        "item": {"S": "img2~1554134552945"},
        "imgid": {"S": "img2"},
        "timestamp": {"N": "1554134552945"},
        "fab": {"S": "faba"},
        "camera": {"S": "camera1"},
        "prediction": {"S": "Loc"},
        "probability": {"N": "0.4"},
        "reason": {"S": "doubtful"},
        "image_key": {"S": "faba/camera1/2019/04/01/img2-1554134552945.png"},
        "state": {"S": "open"},
        "fab_state": {"S": "faba/open"},
        "fab_queue": {"S": "faba/open"},
        "priority": {"N": "0.600000"},
        "version": {"N": "0"},
    }


def test_a_repeated_request_changes_nothing(cloud, context, capsys):
    handler(saved("review"), context)
    before = cloud.items("reviews")

    assert failed(handler(saved("review"), context)) == []

    assert cloud.items("reviews") == before
    assert '"Duplicates":[1.0]' in capsys.readouterr().out


def test_a_request_that_cannot_be_stored_comes_again_alone(cloud, telemetry):
    bodies = [request(imgid=name).model_dump_json() for name in ("bad", "good")]

    response = open_batch(batch("{}", *bodies), FailingTable("reviews"), telemetry)

    assert failed(response) == ["m0", "m1"]
    assert [item["imgid"]["S"] for item in cloud.items("reviews")] == ["good"]


@pytest.mark.parametrize(
    ("sooner", "later"),
    [
        pytest.param(request(probability=0.3), request(probability=0.7), id="the less sure"),
        pytest.param(request("novel"), request(probability=0.1), id="novel before doubtful"),
        pytest.param(request("refused"), request(probability=0.1), id="refused before doubtful"),
        pytest.param(
            request("suspected", probability=0.99), request(), id="a suspicion before doubtful"
        ),
    ],
)
def test_what_teaches_most_comes_first(sooner, later):
    assert priority(sooner) > priority(later)


def test_of_the_audit_sample_some_comes_before_whatever_waits_and_some_after_it():
    places = [priority(request("audit", imgid=f"img{number}")) for number in range(1000)]

    assert max(places) == priority(request("novel"))
    assert 50 < sum(place == 1 for place in places) < 200
    assert 400 < sum(place > Decimal("0.5") for place in places) < 700
    assert min(places) >= 0


def test_a_repeat_of_an_audited_wafer_has_the_same_place():
    assert priority(request("audit")) == priority(request("audit"))
