import hashlib
import json
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from moto import mock_aws
from review_parts import ALWAYS_TWO
from training_parts import FIRST, HOUR_MS, RULES, Asked, archive, make_loop

from fabwafer.datasets import Use
from lambdas.loop.datasets import Builder
from lambdas.loop.ledger import Ledger
from lambdas.loop.lineage import learned
from lambdas.loop.records import DriftPaper
from lambdas.loop.requesting import request_stop, request_training
from lambdas.loop.rollout_records import RolloutPaper
from lambdas.loop.training_records import DatasetPaper, NeedPaper, TrainingPaper, TrainingState
from lambdas.start_training import Wish, run
from lambdas.stores import clients
from lambdas.stores.training_jobs import TrainingJobs


@pytest.fixture(autouse=True)
def aws(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield


@pytest.fixture
def loop(tmp_path):
    return make_loop(tmp_path)


def need(loop):
    return loop.ledger.read(NeedPaper, "wafer-map")


def lines(loop, number="000001"):
    return [
        json.loads(line) for line in loop.read(f"datasets/{number}/manifest.jsonl").splitlines()
    ]


def test_without_answers_the_need_says_what_is_missing(loop):
    loop.tick()

    assert not need(loop).due
    assert "needs 4 more labels: 0 new, 4 wanted" in need(loop).reasons[0]
    assert loop.papers(TrainingPaper) == []


def test_the_first_tick_finds_the_shipped_model(loop):
    loop.tick()

    assert (loop.line.current, loop.line.serial) == (FIRST, 1)
    assert loop.model(FIRST).state == "current"
    assert loop.model(FIRST).promise == {"confidence": 0.95}


def test_without_the_first_models_bundle_the_need_says_so(loop):
    clients.s3().delete_object(Bucket="models", Key=loop.trainer.first.key)

    loop.tick()

    assert loop.trainer.first.key in need(loop).reasons[0]


@pytest.mark.parametrize("key", ["base/wafers.npz", "code/training.zip"])
def test_without_what_a_job_needs_none_starts(loop, key):
    clients.s3().delete_object(Bucket="models", Key=key)
    loop.enough()

    loop.tick()

    assert loop.sagemaker.requests == []
    assert any(key.split("/")[0] in reason for reason in need(loop).reasons)


def test_enough_answers_become_a_dataset_and_a_job(loop):
    items = loop.enough()

    assert loop.tick() == "000001 started"

    [dataset] = loop.papers(DatasetPaper)
    manifest = loop.read(dataset.key)
    assert hashlib.sha256(manifest).hexdigest() == dataset.sha256
    assert [line["item"] for line in lines(loop)] == sorted(items)
    assert dataset.labels == {"Center": 2, "Loc": 2}
    assert dataset.reviewers == {"ann": 4}
    assert loop.training.state is TrainingState.RUNNING
    assert loop.training.job == f"fabwafer-000001-{dataset.sha256[:12]}"
    assert loop.training.why == ("4 new labels, 4 wanted",)
    assert need(loop).due


def test_the_request_names_every_channel(loop):
    loop.enough()
    loop.tick()

    [request] = loop.sagemaker.requests
    channels = {
        each["ChannelName"]: each["DataSource"]["S3DataSource"]
        for each in request["InputDataConfig"]
    }
    assert {name: (each["S3DataType"], each["S3Uri"]) for name, each in channels.items()} == {
        "train": ("S3Prefix", "s3://models/base/"),
        "labels": ("S3Prefix", "s3://models/datasets/000001/"),
        "reviewed": ("ManifestFile", "s3://models/datasets/000001/pictures.manifest"),
        "code": ("S3Prefix", "s3://models/code/training.zip"),
        "current": ("S3Prefix", f"s3://models/bundles/{FIRST}/1/wafer-map.zip"),
        "test": ("S3Prefix", "s3://models/test/"),
        "recent_labels": ("S3Prefix", "s3://models/recent/000001/manifest.jsonl"),
        "recent": ("ManifestFile", "s3://models/recent/000001/pictures.manifest"),
    }
    assert request["HyperParameters"] == {"epochs": "4", "version": "1.2.1"}
    assert request["EnableManagedSpotTraining"]
    assert request["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 7200,
        "MaxWaitTimeInSeconds": 14400,
    }
    assert request["CheckpointConfig"]["S3Uri"].startswith("s3://models/checkpoints/fabwafer-")


def test_the_lists_of_pictures_name_the_archived_ones(loop):
    loop.enough()
    loop.tick()

    for key in loop.keys("datasets/000001/pictures") + loop.keys("recent/000001/pictures"):
        head, *pictures = json.loads(loop.read(key))
        assert head == {"prefix": "s3://images/"}
        for picture in pictures:
            clients.s3().head_object(Bucket="images", Key=picture)


def test_lineage_names_answers_reviewers_base_data_and_wafers(loop):
    items = loop.enough()[2:]
    loop.tick()

    lineage = json.loads(loop.read("datasets/000001/lineage.json"))
    answer = lineage["answers"][items[0]]
    assert answer["label"] == "Center"
    assert [each["reviewer"] for each in answer["readings"]] == ["ann"]
    assert {each["key"] for each in lineage["base"]} == {"base/wafers.npz", "test/wafers.npz"}
    assert learned(loop.portal.desk.papers, items[0]) == ("000001",)


def test_what_is_open_disputed_or_of_no_use_stays_out_and_is_counted(loop):
    loop.portal.store(imgid="open")
    for imgid, labels in (("unknown", ()), ("two", ("Loc", "Center"))):
        loop.answer(loop.portal.store(imgid=imgid, fab="fabb"), "ann", *labels)
    loop.enough()
    loop.tick()

    [dataset] = loop.papers(DatasetPaper)
    assert dataset.wafers == 4
    assert dataset.excluded == {"several labels": 1, "unknown pattern": 1}


def test_second_readings_and_disputes_are_counted(loop):
    loop.enough()
    loop.portal.under(ALWAYS_TWO)
    for imgid in ("second", "disputed"):
        item = loop.portal.store(imgid=imgid)
        loop.answer(item, "ann", "Loc")
    loop.later(minutes=1)
    loop.answer(item, "bob", "Center")
    loop.later(minutes=1)
    loop.tick()

    [dataset] = loop.papers(DatasetPaper)
    assert (dataset.conflicting, dataset.unsettled, dataset.wafers) == (1, 1, 4)


def test_a_label_without_its_picture_stays_out(loop):
    items = loop.enough() + loop.answers("Scratch", 3)
    clients.s3().delete_object(Bucket="images", Key=archived_key(items[0]))

    loop.tick()

    assert loop.papers(DatasetPaper)[0].excluded == {"no picture": 1}
    assert items[0] not in [line["item"] for line in lines(loop)]


def archived_key(item):
    imgid, _, timestamp = item.rpartition("~")
    found = clients.dynamodb().get_item(
        TableName="predictions", Key={"imgid": {"S": imgid}, "timestamp": {"N": timestamp}}
    )["Item"]
    return found["image_key"]["S"]


def test_held_out_lots_judge_and_teach_nobody(tmp_path):
    loop = make_loop(tmp_path, held_out=0.5)
    loop.answers("Loc", 16)
    loop.answers("Center", 16)
    loop.tick()

    learned_lots = {line["lot"] for line in lines(loop)}
    recent = [json.loads(line) for line in loop.read("recent/000001/manifest.jsonl").splitlines()]
    judging_lots = {line["lot"] for line in recent if line.get("labels")}
    assert learned_lots and judging_lots
    assert not learned_lots & judging_lots
    assert loop.papers(DatasetPaper)[0].excluded[Use.JUDGE.value] > 0


def test_recent_wafers_that_nobody_answered_have_no_label(loop):
    loop.enough()
    item = loop.portal.store(None, imgid="accepted")
    archive(item)
    loop.tick()

    recent = [json.loads(line) for line in loop.read("recent/000001/manifest.jsonl").splitlines()]
    assert "labels" not in next(line for line in recent if line["item"] == item)


def test_an_answer_given_just_now_waits_for_the_next_dataset(loop):
    loop.enough()
    late = loop.portal.store(imgid="late")
    archive(late)
    loop.answer(late, "ann", "Loc")

    loop.tick()

    assert late not in [line["item"] for line in lines(loop)]


def test_two_triggers_at_once_start_one_job(loop):
    loop.enough()
    second: list[str] = []

    class Slow(Builder):
        """While one trigger has built and not yet claimed, another comes and does it all."""

        def build(self, number, previous, now_ms):
            built = super().build(number, previous, now_ms)
            second.append(loop.tick())
            return built

    builder = loop.trainer.builder
    slow = replace(loop.trainer, builder=Slow(builder.answers, builder.recents, builder.files))
    outcome = slow.tick(None, loop.now_ms)

    assert (second, outcome) == (["000001 started"], "000001 is another's")
    assert len(loop.sagemaker.jobs) == len(loop.papers(TrainingPaper)) == 1


def test_a_trigger_while_anothers_dataset_is_being_written_starts_nothing(loop):
    loop.enough()
    seen: list[str] = []

    class Slow(Builder):
        def write(self, version):
            seen.append(loop.tick("eve"))
            super().write(version)

    builder = loop.trainer.builder
    replace(loop.trainer, builder=Slow(builder.answers, builder.recents, builder.files)).tick(
        None, loop.now_ms
    )

    assert seen == ["000001 is another's"]
    assert len(loop.sagemaker.jobs) == 1


def test_a_tick_while_a_job_runs_starts_no_other(loop):
    loop.enough()
    loop.tick()

    assert loop.tick("eve") == "000001 running"
    assert "training 000001 is under way" in need(loop).reasons
    assert len(loop.sagemaker.jobs) == 1


class FaultError(Exception):
    pass


def dies(*_):
    """The function ends here: out of time, or out of memory."""
    raise FaultError


class Mute(Ledger):
    """Keeps no dataset's paper."""

    def keep_new(self, paper):
        return dies() if isinstance(paper, DatasetPaper) else super().keep_new(paper)


def dying(loop, place):
    """Return the trainer that dies in one place."""
    builder = loop.trainer.builder

    class Broken(Builder):
        write = dies

    parts = {
        "files": {"builder": Broken(builder.answers, builder.recents, builder.files)},
        "paper": {"ledger": Mute(loop.ledger.papers)},
        "wafers": {"remember": dies},
        "job": {"jobs": SimpleNamespace(start=dies)},
    }
    return replace(loop.trainer, **parts[place])


@pytest.mark.parametrize("place", ["files", "paper"])
def test_a_dataset_that_was_not_written_whole_is_given_up_and_told(loop, place):
    items = loop.enough()
    with pytest.raises(FaultError):
        dying(loop, place).tick(None, loop.now_ms)
    loop.later(minutes=20)
    loop.tick("eve")

    first = loop.ledger.read(TrainingPaper, "000001")
    assert (first.state, first.failure) == (
        TrainingState.FAILED,
        "its dataset was not written whole",
    )
    assert [each["training"] for each in loop.notices()] == ["000001"]
    assert loop.training.name == "000002"
    for item in items:
        assert learned(loop.ledger.papers, item) == ("000002",)


@pytest.mark.parametrize("place", ["wafers", "job"])
def test_a_dataset_without_its_job_is_told_to_its_wafers_and_started_by_the_next_tick(loop, place):
    items = loop.enough()
    with pytest.raises(FaultError):
        dying(loop, place).tick(None, loop.now_ms)

    assert loop.tick() == "000001 started"
    assert list(loop.sagemaker.jobs) == [loop.training.job]
    for item in items:
        assert learned(loop.ledger.papers, item) == ("000001",)


def test_a_job_that_sagemaker_refuses_ends_failed_with_its_words(loop):
    loop.enough()
    loop.sagemaker.refusal = ("ResourceLimitExceeded", "The account-level limit is 0 Instances")

    loop.tick()

    assert loop.training.state is TrainingState.FAILED
    assert "account-level limit" in loop.training.failure
    [notice] = loop.notices()
    assert "account-level limit" in notice["text"]


def test_after_a_failure_the_schedule_waits_and_a_person_need_not(loop):
    loop.enough()
    loop.tick()
    loop.sagemaker.end("Failed", FailureReason="out of memory")
    loop.register()

    loop.tick()
    assert any("next try in 24 h" in reason for reason in need(loop).reasons)
    assert loop.tick("eve") == "000002 started"


def test_a_failed_trainings_labels_count_for_the_next(loop):
    loop.enough()
    loop.tick()
    loop.sagemaker.end("Failed")
    loop.register()
    loop.later(minutes=25 * 60)

    assert loop.tick() == "000002 started"


def test_labels_that_were_learned_from_do_not_count_again(loop):
    loop.enough()
    loop.tick()
    loop.complete()
    loop.register()

    loop.tick()

    assert need(loop).new_labels == {}
    assert not need(loop).due


def test_the_next_dataset_holds_all_labels_and_names_the_one_before(loop):
    loop.enough()
    loop.tick()
    loop.complete()
    loop.register()
    loop.answers("Scratch", 3)

    loop.tick()

    latest = loop.papers(DatasetPaper)[0]
    assert (latest.name, latest.previous, latest.wafers) == ("000002", "000001", 7)
    assert "Scratch, which the model in use does not know" in loop.training.why[0]


def test_a_dataset_is_never_written_over(loop):
    loop.enough()
    version = loop.trainer.builder.build("000001", None, loop.now_ms)
    loop.trainer.builder.write(version)
    loop.trainer.builder.write(version)
    loop.answers("Scratch", 1)
    other = loop.trainer.builder.build("000001", None, loop.now_ms)

    with pytest.raises(Exception, match="a number that was never used"):
        loop.trainer.builder.write(other)


@pytest.mark.parametrize(
    ("detector", "figures", "starts"),
    [
        ("process", {}, True),
        ("model", {"outcome": "confirmed"}, True),
        ("model", {"outcome": "unanswered"}, False),
        ("camera", {}, False),
    ],
    ids=["process", "model got worse", "nobody answered", "a dirty lens"],
)
def test_only_drift_that_a_training_can_answer_starts_one(loop, detector, figures, starts):
    loop.tick()
    loop.answers("Loc", 2)
    alarm = {"at_ms": loop.now_ms, "detector": detector, "what": "it", "figures": figures}
    loop.ledger.keep_new(DriftPaper(name="faba", cursor_ms=loop.now_ms, alarms=(alarm,)))

    loop.tick()

    assert bool(loop.papers(TrainingPaper)) is starts


def test_drift_starts_a_training_on_few_labels(loop):
    loop.tick()
    loop.answers("Loc", 2)
    alarm = {"at_ms": loop.now_ms, "detector": "process", "what": "Loc tripled"}
    loop.ledger.keep_new(DriftPaper(name="faba", cursor_ms=loop.now_ms, alarms=(alarm,)))

    assert loop.tick() == "000001 started"
    assert loop.training.why == ("drift: faba: process, Loc tripled",)


def test_no_training_starts_while_a_rollout_is_under_way(loop):
    loop.tick()
    loop.ledger.revise(loop.line.model_copy(update={"rollout": "000007"}))
    loop.enough()

    loop.tick()

    assert loop.sagemaker.requests == []
    assert any("rollout 000007 is under way" in reason for reason in need(loop).reasons)
    assert loop.papers(RolloutPaper) == []


def test_the_months_cap_holds_a_training_back(tmp_path):
    loop = make_loop(tmp_path, replace(RULES, cap_usd=3.0))
    loop.enough()

    loop.tick("eve")

    assert loop.sagemaker.requests == []
    assert any("cap of 3.00 USD" in reason for reason in need(loop).reasons)


def test_costs_are_estimated_from_the_last_training(loop):
    loop.enough()
    loop.tick()
    loop.complete()
    loop.register()
    loop.tick()

    assert loop.training.cost_usd == 1.0
    assert (need(loop).spent_usd, need(loop).estimated_cost_usd) == (1.0, 1.0)


def test_the_log_of_a_running_job_is_shown(loop):
    loop.enough()
    loop.tick()
    logs, stream = clients.logs(), f"{loop.training.job}/algo-1-1"
    where = {"logGroupName": "/aws/sagemaker/TrainingJobs"}
    logs.create_log_group(**where)
    logs.create_log_stream(**where, logStreamName=stream)
    started_ms = round(time.time() * 1000) - 1000
    told = [{"timestamp": started_ms + n, "message": f"epoch {n}"} for n in range(30)]
    logs.put_log_events(**where, logStreamName=stream, logEvents=told)

    loop.trainer.follow(loop.now_ms)

    assert loop.training.progress[-1] == "epoch 29"
    assert len(loop.training.progress) == 20


def test_a_person_stops_a_training(loop, telemetry):
    loop.enough()
    loop.tick()

    run(Wish(stop="000001", by="eve"), loop.trainer, loop.now_ms, telemetry)

    assert (loop.training.state, loop.training.stopped_by) == (TrainingState.STOPPING, "eve")
    assert loop.sagemaker.jobs[loop.training.job]["TrainingJobStatus"] == "Stopping"


def test_a_training_that_is_stopped_before_its_job_starts_none(loop, telemetry):
    loop.enough()

    def stopped_meanwhile(_items, number):
        run(Wish(stop=number, by="eve"), loop.trainer, loop.now_ms, telemetry)

    replace(loop.trainer, remember=stopped_meanwhile).tick(None, loop.now_ms)

    assert loop.sagemaker.requests == []
    assert (loop.training.state, loop.training.stopped_by) == (TrainingState.STOPPED, "eve")
    [notice] = loop.notices()
    assert "eve asked for it" in notice["text"]


def test_a_stop_that_the_job_did_not_hear_is_repeated_by_the_next_look(loop, telemetry):
    loop.enough()

    class Slow(TrainingJobs):
        def start(self, request):
            run(Wish(stop="000001", by="eve"), loop.trainer, loop.now_ms, telemetry)
            super().start(request)

    replace(loop.trainer, jobs=Slow(loop.sagemaker)).tick(None, loop.now_ms)
    job = loop.sagemaker.jobs[loop.training.job]
    assert job["TrainingJobStatus"] == "InProgress"
    loop.trainer.follow(loop.now_ms)

    assert job["TrainingJobStatus"] == "Stopping"
    assert loop.training.state is TrainingState.STOPPING


def test_a_stop_is_not_lost_to_a_look_at_the_same_time(loop, telemetry):
    loop.enough()
    loop.tick()

    looks = [("epoch 1",)]

    class Overtaken(Ledger):
        def revise(self, paper):
            if looks:
                loop.ledger.revise(loop.training.model_copy(update={"progress": looks.pop()}))
            return super().revise(paper)

    trainer = replace(loop.trainer, ledger=Overtaken(loop.ledger.papers))
    run(Wish(stop="000001", by="eve"), trainer, loop.now_ms, telemetry)

    assert (loop.training.state, loop.training.stopped_by) == (TrainingState.STOPPING, "eve")


def test_an_event_that_was_lost_is_made_up_for_by_the_next_look(loop, telemetry):
    loop.enough()
    loop.tick()
    loop.complete()

    run(Wish(follow=True), loop.trainer, loop.now_ms, telemetry)

    assert loop.trainer.registrar.events == [{"training": "000001"}]


def test_a_wish_is_passed_on_without_waiting(monkeypatch):
    sent = []
    monkeypatch.setattr(
        "lambdas.loop.requesting.AsyncFunction", lambda name: Asked(name, None, sent)
    )

    request_training("start", "eve")
    request_stop("start", "000002", "ada")

    assert sent == [{"by": "eve"}, {"stop": "000002", "by": "ada"}]


def test_the_calendar_starts_a_training_when_its_time_has_come(loop):
    loop.tick()
    loop.answers("Loc", 3)
    loop.tick()
    assert loop.sagemaker.requests == []
    assert need(loop).next_run_ms == loop.model(FIRST).created_ms + 7 * 24 * HOUR_MS

    loop.later(minutes=7 * 24 * 60)
    assert loop.tick() == "000001 started"


@pytest.mark.parametrize("look", ["tick", "follow"])
def test_every_look_sees_to_the_rollout_under_way(loop, look):
    seen = []
    trainer = replace(loop.trainer, tend=seen.append)
    getattr(trainer, look)(*([None] if look == "tick" else []), loop.now_ms)

    assert seen == [loop.now_ms]
