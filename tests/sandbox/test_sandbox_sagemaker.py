import io
import json
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sandbox_aws import Moto, client_of, eventually, mocked

from sandbox.aws_model import model_of
from sandbox.sagemaker import SageMaker, sagemaker
from sandbox.training_log import LOG_GROUP

GROUP = "FabWaferWaferMap"
OVER = ("Completed", "Failed", "Stopped")
LEAVE_A_MODEL = 'echo weights > "$SAGEMAKER_BASE_DIR/model/weights"'


@dataclass(frozen=True)
class Place:
    """A service, its client, and the bucket that its jobs use."""

    service: SageMaker
    client: Any
    s3: Any
    logs: Any

    def start(self, name: str, script: str, **changes: Any) -> str:
        asked = request(name, script) | changes
        return self.client.create_training_job(**asked)["TrainingJobArn"]

    def describe(self, name: str) -> dict[str, Any]:
        return self.client.describe_training_job(TrainingJobName=name)

    def ended(self, name: str) -> dict[str, Any]:
        eventually("the job ends", lambda: self.describe(name)["TrainingJobStatus"] in OVER, 30)
        return self.describe(name)

    def printing(self, name: str, text: str) -> None:
        eventually(f"{name} prints {text}", lambda: text in self.service.log(name))

    def put(self, key: str, body: str) -> None:
        self.s3.put_object(Bucket="models", Key=key, Body=body.encode())

    def archive(self, uri: str) -> dict[str, bytes]:
        key = uri.removeprefix("s3://models/")
        body = self.s3.get_object(Bucket="models", Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            files = [each for each in archive.getmembers() if each.isfile()]
            return {each.name: archive.extractfile(each).read() for each in files}


def request(name: str, script: str) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/training:1",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["/bin/sh", "-c", script],
        },
        "RoleArn": "arn:aws:iam::123456789012:role/training",
        "OutputDataConfig": {"S3OutputPath": "s3://models/trainings"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.xlarge",
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


def channel(name: str, uri: str, kind: str = "S3Prefix") -> dict[str, Any]:
    return {
        "ChannelName": name,
        "DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}},
    }


@pytest.fixture(scope="module")
def aws() -> Iterator[Moto]:
    with mocked() as aws:
        location = {"LocationConstraint": "eu-central-1"}
        aws.client("s3").create_bucket(Bucket="models", CreateBucketConfiguration=location)
        yield aws


@pytest.fixture
def place(aws: Moto, tmp_path: Path) -> Iterator[Place]:
    with sagemaker(tmp_path, [GROUP], 5, Path(sys.executable).parent) as service:
        yield connected(service, aws)


def connected(service: SageMaker, aws: Moto) -> Place:
    service.connect(aws)
    client = client_of("sagemaker", service.endpoint)
    return Place(service, client, aws.client("s3"), aws.client("logs"))


def code(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call()
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_job_leaves_its_model_and_goes_through_every_status(place: Place) -> None:
    place.start("job", LEAVE_A_MODEL)
    done = place.ended("job")
    assert done["TrainingJobStatus"] == done["SecondaryStatus"] == "Completed"
    uri = done["ModelArtifacts"]["S3ModelArtifacts"]
    assert uri == "s3://models/trainings/job/output/model.tar.gz"
    assert place.archive(uri) == {"weights": b"weights\n"}
    passed = [each["Status"] for each in done["SecondaryStatusTransitions"]]
    assert passed == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert done["CreationTime"] <= done["TrainingStartTime"] <= done["TrainingEndTime"]
    assert done["BillableTimeInSeconds"] >= 1


def test_channels_lie_where_the_prefix_ends(place: Place) -> None:
    place.put("base/npz/a.npz", "a")
    place.put("base/manifest.json", "b")
    place.put("basement/c", "c")
    script = 'cd "$SAGEMAKER_BASE_DIR/input/data" && find . -type f | sort'
    place.start("job", script, InputDataConfig=[channel("train", "s3://models/base/")])
    place.ended("job")
    assert place.service.log("job").split() == ["./train/manifest.json", "./train/npz/a.npz"]


def test_a_manifest_names_pictures_of_another_bucket_by_their_keys(place: Place) -> None:
    place.put("images/faba/camera1/1.png", "picture")
    names = [{"prefix": "s3://models/images/"}, "faba/camera1/1.png"]
    place.put("datasets/1/pictures.manifest", json.dumps(names))
    config = [channel("reviewed", "s3://models/datasets/1/pictures.manifest", "ManifestFile")]
    script = 'cat "$SAGEMAKER_BASE_DIR/input/data/reviewed/faba/camera1/1.png"'
    place.start("job", script, InputDataConfig=config)
    place.ended("job")
    assert place.service.log("job") == "picture"


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(channel("train", "s3://models/nothing/"), id="nothing there"),
        pytest.param(channel("train", "s3://models/gone", "ManifestFile"), id="no manifest"),
        pytest.param(channel("train", "s3://nowhere/x"), id="no bucket"),
        pytest.param(channel("train", "s3://models/outside", "ManifestFile"), id="leads out"),
    ],
)
def test_a_job_whose_channel_cannot_be_filled_fails_before_it_trains(
    place: Place, bad: dict[str, Any]
) -> None:
    place.put("outside", json.dumps([{"prefix": "s3://models/"}, "../../x"]))
    place.put("../../x", "x")
    place.start("job", LEAVE_A_MODEL, InputDataConfig=[bad])
    failed = place.ended("job")
    assert failed["TrainingJobStatus"] == "Failed"
    assert failed["FailureReason"].startswith("ClientError: Data download failed: channel train")
    assert "Training" not in [each["Status"] for each in failed["SecondaryStatusTransitions"]]


def test_the_failure_file_is_the_reason(place: Place) -> None:
    script = 'echo "no labels" > "$SAGEMAKER_BASE_DIR/output/failure"; exit 3'
    place.start("job", script)
    failed = place.ended("job")
    assert failed["TrainingJobStatus"] == "Failed"
    assert failed["FailureReason"] == "AlgorithmError: no labels\n, exit code: 3"
    assert "ModelArtifacts" not in failed


def test_a_job_that_says_nothing_shows_its_last_line(place: Place) -> None:
    place.start("job", "echo first; echo last >&2; exit 1")
    assert place.ended("job")["FailureReason"] == "AlgorithmError: last, exit code: 1"


def test_a_job_that_is_stopped_keeps_what_it_has(place: Place) -> None:
    script = f"trap '{LEAVE_A_MODEL}; exit 0' TERM; echo ready; while :; do sleep 0.1; done"
    place.start("job", script)
    place.printing("job", "ready")
    place.client.stop_training_job(TrainingJobName="job")
    assert place.describe("job")["TrainingJobStatus"] in ("Stopping", "Stopped")
    stopped = place.ended("job")
    assert stopped["SecondaryStatus"] == stopped["TrainingJobStatus"] == "Stopped"
    assert place.archive(stopped["ModelArtifacts"]["S3ModelArtifacts"]) == {"weights": b"weights\n"}


def test_a_job_that_does_not_listen_is_killed_with_its_children(aws: Moto, tmp_path: Path) -> None:
    script = f"trap '' TERM; echo ready; sleep 60 & echo $! > {tmp_path}/child; wait; sleep 60"
    with sagemaker(tmp_path, grace_s=0.3) as service:
        place = connected(service, aws)
        place.start("job", script)
        place.printing("job", "ready")
        child = int(eventually("it has a child", lambda: _text(tmp_path / "child")))
        place.client.stop_training_job(TrainingJobName="job")
        assert place.ended("job")["TrainingJobStatus"] == "Stopped"
        eventually("the child is gone", lambda: not Path(f"/proc/{child}/cmdline").exists())


def _text(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def test_a_job_ends_when_its_time_is_over(place: Place) -> None:
    place.start("job", "sleep 60", StoppingCondition={"MaxRuntimeInSeconds": 1})
    ended = place.ended("job")
    assert ended["TrainingJobStatus"] == "Stopped"
    assert ended["SecondaryStatus"] == "MaxRuntimeExceeded"


def test_a_job_that_ended_cannot_be_stopped(place: Place) -> None:
    place.start("job", "true")
    place.ended("job")
    refused = code(lambda: place.client.stop_training_job(TrainingJobName="job"))
    assert refused[0] == "ValidationException"


def test_of_two_triggers_at_once_one_starts_the_job(place: Place) -> None:
    outcomes: list[str] = []

    def trigger() -> None:
        try:
            outcomes.append(place.start("job", "true"))
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=trigger) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(outcomes)[:3] == ["ResourceInUse"] * 3
    assert len(place.client.list_training_jobs()["TrainingJobSummaries"]) == 1


def test_checkpoints_come_back_to_the_next_job(place: Place) -> None:
    config = {"S3Uri": "s3://models/checkpoints/", "LocalPath": "/opt/ml/checkpoints"}
    script = "cd /opt/ml/checkpoints; cat epoch 2>/dev/null || echo none; echo 7 > epoch"
    place.start("first", script, CheckpointConfig=config)
    place.ended("first")
    place.start("second", script, CheckpointConfig=config)
    place.ended("second")
    assert [place.service.log(name) for name in ("first", "second")] == ["none\n", "7\n"]


def test_a_command_sees_a_containers_variables_and_none_of_ours(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_OURS", "1")
    place.start(
        "job",
        'env; cat "$SAGEMAKER_BASE_DIR/input/config/hyperparameters.json"',
        Environment={"MODE": "short"},
        HyperParameters={"epochs": "3"},
    )
    place.ended("job")
    log = place.service.log("job")
    assert "MODE=short\n" in log
    assert "TRAINING_JOB_NAME=job\n" in log
    assert '{"epochs": "3"}' in log
    assert "SECRET_OF_OURS" not in log
    assert "AWS_" not in log


def test_what_a_job_prints_is_in_cloudwatch_once(place: Place) -> None:
    place.start("talks", "echo one; sleep 1.5; echo two")
    place.ended("talks")
    (stream,) = place.logs.describe_log_streams(
        logGroupName=LOG_GROUP, logStreamNamePrefix="talks/"
    )["logStreams"]
    name = stream["logStreamName"]
    events = place.logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=name)["events"]
    assert [each["message"] for each in events] == ["one", "two"]


def test_metrics_are_the_last_that_the_log_shows(place: Place) -> None:
    asked = request("job", "echo '{\"loss\": 0.5}'; echo '{\"loss\": 0.25}'")
    definitions = [{"Name": "train:loss", "Regex": '"loss": ([0-9.]+)'}]
    asked["AlgorithmSpecification"]["MetricDefinitions"] = definitions
    place.client.create_training_job(**asked)
    (metric,) = place.ended("job")["FinalMetricDataList"]
    assert (metric["MetricName"], metric["Value"]) == ("train:loss", 0.25)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"TrainingJobName": "a_b"}, "ValidationException", id="a name AWS refuses"),
        pytest.param(
            {"ResourceConfig": {"InstanceType": "ml.none", "VolumeSizeInGB": 1}},
            "ValidationException",
            id="no such instance",
        ),
        pytest.param(
            {
                "ResourceConfig": {
                    "InstanceType": "ml.m5.large",
                    "InstanceCount": 2,
                    "VolumeSizeInGB": 1,
                }
            },
            "ResourceLimitExceeded",
            id="two instances",
        ),
        pytest.param(
            {"EnableManagedSpotTraining": True}, "ValidationException", id="spot without a wait"
        ),
    ],
)
def test_what_sagemaker_refuses_is_refused(
    place: Place, changes: dict[str, Any], expected: str
) -> None:
    asked = request("job", "true") | changes
    assert code(lambda: place.client.create_training_job(**asked))[0] == expected
    assert place.client.list_training_jobs()["TrainingJobSummaries"] == []


def test_an_unknown_job_is_refused_in_sagemakers_words(place: Place) -> None:
    refused = code(lambda: place.describe("nobody"))
    assert refused == ("ValidationException", "Requested resource not found.")


def test_jobs_are_listed_newest_first_page_by_page(place: Place) -> None:
    for name in ("first", "second", "third"):
        place.start(name, "true")
        place.ended(name)
    pages = place.client.get_paginator("list_training_jobs").paginate(
        StatusEquals="Completed", PaginationConfig={"PageSize": 2}
    )
    shown = [[each["TrainingJobName"] for each in page["TrainingJobSummaries"]] for page in pages]
    assert shown == [["third", "second"], ["first"]]


def test_every_answer_is_as_the_real_api_describes_it(place: Place) -> None:
    model = model_of("sagemaker")
    place.start("job", LEAVE_A_MODEL, Tags=[{"Key": "fab", "Value": "a"}])
    arn = place.ended("job")["TrainingJobArn"]
    package = place.client.create_model_package(ModelPackageGroupName=GROUP)["ModelPackageArn"]
    operations = place.service.operations()
    asked = {
        "DescribeTrainingJob": {"TrainingJobName": "job"},
        "ListTrainingJobs": {},
        "DescribeModelPackageGroup": {"ModelPackageGroupName": GROUP},
        "ListModelPackageGroups": {},
        "DescribeModelPackage": {"ModelPackageName": package},
        "ListModelPackages": {"ModelPackageGroupName": GROUP},
        "UpdateModelPackage": {"ModelPackageArn": package, "ModelApprovalStatus": "Approved"},
        "ListTags": {"ResourceArn": arn},
    }
    complaints = {
        name: model.complaints(name, operations[name](each)) for name, each in asked.items()
    }
    assert complaints == dict.fromkeys(asked, "")


def test_packages_of_a_group_are_numbered_and_a_token_makes_one(place: Place) -> None:
    create = place.client.create_model_package
    first = create(ModelPackageGroupName=GROUP, ClientToken="a" * 36)
    again = create(ModelPackageGroupName=GROUP, ClientToken="a" * 36)
    second = create(ModelPackageGroupName=GROUP, CustomerMetadataProperties={"f1": "0.9"})
    assert first["ModelPackageArn"] == again["ModelPackageArn"]
    arn = second["ModelPackageArn"]
    assert arn.endswith(f"model-package/{GROUP}/2")
    place.client.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    found = place.client.describe_model_package(ModelPackageName=arn)
    assert (found["ModelApprovalStatus"], found["ModelPackageVersion"]) == ("Approved", 2)
    assert found["CustomerMetadataProperties"] == {"f1": "0.9"}
    listed = place.client.list_model_packages(ModelPackageGroupName=GROUP)
    versions = [each["ModelPackageVersion"] for each in listed["ModelPackageSummaryList"]]
    assert versions == [2, 1]


@pytest.mark.parametrize("name", [pytest.param(GROUP, id="taken"), pytest.param("Other", id="new")])
def test_a_group_is_made_once(place: Place, name: str) -> None:
    create = place.client.create_model_package_group
    if name == GROUP:
        refused = code(lambda: create(ModelPackageGroupName=name))
        assert refused[0] == "ValidationException"
        assert "already exists" in refused[1]
    else:
        assert create(ModelPackageGroupName=name)["ModelPackageGroupArn"].endswith(name)


def test_a_package_needs_its_group(place: Place) -> None:
    refused = code(lambda: place.client.create_model_package(ModelPackageGroupName="Other"))
    assert refused[0] == "ValidationException"
    assert "does not exist" in refused[1]


def test_before_the_emulator_is_there_no_job_starts(tmp_path: Path) -> None:
    with sagemaker(tmp_path) as service:
        client = client_of("sagemaker", service.endpoint)
        refused = code(lambda: client.create_training_job(**request("job", "true")))
    assert refused[0] == "ServiceUnavailable"


def test_jobs_end_with_the_service(aws: Moto, tmp_path: Path) -> None:
    with sagemaker(tmp_path) as service:
        place = connected(service, aws)
        place.start("job", f"echo $$ > {tmp_path}/pid; sleep 60")
        pid = int(eventually("it runs", lambda: _text(tmp_path / "pid")))
    assert service.job("job")["TrainingJobStatus"] == "Stopped"
    assert eventually("it is gone", lambda: not Path(f"/proc/{pid}").exists())
