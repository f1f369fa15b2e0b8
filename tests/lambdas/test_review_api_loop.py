import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from review_parts import ADA, ANN, EVE, FAR, START_MS, Person, Portal

from fabwafer.burst_audit import Audit
from fabwafer.cusum import Cusum
from fabwafer.errors import ConflictError
from fabwafer.fab_signals import Detector, Signal
from fabwafer.messages import Heartbeat
from fabwafer.pulse import Condition
from fabwafer.release import (
    Comparison,
    Cost,
    LabelWorth,
    Pair,
    Replay,
    Routed,
    Verdict,
    Worth,
)
from lambdas.loop.drift_state import Known, with_known
from lambdas.loop.figures import DeviceFigures, GuardFigures, StageFigures, WaferFigures
from lambdas.loop.ledger import Ledger
from lambdas.loop.records import MODEL, DriftPaper, LinePaper, ModelPaper, ModelState, Paper
from lambdas.loop.rollout_records import RolloutPaper, Stage, StageLog, Wish
from lambdas.loop.training_records import DatasetPaper, NeedPaper, TrainingPaper, TrainingState
from lambdas.records import camera_item
from lambdas.review.loop_reach import loop_of
from lambdas.settings import LoopWiring
from lambdas.stores import clients
from lambdas.stores.channels import Parameters
from lambdas.stores.tables import CameraTable

OLD, NEW = "wafer-map@1.0.0", "wafer-map@000002"
SHA = "a" * 64
ROLLOUT = ("rollout-000001", '{"rollout": "000001"}')
FIGURES = StageFigures(
    state="60 of 100 wafers",
    wanted=100,
    seen=WaferFigures(
        wafers=60, fabs={"faba": 40, "fabb": 20}, labels={"Scratch": 60}, reviews=0.1
    ),
    uncovered=("fabb",),
    guards=(
        GuardFigures(
            name="reviews", wafers=60, rate=0.1, expected=0.08, limit=0.2, wealth=1.5, needed=200
        ),
    ),
    devices={
        "faba--camera1": DeviceFigures(condition=Condition.RUNS),
        "fabb--camera1": DeviceFigures(condition=Condition.REFUSES, problem="unsigned"),
    },
)
EVERY_READ = ("/models", f"/models/{NEW}", "/rollouts", "/trainings", "/fleet", "/drift")


def worth(f1: float) -> Worth:
    scratch = LabelWorth(wafers=40, called=38, recall=f1, precision=f1, f1=f1)
    return Worth(
        wafers=1000,
        macro_f1=f1,
        accuracy=0.95,
        ece=0.01,
        accepted=0.9,
        escapes=0.002,
        labels={"Scratch": scratch},
    )


def example(fab: str) -> dict[str, str | float]:
    return {
        "item": f"{fab}-1~{START_MS}",
        "fab": fab,
        "camera": "camera1",
        "current": "none",
        "candidate": "Scratch",
        "probability": 0.9,
    }


def comparison() -> Comparison:
    return Comparison(
        candidate=NEW,
        current=OLD,
        test=Pair(candidate=worth(0.92), current=worth(0.9)),
        replay=Replay(
            wafers=500,
            candidate=Routed(alerts=30, reviews=20, refused=0, by_label={"Scratch": 30}),
            current=Routed(alerts=25, reviews=25, refused=0, by_label={"Scratch": 25}),
            changed=7,
            examples=(example("faba"), example("fabb")),
        ),
        candidate_cost=Cost(size_bytes=900_000, latency_ms=1.5),
        current_cost=Cost(size_bytes=900_000, latency_ms=1.4),
    )


def model(name: str = NEW, state: ModelState = ModelState.AWAITING, **changes: Any) -> ModelPaper:
    said = {"created_ms": START_MS, "key": f"bundles/{name}/2/wafer-map.zip"} | changes
    return ModelPaper(name=name, state=state, manifest_sha256=SHA, **said)


def rollout(**changes: Any) -> RolloutPaper:
    said: dict[str, Any] = {
        "name": "000001",
        "model": NEW,
        "previous": OLD,
        "stage": Stage.CANARY,
        "serial": 2,
        "component_version": "2.0.0",
        "started_ms": START_MS,
        "stages": (
            StageLog(stage=Stage.SHADOW, entered_ms=START_MS, left_ms=START_MS + 1, outcome="on"),
            StageLog(stage=Stage.CANARY, entered_ms=START_MS + 1, figures=FIGURES.kept),
        ),
    }
    return RolloutPaper(**said | changes)


def training(**changes: Any) -> TrainingPaper:
    said: dict[str, Any] = {
        "name": "000002",
        "job": "fabwafer-000002-abc",
        "state": TrainingState.RUNNING,
        "why": ("160 new labels",),
        "dataset": "000002",
        "started_ms": START_MS,
        "progress": ("epoch 1",),
    }
    return TrainingPaper(**said | changes)


def dataset() -> DatasetPaper:
    return DatasetPaper(
        name="000002",
        created_ms=START_MS,
        key="datasets/000002/manifest.jsonl",
        sha256=SHA,
        labels={"Scratch": 100, "none": 60},
        reviewers={"ann": 90, "bob": 70},
        conflicting=3,
        unsettled=4,
        excluded={"bad image": 2},
        last_event_ms=START_MS,
        previous="000001",
    )


def keep(portal: Portal, *papers: Paper) -> Ledger:
    ledger = Ledger(portal.desk.papers)
    assert all(map(ledger.keep_new, papers))
    return ledger


def beat(camera: str, fab: str = "faba", **said: Any) -> None:
    body = {"timestamp": START_MS, "version": "1.2.0", "uptime_s": 60.0} | said
    heartbeat = Heartbeat.of(fab=fab, camera=camera, **body)
    CameraTable("cameras").put_newer(camera_item(heartbeat, START_MS + 5))


@pytest.fixture
def line(portal: Portal) -> None:
    keep(portal, LinePaper(name=MODEL, current=OLD, serial=1))


@pytest.mark.parametrize("path", EVERY_READ)
def test_who_only_answers_learns_nothing_of_the_loop(portal, path):
    assert portal.call(ANN, "GET", path, fab="faba").status == 403


@pytest.mark.parametrize("path", ["/fleet", "/drift"])
def test_another_fabs_cameras_are_hidden(portal, path):
    assert portal.call(FAR, "GET", path, fab="faba").status == 404


@pytest.mark.usefixtures("line")
def test_a_model_is_shown_beside_the_one_before(portal):
    keep(portal, model(comparison=comparison(), verdict=Verdict(passed=True), begun_from=OLD))

    listed = portal.call(EVE, "GET", "/models").body
    found = portal.call(EVE, "GET", f"/models/{NEW}").body

    assert (listed["current"], listed["serial"], listed["rollout"]) == (OLD, 1, None)
    assert [each["macro_f1"] for each in listed["models"]] == [0.92]
    assert listed["models"][0]["macro_f1_before"] == 0.9
    assert (found["state"], found["passed"], found["compared_with"]) == (
        "awaiting approval",
        True,
        OLD,
    )
    assert found["test"]["current"]["labels"]["Scratch"]["recall"] == 0.9
    assert found["recent"] is None
    assert found["replay"]["candidate"]["alerts"] - found["replay"]["current"]["alerts"] == 5


def test_a_model_is_found_by_its_name_however_it_is_written(portal):
    keep(portal, model())
    assert portal.call(EVE, "GET", "/models/wafer-map%40000002").body["model"] == NEW
    assert portal.call(EVE, "GET", "/models/wafer-map@3").status == 404
    assert portal.call(EVE, "GET", "/models/wafer-map").status == 422


def test_replayed_wafers_of_other_fabs_are_left_out(portal):
    keep(portal, model(comparison=comparison()))
    shown = portal.call(EVE, "GET", f"/models/{NEW}").body["replay"]
    assert ([each["fab"] for each in shown["examples"]], shown["changed"]) == (["faba"], 7)
    every = portal.call(ADA, "GET", f"/models/{NEW}").body["replay"]
    assert [each["fab"] for each in every["examples"]] == ["faba", "fabb"]


def test_a_model_tells_where_it_comes_from(portal):
    keep(portal, dataset(), model(OLD, ModelState.CURRENT, created_ms=1))
    keep(portal, model("wafer-map@000001", begun_from=OLD, created_ms=2))
    keep(portal, model(begun_from="wafer-map@000001", dataset="000002", training="000002"))
    keep(portal, rollout())

    found = portal.call(ADA, "GET", f"/models/{NEW}").body

    assert found["ancestors"] == ["wafer-map@000001", OLD]
    assert found["rollouts"] == ["000001"]
    assert found["learned_from"]["wafers"] == 160
    assert found["learned_from"]["reviewers"] == {"ann": 90, "bob": 70}
    listed = portal.call(ADA, "GET", "/models").body["models"]
    assert [each["model"] for each in listed] == [NEW, "wafer-map@000001", OLD]


def test_whose_answers_a_model_learned_from_is_told_only_to_who_sees_every_fab(portal):
    keep(portal, dataset(), model(dataset="000002"))
    assert portal.call(EVE, "GET", f"/models/{NEW}").body["learned_from"]["reviewers"] is None


@pytest.mark.usefixtures("line")
def test_an_approval_starts_the_rollout(portal):
    ledger = keep(portal, model(OLD, ModelState.CURRENT), model())

    answer = portal.call(ADA, "POST", f"/models/{NEW}/decision", {"approve": True})

    assert (answer.status, answer.body["state"]) == (200, "rolling out")
    assert (answer.body["decided_by"], answer.body["decided_ms"]) == ("ada", START_MS)
    assert portal.loop.started == [ROLLOUT]
    assert ledger.read(LinePaper, MODEL).rollout == "000001"
    assert answer.body["rollouts"] == ["000001"]


@pytest.mark.usefixtures("line")
def test_the_same_approval_again_changes_nothing(portal):
    keep(portal, model(OLD, ModelState.CURRENT), model())
    for _ in range(2):
        answer = portal.call(ADA, "POST", f"/models/{NEW}/decision", {"approve": True})
        assert answer.status == 200
    assert portal.loop.started == [ROLLOUT]


@pytest.mark.usefixtures("line")
def test_an_approval_that_started_no_rollout_can_be_repeated(portal):
    keep(portal, model(OLD, ModelState.CURRENT), model(state=ModelState.APPROVED))
    answer = portal.call(ADA, "POST", f"/models/{NEW}/decision", {"approve": True})
    assert (answer.body["state"], portal.loop.started) == ("rolling out", [ROLLOUT])


@pytest.mark.usefixtures("line")
def test_a_retired_model_that_is_approved_returns(portal):
    ledger = keep(portal, model(OLD, ModelState.CURRENT), model(state=ModelState.RETIRED))
    answer = portal.call(ADA, "POST", f"/models/{NEW}/decision", {"approve": True})

    assert (answer.body["state"], answer.body["decided_by"]) == ("rolling out", "ada")
    assert ledger.read(RolloutPaper, "000001").returns


@pytest.mark.usefixtures("line")
def test_a_rejected_model_stays_off_the_cameras(portal):
    keep(portal, model())
    answer = portal.call(ADA, "POST", f"/models/{NEW}/decision", {"approve": False})
    assert (answer.body["state"], answer.body["decided_by"]) == ("rejected", "ada")
    assert portal.call(ADA, "POST", f"/models/{NEW}/decision", {"approve": True}).status == 409
    assert portal.loop.started == []


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize(
    ("approve", "status"), [(True, "Approved"), (False, "Rejected")], ids=["approved", "rejected"]
)
def test_the_registry_is_told_of_a_decision_until_it_heard(portal, approve, status):
    keep(portal, model(OLD, ModelState.CURRENT), model().model_copy(update={"package": "arn:1"}))
    for _ in range(2):
        portal.call(ADA, "POST", f"/models/{NEW}/decision", {"approve": approve})
        told, why = portal.loop.registry.pop("arn:1")
        assert (told, why.endswith("decided by ada")) == (status, True)


@pytest.mark.usefixtures("line")
def test_an_approval_starts_the_rollout_while_the_registry_is_out_of_order(portal):
    keep(portal, model(OLD, ModelState.CURRENT), model().model_copy(update={"package": "arn:1"}))
    portal.loop.is_throttled = True
    with pytest.raises(ClientError, match="ThrottlingException"):
        portal.call(ADA, "POST", f"/models/{NEW}/decision", {"approve": True})
    assert portal.loop.started == [ROLLOUT]

    portal.loop.is_throttled = False
    answer = portal.call(ADA, "POST", f"/models/{NEW}/decision", {"approve": True})
    assert (answer.status, answer.body["state"]) == (200, "rolling out")
    assert portal.loop.registry == {"arn:1": ("Approved", "rolling out: decided by ada")}


def test_nothing_is_approved_while_another_rollout_is_under_way(portal):
    ledger = keep(portal, LinePaper(name=MODEL, current=OLD, serial=2, rollout="000001"))
    keep(portal, rollout(model="wafer-map@000001"), model())

    answer = portal.call(ADA, "POST", f"/models/{NEW}/decision", {"approve": True})

    assert answer.status == 409
    assert "000001" in answer.body["message"]
    assert ledger.read(ModelPaper, NEW).state is ModelState.AWAITING


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize(
    "state", [ModelState.REFUSED, ModelState.ROLLED_BACK, ModelState.CURRENT], ids=str
)
def test_only_what_waits_for_it_is_approved(portal, state):
    keep(portal, model(state=state))
    assert portal.call(ADA, "POST", f"/models/{NEW}/decision", {"approve": True}).status == 409


@pytest.mark.parametrize(
    ("path", "body"),
    [(f"/models/{NEW}/decision", {"approve": True}), ("/rollouts/000001/wish", {"wish": "abort"})],
    ids=["decision", "wish"],
)
@pytest.mark.parametrize(
    "person", [EVE, FAR, Person("part", ("admin", "fab:faba"))], ids=lambda each: each.name
)
def test_what_is_done_to_every_fab_takes_an_administrator_of_every_fab(portal, path, body, person):
    keep(portal, model(), rollout())
    assert portal.call(person, "POST", path, body).status == 403


def test_a_rollout_shows_its_stages_and_what_the_cameras_run(portal):
    keep(portal, rollout())
    beat("camera1", model=NEW)
    beat("camera2", model=OLD, shadow=NEW)
    beat("camera1", fab="fabb", model=OLD)

    found = portal.call(EVE, "GET", "/rollouts/000001").body

    assert [each["stage"] for each in found["stages"]] == ["shadow", "canary"]
    canary = found["stages"][1]
    assert (canary["state"], canary["seen"]["reviews"]) == ("60 of 100 wafers", 0.1)
    assert [(each["name"], each["limit"]) for each in canary["guards"]] == [("reviews", 0.2)]
    assert (found["running"], found["shadowing"]) == ({NEW: 1, OLD: 1}, 1)
    listed = portal.call(EVE, "GET", "/rollouts").body["rollouts"]
    assert [(each["rollout"], each["stage"]) for each in listed] == [("000001", "canary")]
    assert (found["blamed"], found["returns"]) == (False, False)


def test_a_stage_shows_only_the_cameras_of_the_callers_fabs(portal):
    keep(portal, rollout())

    def shown(person):
        devices = portal.call(person, "GET", "/rollouts/000001").body["stages"][1]["devices"]
        return [(each["fab"], each["condition"], each["problem"]) for each in devices]

    seen = portal.call(EVE, "GET", "/rollouts/000001").body["stages"][1]
    assert (seen["seen"]["fabs"], seen["uncovered"]) == ({"faba": 40}, [])
    assert shown(EVE) == [("faba", "runs", None)]
    assert shown(ADA)[1:] == [("fabb", "refuses it", "unsigned")]


def test_a_rollout_is_paused_and_goes_on(portal):
    ledger = keep(portal, rollout())
    for wished in ("pause", "pause", "go on"):
        answer = portal.call(ADA, "POST", "/rollouts/000001/wish", {"wish": wished})
        assert (answer.status, answer.body["wish"]) == (200, wished)
        assert answer.body["wished_by"] == "ada"
    assert ledger.read(RolloutPaper, "000001").version == 2  # a wish that is there changes nothing


def test_a_wish_survives_that_the_rollout_moves_on_meanwhile(portal, monkeypatch):
    ledger = keep(portal, rollout())
    read, moved = Ledger.read, []

    def read_and_move(self, sort, name):
        found = read(self, sort, name)
        if sort is RolloutPaper and not moved:
            moved.append(ledger.revise(found.model_copy(update={"stage": Stage.EARLY})))
        return found

    monkeypatch.setattr(Ledger, "read", read_and_move)
    answer = portal.call(ADA, "POST", "/rollouts/000001/wish", {"wish": "pause"})
    assert (answer.body["stage"], answer.body["wish"]) == ("early", "pause")


@pytest.mark.parametrize(
    "changes",
    [{"wish": Wish.ABORT}, {"stage": Stage.DONE, "ended_ms": START_MS}],
    ids=["being aborted", "ended"],
)
def test_an_abort_or_an_end_is_not_taken_back(portal, changes):
    keep(portal, rollout(**changes))
    assert portal.call(ADA, "POST", "/rollouts/000001/wish", {"wish": "pause"}).status == 409


def test_no_rollout_has_such_a_number(portal):
    assert portal.call(ADA, "GET", "/rollouts/000009").status == 404
    assert portal.call(ADA, "GET", "/rollouts/nine").status == 422


def test_why_and_when_the_next_training_starts(portal):
    assert portal.call(EVE, "GET", "/trainings").body == {"need": None, "trainings": []}
    need = NeedPaper(
        name=MODEL,
        looked_ms=START_MS,
        due=False,
        reasons=("needs 120 more labels",),
        new_labels={"Scratch": 30},
        wanted=150,
        cap_usd=50.0,
    )
    keep(portal, need, training())

    found = portal.call(EVE, "GET", "/trainings").body

    assert found["need"]["reasons"] == ["needs 120 more labels"]
    assert (found["need"]["wanted"], found["need"]["next_run_ms"]) == (150, None)
    assert [(each["training"], each["state"]) for each in found["trainings"]] == [
        ("000002", "running")
    ]


@pytest.mark.parametrize(
    ("new_labels", "missing"),
    [({"Scratch": 30}, 120), ({"Scratch": 100, "Loc": 5}, 70), ({"Scratch": 90, "Loc": 90}, 0)],
    ids=["some", "too much of one label", "enough"],
)
def test_a_reviewer_is_told_how_many_labels_the_next_training_wants(portal, new_labels, missing):
    def told():
        return portal.call(ANN, "GET", "/statistics", fab="faba").body["labels_to_training"]

    assert told() is None
    need = {"looked_ms": START_MS, "due": False, "reasons": (), "wanted": 150}
    keep(portal, NeedPaper(name=MODEL, new_labels=new_labels, **need))
    assert told() == missing


def test_a_running_trainings_log_is_read_as_it_is_now(portal):
    keep(portal, training(), dataset())
    assert portal.call(EVE, "GET", "/trainings/000002").body["log"] == ["epoch 1"]
    portal.loop.logs["fabwafer-000002-abc"] = ("epoch 1", "epoch 2")
    found = portal.call(EVE, "GET", "/trainings/000002").body
    assert found["log"] == ["epoch 1", "epoch 2"]
    assert found["learned_from"]["labels"] == {"Scratch": 100, "none": 60}


def test_an_ended_trainings_log_is_what_was_kept_of_it(portal):
    portal.loop.logs["fabwafer-000002-abc"] = ("not asked for",)
    keep(portal, training(state=TrainingState.FAILED, ended_ms=START_MS, failure="no memory"))
    found = portal.call(EVE, "GET", "/trainings/000002").body
    assert (found["log"], found["failure"]) == (["epoch 1"], "no memory")


def test_a_training_is_asked_for_in_the_callers_name(portal):
    assert portal.call(EVE, "POST", "/trainings").body == {"asked_ms": START_MS}
    assert portal.call(ANN, "POST", "/trainings").status == 403
    assert portal.loop.asked == ["eve"]


def test_a_running_training_is_stopped(portal):
    keep(portal, training(), training(name="000001", ended_ms=START_MS))
    assert portal.call(EVE, "POST", "/trainings/000002/stop").status == 200
    assert portal.call(EVE, "POST", "/trainings/000001/stop").status == 409
    assert portal.call(EVE, "POST", "/trainings/000003/stop").status == 404
    assert portal.loop.stopped == [("000002", "eve")]


@pytest.mark.usefixtures("line")
def test_the_fleet_is_told_as_its_heartbeats_tell_it(portal):
    beat("camera1", model=OLD, serial=1, verified=True, outbox_messages=12, temperature_c=61.5)
    beat("camera2", model=NEW, serial=2, shadow=NEW, degraded=["disk is full"])
    beat("camera1", fab="fabb")
    portal.later(60)

    found = portal.call(EVE, "GET", "/fleet", fab="faba").body

    first, second = found["devices"]
    assert (found["current"], first["camera"], second["camera"]) == (OLD, "camera1", "camera2")
    assert (first["serial"], first["outbox_messages"], first["temperature_c"]) == (1, 12, 61.5)
    assert (first["verified"], second["verified"]) == (True, None)
    assert (second["shadow"], second["degraded"]) == (NEW, ["disk is full"])
    assert (first["heartbeat_ms"], first["silent"]) == (START_MS + 5, False)


def test_a_camera_without_a_heartbeat_for_a_quarter_of_an_hour_is_silent(portal):
    beat("camera1")
    portal.later(15 * 60 + 1)
    [device] = portal.call(EVE, "GET", "/fleet", fab="faba").body["devices"]
    assert device["silent"] is True


def test_detectors_are_shown_beside_their_thresholds(portal):
    assert portal.call(EVE, "GET", "/drift", fab="faba").body["looked_ms"] is None
    growing = Signal(Detector.PROCESS, "Scratch", Cusum(3.5, since_ms=7), 5.0, False, 0.02)
    audit = Audit("a novel wafer", START_MS, ("a~1", "b~2"), 0.04, right=1)
    alarm = {"at_ms": 9, "detector": "process", "what": "Scratch", "figures": {"lots": 200}}
    known = Known(cursors={"camera1": 11}, audits={OLD: audit})
    paper = with_known(DriftPaper(name="faba", cursor_ms=0), known, [growing], [alarm])
    keep(portal, paper)

    found = portal.call(EVE, "GET", "/drift", fab="faba").body

    [signal], [audited] = found["signals"], found["audits"]
    assert (signal["detector"], signal["what"]) == ("process", "Scratch")
    assert (signal["statistic"], signal["since_ms"], signal["armed"]) == (3.5, 7, False)
    assert (signal["threshold"], signal["usual"], signal["rang_ms"]) == (5.0, 0.02, None)
    assert (audited["model"], audited["wafers"], audited["outcome"]) == (OLD, 2, "open")
    assert (found["looked_ms"], found["alarms"]) == (11, [alarm])


def test_without_the_loops_stack_a_deed_says_so(portal):
    loop = loop_of(Parameters("/fabwafer/loop"), Ledger(portal.desk.papers))
    with pytest.raises(ConflictError, match="a deployment with the loop's stack"):
        loop.train("eve")


@pytest.mark.usefixtures("line")
def test_the_loops_stack_tells_where_rollouts_start(portal):
    machine = clients.stepfunctions().create_state_machine(
        name="Rollout", definition="{}", roleArn="arn:aws:iam::123456789012:role/rollout"
    )["stateMachineArn"]
    wiring = LoopWiring(start_training="train", rollout_machine=machine)
    clients.ssm().put_parameter(
        Name="/fabwafer/loop/portal", Value=wiring.model_dump_json(), Type="String"
    )
    keep(portal, model(OLD, ModelState.CURRENT), model(state=ModelState.APPROVED))

    loop_of(Parameters("/fabwafer/loop"), Ledger(portal.desk.papers)).launch(NEW, START_MS)

    [started] = clients.stepfunctions().list_executions(stateMachineArn=machine)["executions"]
    told = clients.stepfunctions().describe_execution(executionArn=started["executionArn"])
    assert json.loads(told["input"]) == {"rollout": "000001"}
