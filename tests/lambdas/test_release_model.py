"""A model through the rings, and back: every way that a rollout can go."""

import pytest
from botocore.exceptions import ClientError
from fake_greengrass import MODEL, SHADOW
from moto import mock_aws
from rollout_parts import (
    CANARY,
    EARLY,
    EVERYONE,
    LONGEST_S,
    POLL_S,
    SECOND,
    SILENT_S,
    THINGS,
    WAFERS,
    OutOfOrder,
    make_fleet,
    with_wafers,
)
from training_parts import FIRST

from fabwafer.errors import ConflictError, ContractError
from lambdas.loop.launching import LaunchDesk, launch
from lambdas.loop.records import ModelPaper, ModelState
from lambdas.loop.rollout_records import RolloutPaper, Stage, Wish
from lambdas.loop.tending import tend
from lambdas.release_model import MOST_STEPS, StepInput, take


@pytest.fixture
def fleet(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield make_fleet(tmp_path)


def test_a_candidate_runs_beside_the_model_in_use_first(fleet):
    fleet.launch()
    fleet.steps()

    assert fleet.greengrass.runs(CANARY) == {
        MODEL: "1.1.0",
        SHADOW: "2.0.0",
        "com.example.Logs": "3.0.0",
    }
    assert fleet.greengrass.runs(EARLY) == fleet.greengrass.runs(EVERYONE) == {MODEL: "1.1.0"}


def test_a_good_candidate_comes_to_every_ring(fleet):
    fleet.through_early()
    fleet.take_up(EVERYONE)
    fleet.play(WAFERS, EVERYONE, model=SECOND)
    fleet.steps()

    assert fleet.stage == "done"
    assert fleet.paper.ended_ms is not None
    for group in THINGS:
        assert fleet.greengrass.runs(group)[MODEL] == "2.0.0"
    assert SHADOW not in fleet.greengrass.runs(CANARY)
    assert (fleet.line.current, fleet.line.rollout) == (SECOND, None)
    assert fleet.line.component_version == "2.0.0"
    assert (fleet.state(SECOND), fleet.state(FIRST)) == ("current", "retired")


def test_a_fab_without_a_canary_is_named(fleet):
    fleet.join("fabc--camera1", EVERYONE)
    fleet.launch()
    fleet.steps()
    fleet.take_up(CANARY)
    fleet.shown(30)
    fleet.step()
    assert fleet.figures["uncovered"] == ["fabc"]
    assert fleet.figures["seen"]["fabs"] == {"faba": 15, "fabb": 15}

    fleet.wish(Wish.ABORT)
    fleet.steps()
    [notice] = fleet.told()
    assert "There is no canary in fabc." in notice["text"]
    assert notice["stages"]["shadow"]["uncovered"] == ["fabc"]


def test_wafers_of_a_busy_minute_before_a_stage_do_not_hide_those_of_the_stage(fleet):
    fleet.play(600)
    fleet.now_ms += 60_000
    fleet.through_shadow()

    assert fleet.stage == "canary"


def test_wafers_made_while_the_deployment_was_on_its_way_do_not_hide_those_that_the_candidate_saw(
    fleet,
):
    fleet.launch()
    fleet.steps()
    fleet.play(4 * WAFERS)
    fleet.now_ms += 60_000
    fleet.take_up(CANARY)
    fleet.shown(WAFERS)
    fleet.steps()

    assert fleet.stage == "canary"


def test_two_busy_cameras_of_a_large_ring_are_enough(fleet):
    for n in range(10, 18):
        thing = f"faba--camera{n}"
        fleet.join(thing, CANARY)
    fleet.launch()
    fleet.steps()
    for thing in THINGS[CANARY]:
        fleet.beat(thing, shadow=SECOND)
    fleet.roller = with_wafers(fleet.roller, 400)
    fleet.shown(400)
    fleet.steps()

    assert fleet.paper.stages[0].figures["seen"]["wafers"] == 400
    assert fleet.stage == "canary"


def test_people_are_told_once_that_a_model_runs_everywhere(fleet):
    fleet.through_early()
    fleet.take_up(EVERYONE)
    fleet.play(WAFERS, EVERYONE, model=SECOND)
    fleet.steps()
    fleet.step()

    [notice] = fleet.told()
    assert notice["subject"] == f"{SECOND} runs everywhere"
    assert notice["ended"] == "done"


def test_a_candidate_that_contradicts_the_model_in_use_never_leaves_shadow(fleet):
    fleet.launch()
    fleet.steps()
    fleet.take_up(CANARY)
    fleet.shown(30, prediction="Center")
    fleet.steps()

    assert fleet.stage == "rolled back"
    assert fleet.greengrass.runs(CANARY) == {MODEL: "1.1.0", "com.example.Logs": "3.0.0"}
    assert "unexplained disagreement" in fleet.paper.reason
    assert fleet.state(SECOND) == "rolled back"
    assert (fleet.line.current, fleet.line.rollout) == (FIRST, None)


def test_a_way_back_is_told_with_the_figures(fleet):
    fleet.launch()
    fleet.steps()
    fleet.take_up(CANARY)
    fleet.shown(30, prediction="Center")
    fleet.steps()

    [notice] = fleet.told()
    assert notice["subject"] == f"{SECOND} rolled back in stage shadow"
    assert notice["kind"] == "release"
    figures = notice["stages"]["shadow"]
    assert figures["seen"]["agreement"] == 0
    assert figures["seen"]["wafers"] == 30


def test_the_registry_is_told_what_became_of_a_candidate(fleet):
    fleet.launch()
    fleet.steps()
    fleet.take_up(CANARY)
    fleet.shown(30, prediction="Center")
    fleet.steps()

    approval, why = fleet.registered[f"arn:{SECOND}"]
    assert approval == "Rejected"
    assert why == f"rolled back: {fleet.paper.reason} (rollout 000001)"


def test_the_registry_holds_a_candidate_that_a_person_stopped_for_another_decision(fleet):
    fleet.through_canary()
    fleet.wish(Wish.ABORT)
    fleet.steps()

    approval, why = fleet.registered[f"arn:{SECOND}"]
    assert (approval, why) == (
        "PendingManualApproval",
        "aborted: aborted by ann (rollout 000001)",
    )


def throttled():
    raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "later"}}, "Update")


def test_a_registry_that_is_out_of_order_holds_no_line_up_and_is_told_later(fleet):
    registry = fleet.roller.ending.approvals
    registry.meanwhile[:] = [throttled]
    fleet.launch()
    fleet.steps()
    fleet.wish(Wish.ABORT)
    with pytest.raises(ClientError, match="Throttling"):
        fleet.steps()
    assert (fleet.line.rollout, fleet.paper.ended_ms) == (None, None)
    assert fleet.state(SECOND) == "awaiting approval"

    fleet.now_ms += 3_600_000
    tend(LaunchDesk(fleet.ledger, fleet.executions), fleet.now_ms)
    assert fleet.paper.ended_ms is None
    fleet.steps()
    assert fleet.registered[f"arn:{SECOND}"][0] == "PendingManualApproval"
    assert fleet.paper.ended_ms is not None


def test_what_was_decided_since_is_not_undone_by_a_rollout_that_tells_the_registry_late(fleet):
    def approve():
        paper = fleet.ledger.read(ModelPaper, SECOND)
        update = {"state": ModelState.APPROVED, "decided_by": "ann"}
        fleet.ledger.revise(paper.model_copy(update=update))

    fleet.roller.ending.approvals.meanwhile[:] = [approve]
    fleet.launch()
    fleet.steps()
    fleet.wish(Wish.ABORT)
    fleet.steps()

    assert fleet.registered[f"arn:{SECOND}"] == ("Approved", "approved: decided by ann")
    assert fleet.state(SECOND) == "approved"


def test_a_rollout_that_has_left_the_line_leaves_the_next_one_alone(fleet):
    fleet.roller.ending.approvals.meanwhile[:] = [throttled]
    fleet.launch()
    fleet.steps()
    fleet.wish(Wish.ABORT)
    with pytest.raises(ClientError, match="Throttling"):
        fleet.steps()
    paper = fleet.ledger.read(ModelPaper, SECOND)
    fleet.ledger.revise(paper.model_copy(update={"state": ModelState.APPROVED}))
    fleet.launch()
    fleet.number = "000002"
    fleet.steps()
    fleet.number = "000001"
    fleet.steps()

    assert fleet.state(SECOND) == "rolling out"
    assert fleet.greengrass.runs(CANARY)[SHADOW] == "2.0.0"
    assert fleet.registered[f"arn:{SECOND}"][0] == "Approved"


def test_a_candidate_that_fails_in_the_canary_ring_comes_back_off_it(fleet):
    fleet.through_shadow()
    fleet.take_up(CANARY)
    fleet.play(30, model=SECOND, probability=0.3)
    fleet.steps()

    assert fleet.stage == "rolled back"
    assert fleet.greengrass.runs(CANARY)[MODEL] == "3.0.0"
    assert fleet.greengrass.runs(EARLY)[MODEL] == "1.1.0"
    assert "reviews" in fleet.paper.reason


def test_the_model_before_runs_beside_the_canaries_candidate_and_leaves_with_them(fleet):
    fleet.through_shadow()
    assert fleet.greengrass.runs(CANARY) == {
        MODEL: "2.0.0",
        SHADOW: "3.0.0",
        "com.example.Logs": "3.0.0",
    }
    [artifact] = fleet.greengrass.recipes[f"{SHADOW}:versions:3.0.0"]["Manifests"][0]["Artifacts"]
    assert artifact["Uri"] == f"s3://models/bundles/{FIRST}/3/wafer-map.zip"
    fleet.take_up(CANARY)
    fleet.beside(WAFERS)
    fleet.steps()

    assert fleet.stage == "early"
    assert SHADOW not in fleet.greengrass.runs(CANARY)
    assert fleet.greengrass.runs(EARLY) == {MODEL: "2.0.0"}


def test_a_class_that_comes_only_in_the_canary_ring_and_that_the_candidate_lacks_brings_it_back(
    fleet,
):
    fleet.through_shadow()
    fleet.take_up(CANARY)
    fleet.beside(40, prediction="Donut")
    fleet.steps()

    assert fleet.stage == "rolled back"
    assert "lost defects" in fleet.paper.reason
    assert fleet.greengrass.runs(CANARY) == {MODEL: "3.0.0", "com.example.Logs": "3.0.0"}
    assert fleet.paper.stages[1].figures["seen"]["agreement"] == 0


def test_an_excursion_that_both_models_see_holds_no_candidate_up(fleet):
    fleet.through_shadow()
    fleet.take_up(CANARY)
    fleet.play(
        WAFERS,
        model=SECOND,
        prediction="Center",
        shadow={"model": FIRST, "prediction": "Center", "probability": 0.97, "edge_ms": 9.0},
    )
    fleet.steps()

    assert fleet.stage == "early"


def test_an_abort_in_the_canary_ring_takes_the_model_beside_away_too(fleet):
    fleet.through_shadow()
    fleet.wish(Wish.ABORT)
    fleet.steps()

    assert fleet.stage == "aborted"
    assert fleet.greengrass.runs(CANARY) == {MODEL: "3.0.0", "com.example.Logs": "3.0.0"}


def test_what_runs_again_was_signed_anew(fleet):
    fleet.through_shadow()
    fleet.take_up(CANARY)
    fleet.play(30, model=SECOND, probability=0.3)
    fleet.steps()

    recipe = fleet.greengrass.recipes[f"{MODEL}:versions:3.0.0"]
    [artifact] = recipe["Manifests"][0]["Artifacts"]
    assert artifact["Uri"] == f"s3://models/bundles/{FIRST}/3/wafer-map.zip"
    assert set(artifact) == {"Uri", "Unarchive"}
    assert (fleet.line.serial, fleet.line.component_version) == (3, "3.0.0")


def test_a_candidate_that_is_signed_before_another_is_signed_anew(fleet):
    fleet.ledger.revise(fleet.line.model_copy(update={"serial": 7}))
    fleet.launch()
    fleet.steps()

    assert (fleet.paper.serial, fleet.paper.component_version) == (8, "8.0.0")
    assert fleet.greengrass.runs(CANARY)[SHADOW] == "8.0.0"


def test_steps_at_once_deploy_once(fleet):
    fleet.launch()
    stale = fleet.paper
    fleet.steps()
    before = list(fleet.greengrass.made)
    fleet.roller._enter(stale, fleet.now_ms)

    assert fleet.greengrass.made == before
    assert list(fleet.figures["deployments"]) == [CANARY]


def test_a_step_that_was_overtaken_decides_nothing(fleet):
    fleet.launch()
    fleet.steps()
    fleet.take_up(CANARY)
    stale = fleet.paper
    fleet.shown(WAFERS)
    fleet.step()
    fleet.roller._decide(stale, fleet.now_ms)

    assert fleet.stage == "canary"
    assert [log.stage.value for log in fleet.paper.stages] == ["shadow", "canary"]


def test_an_execution_started_anew_goes_on_where_the_one_before_ended(fleet):
    fleet.through_shadow()
    assert fleet.step() == POLL_S
    fleet.take_up(CANARY)
    fleet.play(WAFERS, model=SECOND)
    fleet.steps()

    assert fleet.stage == "early"
    assert len(fleet.greengrass.to(CANARY)) == 4  # what it ran, candidate beside, in use, alone


def test_a_device_that_is_offline_all_the_time_holds_nothing_up(fleet):
    late, there = THINGS[CANARY]
    fleet.launch()
    fleet.steps()
    fleet.beat(there, shadow=SECOND)
    fleet.shown(WAFERS)
    fleet.steps()

    assert fleet.stage == "canary"
    assert fleet.paper.stages[0].figures["devices"][late]["condition"] == "has not taken it up"


def test_a_model_that_no_device_online_takes_up_does_not_run_everywhere(fleet):
    fleet.through_early()
    fleet.now_ms += LONGEST_S * 1000
    fleet.beat_all(EVERYONE, model=FIRST)
    fleet.steps()

    assert fleet.stage == "rolled back"
    assert "no device that is online has taken it up" in fleet.paper.reason
    assert fleet.state(SECOND) == "awaiting approval"


def test_people_are_told_of_devices_that_a_model_did_not_come_to(fleet):
    fleet.join("faba--camera4", EVERYONE)
    fleet.through_early()
    fleet.take_up(EVERYONE)
    fleet.beat("faba--camera4", model=FIRST)
    fleet.play(WAFERS, EVERYONE, model=SECOND)
    fleet.step()
    assert fleet.stage == "everyone"

    fleet.now_ms += SILENT_S * 1000
    fleet.take_up(EVERYONE)
    fleet.beat("faba--camera4", model=FIRST)
    fleet.steps()
    [notice] = fleet.told()
    assert notice["subject"].endswith("devices online that have not taken it up: 1")
    assert "1 of 2 devices online" in notice["stages"]["everyone"]["outcome"]


def test_a_ring_that_is_offline_as_a_whole_is_passed_and_gets_the_version_later(fleet):
    fleet.through_canary()
    assert fleet.stage == "early"
    fleet.step(SILENT_S)
    fleet.steps()

    assert fleet.stage == "everyone"
    assert fleet.greengrass.runs(EARLY)[MODEL] == "2.0.0"
    assert "they join later" in fleet.paper.stages[2].outcome


def test_canaries_that_are_offline_judge_nothing_so_the_candidate_goes_back(fleet):
    fleet.launch()
    fleet.steps()
    fleet.step(LONGEST_S)
    fleet.steps()

    assert fleet.stage == "rolled back"
    assert f"expected at least {WAFERS // 2}" in fleet.paper.reason
    assert fleet.state(SECOND) == "awaiting approval"


@pytest.mark.parametrize(
    ("failed", "ends"),
    [
        pytest.param(1, "early", id="one of two"),
        pytest.param(2, "rolled back", id="all"),
    ],
)
def test_a_deployment_that_fails_on_one_device_stops_nothing_on_all_it_does(fleet, failed, ends):
    fleet.through_shadow()
    fleet.take_up(CANARY)
    [*_, latest] = fleet.greengrass.to(CANARY)
    for thing in THINGS[CANARY][:failed]:
        fleet.greengrass.on_devices[thing][latest] = "FAILED"
        fleet.beat(thing, model=FIRST)
    fleet.play(WAFERS, model=SECOND)
    fleet.steps()

    assert fleet.stage == ends


def test_a_bundle_that_every_device_refuses_comes_back(fleet):
    fleet.through_shadow()
    fleet.take_up(CANARY)
    problem = f"model: using {FIRST}: bundle-2.0.0/signature.json: value: expected ..., got none"
    for _ in range(2):
        fleet.step(30)
        for thing in THINGS[CANARY]:
            fleet.beat(thing, model=FIRST, degraded=[problem])
    fleet.steps()

    assert fleet.stage == "rolled back"
    assert "refuses it" in fleet.paper.reason


def test_devices_that_keep_restarting_bring_the_candidate_back(fleet):
    fleet.through_shadow()
    fleet.take_up(CANARY)
    for _ in range(4):
        fleet.step(120)
        for thing in THINGS[CANARY]:
            fleet.beat(thing, model=SECOND, uptime_s=1.0)
    fleet.steps()

    assert fleet.stage == "rolled back"
    assert "keeps restarting" in fleet.paper.reason
    assert fleet.state(SECOND) == "rolled back"


def test_devices_that_fall_silent_with_the_candidate_bring_it_back(fleet):
    fleet.join("fabb--camera2", EVERYONE)
    fleet.through_shadow()
    fleet.take_up(CANARY)
    fleet.step()
    fleet.now_ms += (SILENT_S + 60) * 1000
    for thing in ("faba--camera2", "fabb--camera2"):
        fleet.beat(thing)
    fleet.steps()

    assert fleet.stage == "rolled back"
    assert "fell silent" in fleet.paper.reason


def test_an_outage_of_a_fabs_network_brings_no_candidate_back(fleet):
    fleet.through_shadow()
    fleet.take_up(CANARY)
    fleet.now_ms += 50_000
    fleet.beat("faba--camera2")
    for _ in range(3 * SILENT_S // POLL_S):
        fleet.step(POLL_S)
    assert fleet.stage == "canary"
    assert fleet.figures["offline"] == 2

    fleet.beat("faba--camera2")  # the first one that is back
    fleet.step()
    assert fleet.stage == "canary"

    for _ in range(SILENT_S // POLL_S + 1):
        fleet.step(POLL_S)
        fleet.beat("faba--camera2")
    assert fleet.figures["devices"]["faba--camera1"]["condition"] == "ran it, and fell silent"


def test_a_deployment_that_greengrass_gave_up_brings_the_candidate_back(fleet):
    fleet.through_shadow()
    [*_, latest] = fleet.greengrass.to(CANARY)
    fleet.greengrass.ended[latest] = "CANCELED"
    fleet.steps()

    assert fleet.stage == "rolled back"
    assert "CANCELED" in fleet.paper.reason
    assert fleet.state(SECOND) == "awaiting approval"


def test_a_candidate_that_is_slow_on_the_devices_comes_back(fleet):
    fleet.play(20)
    fleet.through_shadow()
    fleet.take_up(CANARY)
    fleet.play(30, model=SECOND, edge_ms=400.0)
    fleet.steps()

    assert fleet.stage == "rolled back"
    assert "slower than" in fleet.paper.reason


def test_a_candidate_that_reviewers_contradict_comes_back(fleet):
    fleet.through_shadow()
    fleet.take_up(CANARY)
    for wafer in fleet.play(25, model=SECOND):
        fleet.settle(wafer, "Center")
    fleet.steps()

    assert fleet.stage == "rolled back"
    assert "overridden by reviewers" in fleet.paper.reason


def test_both_models_answers_are_counted_by_what_people_say(fleet):
    fleet.launch()
    fleet.steps()
    fleet.take_up(CANARY)
    for wafer in fleet.shown(2, prediction="Center"):
        fleet.settle(wafer, "Center")
    fleet.step()

    seen = fleet.figures["seen"]
    assert (seen["answered"], seen["right"], seen["right_current"]) == (2, 2, 0)


def test_a_pause_holds_up_what_would_go_on(fleet):
    fleet.launch()
    fleet.steps()
    fleet.take_up(CANARY)
    fleet.shown(WAFERS)
    fleet.wish(Wish.PAUSE)
    fleet.steps()
    assert fleet.stage == "shadow"

    fleet.wish(Wish.GO_ON)
    fleet.steps()
    assert fleet.stage == "canary"


def test_a_pause_holds_no_way_back_up(fleet):
    fleet.launch()
    fleet.steps()
    fleet.take_up(CANARY)
    fleet.wish(Wish.PAUSE)
    fleet.shown(30, prediction="Center")
    fleet.steps()

    assert fleet.stage == "rolled back"


def test_a_pause_keeps_a_rollout_from_its_next_ring(fleet):
    fleet.launch()
    fleet.wish(Wish.PAUSE)
    fleet.steps()
    assert len(fleet.greengrass.to(CANARY)) == 1

    fleet.wish(Wish.GO_ON)
    fleet.steps()
    assert len(fleet.greengrass.to(CANARY)) == 2


def test_the_time_of_a_pause_does_not_count(fleet):
    fleet.launch()
    fleet.steps()
    fleet.wish(Wish.PAUSE)
    for _ in range(4):
        fleet.step(LONGEST_S / 2)
    fleet.wish(Wish.GO_ON)
    fleet.step(LONGEST_S / 2)
    assert fleet.stage == "shadow"

    fleet.step(LONGEST_S / 2)
    fleet.steps()
    assert fleet.stage == "rolled back"


def test_a_canary_that_turns_bad_in_a_pause_comes_back(fleet):
    fleet.through_shadow()
    fleet.take_up(CANARY)
    fleet.wish(Wish.PAUSE)
    fleet.beside(3 * WAFERS)
    fleet.steps()
    assert fleet.stage == "canary"

    fleet.step(600)
    fleet.beat_all(CANARY, model=SECOND)
    fleet.beside(2 * WAFERS, prediction="Donut")
    fleet.steps()

    assert fleet.stage == "rolled back"


def test_an_abort_takes_the_candidate_off_every_ring_it_came_to(fleet):
    fleet.through_canary()
    fleet.wish(Wish.ABORT)
    fleet.steps()

    assert (fleet.stage, fleet.paper.reason) == ("aborted", "aborted by ann")
    assert fleet.state(SECOND) == "awaiting approval"
    assert fleet.told()[0]["text"].endswith("It may be approved again.")
    for group in (CANARY, EARLY):
        assert fleet.greengrass.runs(group)[MODEL] == "3.0.0"
    assert fleet.greengrass.runs(EVERYONE)[MODEL] == "1.1.0"


def test_what_somebody_else_deployed_meanwhile_stays(fleet):
    fleet.through_shadow()
    [*_, latest] = fleet.greengrass.made
    components = {MODEL: {"componentVersion": "9.9.9"}}
    fleet.greengrass.create_deployment(
        targetArn=latest["targetArn"], components=components, clientToken="by-hand"
    )
    fleet.wish(Wish.ABORT)
    fleet.steps()

    assert fleet.stage == "aborted"
    assert fleet.greengrass.runs(CANARY) == {MODEL: "9.9.9"}


def test_a_component_that_greengrass_takes_in_slowly_is_waited_for(fleet):
    fleet.greengrass.slow = 3
    fleet.launch()
    for _ in range(3):
        fleet.step()
    assert len(fleet.greengrass.to(CANARY)) == 1
    fleet.step()
    assert len(fleet.greengrass.to(CANARY)) == 2


def test_a_camera_whose_clock_is_hours_behind_is_seen(fleet):
    hours_ms = 3 * 3_600_000
    fleet.launch()
    fleet.steps()
    for thing in THINGS[CANARY]:
        fleet.beat(thing, shadow=SECOND, timestamp=fleet.now_ms - hours_ms)
    fleet.shown(WAFERS, behind_ms=hours_ms)
    fleet.steps()

    assert fleet.stage == "canary"


def test_greengrass_out_of_order_brings_the_candidate_back_as_soon_as_it_answers(fleet, telemetry):
    fleet.through_shadow()
    fleet.greengrass.broken = "InternalServerException"
    with pytest.raises(ClientError):
        fleet.step()
    failure = {"Error": "ClientError", "Cause": '{"errorMessage": "down", "errorType": "x"}'}
    asked = StepInput.model_validate({"rollout": "000001", "error": failure})
    assert take(asked, fleet.roller, fleet.executions, telemetry).next == "wait"
    with pytest.raises(ClientError):
        fleet.step()
    [notice] = fleet.told()
    assert notice["reason"] == "a step failed: ClientError: down"

    fleet.greengrass.broken = None
    fleet.steps()

    assert fleet.stage == "rolled back"
    assert fleet.greengrass.runs(CANARY)[MODEL] != "2.0.0"
    assert fleet.told() == []


def test_a_rollout_is_handed_on_before_an_executions_history_is_full(fleet, telemetry):
    fleet.launch()
    asked = StepInput(rollout="000001", steps=MOST_STEPS - 1)
    done = take(asked, fleet.roller, fleet.executions, telemetry)

    assert done.next == "end"
    assert len(fleet.executions.names) == 2
    assert set(fleet.executions.names.values()) == {'{"rollout": "000001"}'}


@pytest.mark.parametrize("asked", [{}, {"error": {"Error": "ClientError"}}], ids=["step", "back"])
def test_no_rollout_has_such_a_number(fleet, telemetry, asked):
    with pytest.raises(ContractError, match="the number of a rollout"):
        take(
            StepInput.model_validate({"rollout": "000009", **asked}),
            fleet.roller,
            fleet.executions,
            telemetry,
        )


def test_a_rollout_that_is_over_ends_its_execution(fleet, telemetry):
    fleet.launch()
    fleet.wish(Wish.ABORT)
    fleet.steps()
    done = take(StepInput(rollout="000001"), fleet.roller, fleet.executions, telemetry)

    assert (done.next, len(fleet.executions.names)) == ("end", 1)


def test_a_launch_again_starts_nothing_new(fleet):
    first = fleet.launch()
    again = fleet.launch()

    assert again.name == first.name == fleet.line.rollout
    assert list(fleet.executions.names) == ["rollout-000001"]
    assert fleet.state(SECOND) == "rolling out"


def test_a_launch_that_was_cut_short_before_its_execution_is_made_good(fleet):
    fleet.launch()
    fleet.executions.names.clear()
    fleet.launch()

    assert list(fleet.executions.names) == ["rollout-000001"]


def test_a_launch_that_could_start_no_execution_is_made_good_by_the_tick(fleet):
    with pytest.raises(ClientError):
        launch(LaunchDesk(fleet.ledger, OutOfOrder("machine")), SECOND, fleet.now_ms)
    assert fleet.line.rollout == "000001"
    tend(LaunchDesk(fleet.ledger, fleet.executions), fleet.now_ms)

    assert fleet.executions.names == {"rollout-000001": '{"rollout": "000001"}'}


def test_the_tick_begins_no_execution_for_a_line_at_rest(fleet):
    tend(LaunchDesk(fleet.ledger, fleet.executions), fleet.now_ms)

    assert fleet.executions.names == {}


def test_a_candidate_that_was_compared_with_another_than_the_current_model_is_refused(fleet):
    fleet.ledger.revise(fleet.line.model_copy(update={"current": "wafer-map@1.1.9"}))
    with pytest.raises(ConflictError, match="compared with wafer-map@1.1.0, but"):
        fleet.launch()

    assert fleet.line.rollout is None
    assert fleet.executions.names == {}
    refused = fleet.ledger.read(ModelPaper, SECOND)
    assert refused.state.value == "refused"
    assert not refused.verdict.passed
    assert "wafer-map@1.1.9 is in use by now" in refused.verdict.reasons[-1]


@pytest.mark.parametrize(
    ("stage", "after_s", "ends"),
    [
        pytest.param("shadow", 17 * 60, "aborted", id="never placed"),
        pytest.param("rolled back", 25 * 3600, "rolled back", id="all but over"),
    ],
)
def test_a_rollout_that_the_line_does_not_name_is_ended_by_the_tick(fleet, stage, after_s, ends):
    fleet.launch()
    fleet.ledger.revise(fleet.paper.model_copy(update={"stage": Stage(stage)}))
    fleet.ledger.revise(fleet.line.model_copy(update={"rollout": None}))
    desk = LaunchDesk(fleet.ledger, fleet.executions)
    tend(desk, fleet.now_ms)
    assert fleet.paper.ended_ms is None  # who launches it may be about to place it

    fleet.now_ms += after_s * 1000
    tend(desk, fleet.now_ms)

    assert (fleet.stage, fleet.paper.ended_ms) == (ends, fleet.now_ms)


def test_one_rollout_is_under_way_at_a_time(fleet):
    fleet.launch()
    third = fleet.ledger.read(ModelPaper, SECOND)
    key = "bundles/wafer-map@1.3.0/3/wafer-map.zip"
    changes = {"name": "wafer-map@1.3.0", "key": key, "state": "approved", "version": 0}
    fleet.ledger.keep_new(ModelPaper(**(third.model_dump() | changes)))

    with pytest.raises(ConflictError, match="no other rollout under way"):
        launch(LaunchDesk(fleet.ledger, fleet.executions), "wafer-map@1.3.0", fleet.now_ms)


@pytest.mark.parametrize(
    ("state", "expected"),
    [("refused", "an approved model"), ("rejected", "an approved model")],
)
def test_a_model_that_nobody_approved_is_not_rolled_out(fleet, state, expected):
    paper = fleet.ledger.read(ModelPaper, SECOND)
    fleet.ledger.revise(ModelPaper(**(paper.model_dump() | {"state": state})))

    with pytest.raises(ContractError, match=expected):
        fleet.launch()
    assert fleet.line.rollout is None


@pytest.fixture
def regretted(fleet):
    """The second model runs everywhere, and a person wants the first one back."""
    fleet.through_early()
    fleet.take_up(EVERYONE)
    fleet.play(WAFERS, EVERYONE, model=SECOND)
    fleet.steps()
    fleet.launch(FIRST)
    fleet.number = "000002"
    return fleet


def come_back(fleet, group, **changes):
    fleet.now_ms += 10_000
    fleet.take_up(group, **{"model": FIRST} | changes)
    fleet.steps()


def test_a_retired_model_comes_back_signed_anew_without_waiting_for_a_wafer(regretted):
    regretted.steps()
    assert regretted.greengrass.runs(CANARY) == {MODEL: "4.0.0", "com.example.Logs": "3.0.0"}
    assert regretted.greengrass.runs(EARLY)[MODEL] == "2.0.0"
    for group in THINGS:
        come_back(regretted, group)

    assert regretted.stage == "done"
    assert [log.stage.value for log in regretted.paper.stages[:-1]] == [
        "canary",
        "early",
        "everyone",
    ]
    for group in THINGS:
        assert regretted.greengrass.runs(group)[MODEL] == "4.0.0"
    assert regretted.line.current == FIRST
    assert (regretted.state(FIRST), regretted.state(SECOND)) == ("current", "retired")


def test_a_retired_model_is_not_judged_by_the_model_that_it_takes_the_place_of(regretted):
    regretted.steps()
    regretted.play(2 * WAFERS, model=FIRST, prediction="Center")
    for group in THINGS:
        come_back(regretted, group)

    assert regretted.stage == "done"


def test_a_retired_model_that_devices_cannot_run_goes_back_signed_anew(regretted):
    regretted.steps()
    come_back(regretted, CANARY)
    problem = f"model: using {SECOND}: bundle-4.0.0/signature.json: value: expected ..., got none"
    for _ in range(2):
        regretted.step(30)
        for thing in THINGS[EARLY]:
            regretted.beat(thing, model=SECOND, degraded=[problem])
    regretted.steps()

    assert regretted.stage == "rolled back"
    for group in (CANARY, EARLY):
        assert regretted.greengrass.runs(group)[MODEL] == "5.0.0"
    assert regretted.greengrass.runs(EVERYONE)[MODEL] == "2.0.0"
    assert regretted.line.current == SECOND


def test_a_return_that_a_person_aborts_leaves_the_model_retired(regretted):
    regretted.steps()
    regretted.wish(Wish.ABORT)
    regretted.steps()

    assert (regretted.stage, regretted.state(FIRST)) == ("aborted", "retired")
    assert regretted.greengrass.runs(CANARY)[MODEL] == "5.0.0"


def test_of_two_launches_at_once_one_is_placed(fleet):
    other = fleet.ledger.read(ModelPaper, SECOND).model_dump() | {"name": "wafer-map@1.3.0"}
    fleet.ledger.keep_new(ModelPaper(**other | {"version": 0}))

    class Meanwhile(type(fleet.ledger)):
        def keep_new(self, paper):
            kept = super().keep_new(paper)
            fleet.launch("wafer-map@1.3.0")
            return kept

    desk = LaunchDesk(Meanwhile(fleet.ledger.papers), fleet.executions)
    with pytest.raises(ConflictError, match="no other launch"):
        launch(desk, SECOND, fleet.now_ms)

    assert fleet.line.rollout == "000002"
    assert fleet.ledger.read(RolloutPaper, "000001").stage is Stage.ABORTED
    assert (fleet.state(SECOND), fleet.state("wafer-map@1.3.0")) == ("approved", "rolling out")
