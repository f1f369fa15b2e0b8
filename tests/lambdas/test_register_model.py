import base64
import hashlib
import io
import json
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.serialization import load_der_public_key
from moto import mock_aws
from training_parts import FIRST, FIRST_KEY, artefact, comparison, make_loop, worth

from fabwafer.errors import ConflictError
from fabwafer.release import Pair
from fabwafer.signature import Signature, signed_bytes
from lambdas.loop.jobs import artefact_key
from lambdas.loop.launching import LaunchDesk, launch
from lambdas.loop.records import LinePaper, ModelPaper, ModelState
from lambdas.loop.signing import next_serial
from lambdas.loop.training_records import TrainingState
from lambdas.register_model import Change, run
from lambdas.stores import clients
from lambdas.stores.channels import Parameters

CANDIDATE = "wafer-map@1.2.1"
LOST = Pair(candidate=worth(0.95, Loc=0.0), current=worth())


@pytest.fixture(autouse=True)
def aws(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield


@pytest.fixture
def loop(tmp_path):
    return training(make_loop(tmp_path))


def training(loop):
    """With a job under way."""
    loop.enough()
    loop.tick()
    return loop


def bundle_files(loop, key):
    with zipfile.ZipFile(io.BytesIO(loop.read(key))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_candidate_that_passes_is_signed_and_rolled_out(loop):
    assert loop.complete() == CANDIDATE

    assert loop.register() == "000001 completed"

    model = loop.model(CANDIDATE)
    assert (model.state, model.training, model.dataset) == (ModelState.APPROVED, "000001", "000001")
    assert model.key == f"bundles/{CANDIDATE}/2/wafer-map.zip"
    assert model.begun_from == FIRST
    assert model.promise == {"confidence": 0.95}
    assert loop.launched == [CANDIDATE]
    assert loop.line.serial == 2
    assert (loop.training.state, loop.training.model) == (TrainingState.COMPLETED, CANDIDATE)


def test_the_signature_is_good_for_the_public_key(loop):
    loop.complete()
    loop.register()

    files = bundle_files(loop, loop.model(CANDIDATE).key)
    signature = Signature.model_validate_json(files["signature.json"])
    der = clients.kms().get_public_key(KeyId=loop.key_id)["PublicKey"]
    digest = hashlib.sha256(files["manifest.json"]).hexdigest()
    message = signed_bytes(CANDIDATE, 2, digest)
    load_der_public_key(der).verify(
        base64.b64decode(signature.value), message, ECDSA(hashes.SHA256())
    )
    assert (signature.serial, signature.manifest_sha256) == (2, digest)
    assert signature.key == hashlib.sha256(der).hexdigest() == loop.model(CANDIDATE).signing_key


def test_its_thresholds_are_where_predictions_are_routed(loop):
    loop.complete()
    loop.register()

    policy = json.loads(Parameters("/fabwafer/models").read("wafer-map/1.2.1"))
    assert policy["model"] == CANDIDATE


def test_its_package_has_figures_and_lineage(loop):
    loop.complete()
    loop.register()

    [package] = loop.sagemaker.packages
    told = package["CustomerMetadataProperties"]
    assert package["ModelApprovalStatus"] == "Approved"
    assert (told["training"], told["dataset"], told["begun_from"]) == ("000001", "000001", FIRST)
    figures = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    assert json.loads(loop.read(figures.removeprefix("s3://models/")))["candidate"] == CANDIDATE
    assert loop.model(CANDIDATE).package == "1"


def test_a_candidate_that_lost_a_class_is_refused_with_the_reason(loop):
    loop.complete(test=LOST)

    loop.register()

    model = loop.model(CANDIDATE)
    assert model.state is ModelState.REFUSED
    assert "test: Loc is lost: recall 0, 0.900 of the current model" in model.verdict.reasons
    assert loop.launched == []
    [notice] = loop.notices()
    assert "Loc is lost" in notice["text"]


def test_a_refused_candidate_is_never_signed(loop):
    loop.complete(test=LOST)
    loop.register()

    model = loop.model(CANDIDATE)
    assert "signature.json" not in bundle_files(loop, model.key)
    assert (model.signing_key, loop.line.serial) == (None, 1)
    assert Parameters("/fabwafer/models").read("wafer-map/1.2.1") is None
    assert loop.sagemaker.packages[0]["ModelApprovalStatus"] == "Rejected"


def test_a_candidate_compared_with_another_model_than_the_current_is_refused(loop):
    loop.complete(current="wafer-map@1.0.0")
    loop.register()

    assert f"but {FIRST} is in use by now" in loop.model(CANDIDATE).verdict.reasons[-1]


def test_where_a_person_decides_a_candidate_waits_for_them(tmp_path):
    loop = training(make_loop(tmp_path, approval=True))
    loop.complete()
    loop.register()

    assert loop.model(CANDIDATE).state is ModelState.AWAITING
    assert loop.launched == []
    assert "awaits approval" in loop.notices()[0]["text"]


def test_a_repeated_event_does_nothing_twice(loop, telemetry):
    loop.complete()
    change = Change.model_validate({"detail": {"TrainingJobName": loop.training.job}})
    run(change, loop.registrar, loop.now_ms, telemetry)
    before = (loop.keys(), loop.line, loop.model(CANDIDATE), loop.training)

    run(change, loop.registrar, loop.now_ms, telemetry)

    assert (loop.keys(), loop.line, loop.model(CANDIDATE), loop.training) == before
    assert len(loop.sagemaker.packages) == len(loop.notices()) == 1


def test_an_event_of_a_job_that_is_not_ours_is_let_be(loop, telemetry):
    change = Change.model_validate({"detail": {"TrainingJobName": "somebody-elses-job"}})

    run(change, loop.registrar, loop.now_ms, telemetry)

    assert loop.training.state is TrainingState.RUNNING


@pytest.mark.parametrize(
    ("status", "secondary", "told", "state", "words"),
    [
        ("Failed", "Failed", {"FailureReason": "out of memory"}, "failed", "out of memory"),
        ("Stopped", "Stopped", {}, "stopped", "was stopped"),
        ("Stopped", "MaxRuntimeExceeded", {}, "timed out", "its time was up"),
        ("Stopped", "MaxWaitTimeExceeded", {}, "timed out", "its time was up"),
    ],
    ids=["failed", "stopped", "ran too long", "waited too long"],
)
def test_a_job_that_came_to_nothing_ends_in_a_stated_state_and_a_notice(
    loop, status, secondary, told, state, words
):
    loop.sagemaker.end(status, secondary, **told)

    loop.register()
    loop.register()

    assert (loop.training.state, loop.training.cost_usd) == (TrainingState(state), 1.0)
    [notice] = loop.notices()
    assert words in notice["text"]
    assert loop.papers(ModelPaper)[0].name == FIRST


def test_a_job_that_sagemaker_does_not_know_any_more_has_failed(loop):
    loop.sagemaker.jobs.clear()

    loop.register()

    assert loop.training.state is TrainingState.FAILED
    assert "knows no job" in loop.training.failure


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (None, "the model folder that the job leaves"),
        (b"not an archive", "a whole archive"),
        (artefact(CANDIDATE, comparison(CANDIDATE))[:200], "a whole archive"),
        (artefact(CANDIDATE, None), "no release.json"),
        (artefact(CANDIDATE, comparison("wafer-map@9.9.9")), "wafer-map@9.9.9"),
        (artefact(FIRST, comparison(FIRST)), "a version that no other model has"),
    ],
    ids=[
        "nothing",
        "no archive",
        "half",
        "no figures",
        "figures of another",
        "a version that is taken",
    ],
)
def test_a_job_that_left_nothing_of_use_has_failed(loop, left, words):
    if left is not None:
        clients.s3().put_object(Bucket="models", Key=artefact_key(loop.training.job), Body=left)
    loop.sagemaker.end("Completed")

    loop.register()

    assert loop.training.state is TrainingState.FAILED
    assert words in loop.training.failure
    assert loop.launched == []


class FaultError(Exception):
    pass


def broken(*_arguments):
    raise FaultError


def without(registrar, step):
    """Return the registrar with one step that fails."""
    if step == "launch":
        return replace(registrar, launch=broken)
    if step == "packages":
        return replace(registrar, packages=SimpleNamespace(register=broken))
    return replace(registrar, policies=SimpleNamespace(write=broken))


@pytest.mark.parametrize("step", ["packages", "launch", "policies"])
def test_a_fault_on_the_way_is_made_up_for_by_the_next_event(loop, step):
    loop.complete()
    with pytest.raises(FaultError):
        without(loop.registrar, step).handle("000001", loop.now_ms)

    loop.register()

    assert loop.launched == [CANDIDATE]
    assert loop.training.state is TrainingState.COMPLETED
    assert len(loop.sagemaker.packages) == 1


def test_a_rollout_under_way_lets_an_approved_model_wait(loop):
    loop.complete()
    loop.ledger.revise(loop.line.model_copy(update={"rollout": "000003"}))

    def busy(_model, _now_ms):
        raise ConflictError("rollout", "000003", "no other rollout under way", 1)

    replace(loop.registrar, launch=busy).handle("000001", loop.now_ms)
    assert loop.model(CANDIDATE).state is ModelState.APPROVED

    loop.ledger.revise(loop.line.model_copy(update={"rollout": None}))
    loop.trainer.follow(loop.now_ms)

    assert loop.trainer.registrar.events == [{"training": "000001"}]


def test_an_approved_model_that_is_stale_by_now_is_refused_and_told(loop):
    loop.complete()
    desk = LaunchDesk(loop.ledger, SimpleNamespace(start=broken))
    registrar = replace(loop.registrar, launch=lambda model, now_ms: launch(desk, model, now_ms))
    loop.ledger.revise(loop.line.model_copy(update={"rollout": "000003"}))
    registrar.handle("000001", loop.now_ms)
    loop.notices()

    loop.ledger.revise(loop.line.model_copy(update={"rollout": None, "current": "wafer-map@1.1.9"}))
    registrar.handle("000001", loop.now_ms)

    [notice] = loop.notices()
    why = f"compared with {FIRST}, but wafer-map@1.1.9 is in use by now"
    assert notice["subject"] == f"FabWafer: {CANDIDATE} is refused"
    assert (notice["model_state"], notice["reasons"]) == ("refused", [why])
    assert loop.model(CANDIDATE).state is ModelState.REFUSED
    assert loop.training.state is TrainingState.COMPLETED
    registrar.handle("000001", loop.now_ms)
    loop.trainer.follow(loop.now_ms)
    assert loop.notices() == []
    assert loop.trainer.registrar.events == []


def test_the_next_training_begins_with_the_weights_of_the_current_model(loop):
    loop.complete()
    loop.register()
    loop.ledger.revise(loop.line.model_copy(update={"current": CANDIDATE}))
    loop.answers("Scratch", 3)
    loop.tick()

    channels = {
        each["ChannelName"]: each["DataSource"]["S3DataSource"]["S3Uri"]
        for each in loop.sagemaker.requests[-1]["InputDataConfig"]
    }
    assert (
        channels["begin_from"]
        == f"s3://models/{artefact_key(loop.sagemaker.requests[0]['TrainingJobName'])}"
    )
    assert channels["current"] == f"s3://models/{loop.model(CANDIDATE).key}"
    assert loop.sagemaker.requests[-1]["HyperParameters"]["version"] == "1.3.2"


def test_the_way_back_signs_the_old_bundle_with_the_next_serial(loop):
    signed = loop.registrar.signer.sign_anew(FIRST_KEY)

    assert signed.key == f"bundles/{FIRST}/2/wafer-map.zip"
    assert signed.signature.serial == loop.line.serial == 2
    files = bundle_files(loop, signed.key)
    assert files["model.onnx"] == bundle_files(loop, FIRST_KEY)["model.onnx"]


def test_two_who_sign_at_once_get_two_serials(loop):
    seen = []

    class Meanwhile(type(loop.ledger)):
        def read(self, sort, name):
            found = super().read(sort, name)
            if sort is LinePaper and not seen:
                seen.append(0)
                seen[0] = next_serial(loop.ledger)
            return found

    assert (next_serial(Meanwhile(loop.ledger.papers)), seen) == (3, [2])
