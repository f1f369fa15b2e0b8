"""The way back of a rollout: over when the devices are off the candidate, and told if they are not."""

import pytest
from moto import mock_aws
from rollout_parts import CANARY, EARLY, POLL_S, SECOND, SILENT_S, make_fleet
from training_parts import FIRST

from lambdas.loop.rollout_records import Wish


@pytest.fixture
def fleet(monkeypatch, tmp_path):
    """A candidate that runs in the canaries' ring; a person does not want it."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        fleet = make_fleet(tmp_path)
        fleet.through_shadow()
        fleet.take_up(CANARY)
        fleet.wish(Wish.ABORT)
        fleet.obeys = False
        fleet.steps()
        yield fleet


def later(fleet, **said):
    """Have time go by until the way back is deployed anew, or given up; the canaries say what they run."""
    fleet.now_ms += SILENT_S * 1000
    fleet.beat_all(CANARY, **said)
    fleet.steps()


def test_a_rollout_is_over_when_its_devices_are_off_the_candidate(fleet):
    assert fleet.line.rollout == "000001"
    assert fleet.figures["state"] == f"2 devices online still run {SECOND}"
    assert fleet.step() == POLL_S

    fleet.beat_all(CANARY, model=FIRST)
    fleet.steps()
    assert fleet.line.rollout is None
    assert len(fleet.told()) == 1


def test_a_device_that_is_offline_holds_no_way_back_up(fleet):
    fleet.now_ms += 2 * SILENT_S * 1000
    fleet.steps()

    assert fleet.line.rollout is None
    assert len(fleet.told()) == 1


def test_a_way_back_goes_out_at_once_and_is_stopped_by_no_failure(fleet):
    *_, back = fleet.greengrass.made

    assert back["iotJobConfiguration"] == {"jobExecutionsRolloutConfig": {"maximumPerMinute": 1000}}


def test_a_way_back_that_was_canceled_is_deployed_anew(fleet):
    before = fleet.greengrass.to(CANARY)
    fleet.greengrass.ended[before[-1]] = "CANCELED"
    later(fleet, model=FIRST)
    assert fleet.line.rollout == "000001"
    assert len(fleet.greengrass.to(CANARY)) == len(before) + 1
    fleet.step()

    assert fleet.line.rollout is None
    assert f"the deployment to {CANARY} ended; deployed again" in fleet.told()[1]["text"]


def test_devices_that_stay_on_the_candidate_are_told_and_hold_up_nothing_for_good(fleet):
    before = fleet.greengrass.to(CANARY)
    for _ in range(3):
        assert fleet.line.rollout == "000001"
        later(fleet, model=SECOND)

    assert fleet.line.rollout is None
    assert len(fleet.greengrass.to(CANARY)) == len(before) + 2
    first, *anew, last = fleet.told()
    assert f"{FIRST} is deployed again wherever it came to" in first["text"]
    assert all("deployed again" in each["text"] for each in anew)
    still = f"faba--camera1, fabb--camera1 still run {SECOND}"
    assert f"{still}; deployed 3 times in vain" in last["text"]
    assert "faba" not in str(fleet.paper.stages[-1])


def test_a_ring_that_somebody_else_deployed_to_since_is_not_waited_for(fleet):
    fleet.greengrass.create_deployment(
        targetArn=fleet.greengrass.made[-1]["targetArn"],
        components={"com.fabwafer.Model": {"componentVersion": "9.9.9"}},
        clientToken="by-hand",
    )
    fleet.steps()

    assert fleet.line.rollout is None
    assert fleet.greengrass.runs(CANARY) == {"com.fabwafer.Model": "9.9.9"}
    assert fleet.greengrass.runs(EARLY) == {"com.fabwafer.Model": "1.1.0"}
