"""A dataset version and the model in use -> the request that starts SageMaker's training job."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fabwafer.retraining import next_version
from lambdas.loop.datasets import (
    dataset_pictures,
    labels_folder,
    recent_manifest,
    recent_pictures,
)
from lambdas.loop.ledger import Ledger
from lambdas.loop.records import LinePaper, ModelPaper
from lambdas.loop.training_records import DatasetPaper, TrainingPaper
from lambdas.stores.model_files import ModelBucket

ARTEFACT = "model.tar.gz"
_BASE, _TEST, _START = "base/", "test/", "start/"
_NUMBER = "([0-9.eE+-]+)"
_METRICS = {
    "train:loss": "loss",
    "train:wafers_per_s": "wafers_per_s",
    "validation:macro_f1": "validation_macro_f1",
    "test:macro_f1": "test_macro_f1",
    "test:accuracy": "test_accuracy",
    "test:ece": "test_ece",
}
"""SageMaker's name of a figure -> its name in the JSON lines that the job prints."""
_ENTRYPOINT = ["python3", "/opt/ml/input/data/code/training.zip"]
"""The code package starts by itself: it unpacks, and installs what the container lacks of its lock."""


@dataclass(frozen=True)
class Price:
    """What a job's machines cost.

    Attributes:
        hourly_usd: One machine's hour; 0 if nobody has said.
        machines: How many work at once.
    """

    hourly_usd: float
    machines: int

    def cost_usd(self, billable_s: int | None) -> float | None:
        """Return what so many billed seconds of each machine cost, None if that is unknown."""
        if billable_s is None or not self.hourly_usd:
            return None
        return round(self.hourly_usd * self.machines * billable_s / 3600, 4)


@dataclass(frozen=True)
class JobPlan:
    """What every job of a deployment has in common.

    Attributes:
        role_arn: What the job may do.
        image: Of the container.
        instance: Type of machine.
        volume_gb: Disk of each.
        spot: Whether spare machines do, which may be taken away: the job goes on from its checkpoint.
        most_runtime_s: The job is stopped after.
        most_wait_s: For spare machines, the job's own time included.
        hyperparameters: What the job is told beside its version.
        code_key: Of training.zip in the models bucket.
        price: What its machines cost.
    """

    role_arn: str
    image: str
    instance: str
    volume_gb: int
    spot: bool
    most_runtime_s: int
    most_wait_s: int
    hyperparameters: Mapping[str, str]
    code_key: str
    price: Price

    @property
    def most_usd(self) -> float | None:
        """Return what a job costs that takes all its time, None if prices are unknown."""
        return self.price.cost_usd(self.most_runtime_s)


def job_name(number: str, sha256: str) -> str:
    """Return the one name of a dataset's training job: however many try, one job comes of it."""
    return f"fabwafer-{number}-{sha256[:12]}"


def training_of(job: str) -> str | None:
    """Return the number of the training that a job's name tells; None for a job that is not ours."""
    parts = job.split("-")
    ours = len(parts) == 3 and parts[0] == "fabwafer" and parts[1].isdecimal()
    return parts[1] if ours else None


def artefact_key(job: str) -> str:
    """Return where SageMaker leaves a job's model folder in the models bucket."""
    return f"trainings/{job}/output/{ARTEFACT}"


@dataclass(frozen=True)
class JobRequests:
    """Makes requests out of papers and what the models bucket holds."""

    plan: JobPlan
    ledger: Ledger
    files: ModelBucket

    def request(
        self, training: TrainingPaper, dataset: DatasetPaper, line: LinePaper
    ) -> dict[str, Any]:
        """Return the request, for `CreateTrainingJob`."""
        plan, job = self.plan, training.job
        version = next_version(line.current.partition("@")[2], int(training.name))
        request: dict[str, Any] = {
            "TrainingJobName": job,
            "RoleArn": plan.role_arn,
            "AlgorithmSpecification": {
                "TrainingImage": plan.image,
                "TrainingInputMode": "File",
                "ContainerEntrypoint": _ENTRYPOINT,
                "MetricDefinitions": metric_definitions(),
            },
            "HyperParameters": {**plan.hyperparameters, "version": version},
            "InputDataConfig": list(self._channels(dataset, line)),
            "OutputDataConfig": {"S3OutputPath": self.files.address("trainings")},
            "CheckpointConfig": {"S3Uri": self.files.address(f"checkpoints/{job}")},
            "ResourceConfig": {
                "InstanceType": plan.instance,
                "InstanceCount": plan.price.machines,
                "VolumeSizeInGB": plan.volume_gb,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": plan.most_runtime_s},
            "EnableManagedSpotTraining": plan.spot,
            "EnableInterContainerTrafficEncryption": plan.price.machines > 1,
            "Tags": [{"Key": "fabwafer:dataset", "Value": dataset.name}],
        }
        if plan.spot:
            request["StoppingCondition"]["MaxWaitTimeInSeconds"] = plan.most_wait_s
        return request

    def lacking(self) -> tuple[str, ...]:
        """Return what every job needs and nobody has put into the models bucket."""
        wanted = {_BASE: "the base data", self.plan.code_key: "the training code"}
        return tuple(
            f"{what}: {self.files.address(key)}"
            for key, what in wanted.items()
            if not self._has(key)
        )

    def _channels(self, dataset: DatasetPaper, line: LinePaper) -> list[dict[str, Any]]:
        number = dataset.name
        sources = {
            "train": ("S3Prefix", _BASE),
            "labels": ("S3Prefix", labels_folder(number)),
            "reviewed": ("ManifestFile", dataset_pictures(number)),
            "code": ("S3Prefix", self.plan.code_key),
            "current": ("S3Prefix", self._current(line).key),
        }
        if self._has(_TEST):
            sources["test"] = ("S3Prefix", _TEST)
        if self._has(recent_manifest(number)):
            sources["recent_labels"] = ("S3Prefix", recent_manifest(number))
            sources["recent"] = ("ManifestFile", recent_pictures(number))
        begin = self._begin_from(line)
        if begin is not None:
            sources["begin_from"] = ("S3Prefix", begin)
        return [self._channel(name, *source) for name, source in sources.items()]

    def _channel(self, name: str, kind: str, key: str) -> dict[str, Any]:
        return {
            "ChannelName": name,
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": kind,
                    "S3Uri": self.files.address(key),
                    "S3DataDistributionType": "FullyReplicated",
                }
            },
        }

    def _current(self, line: LinePaper) -> ModelPaper:
        paper = self.ledger.read(ModelPaper, line.current)
        if paper is None:
            raise LookupError(f"{line.current}: the line's current model has no paper")
        return paper

    def _begin_from(self, line: LinePaper) -> str | None:
        """Weights to begin with: those of the model in use, if there are any to be had."""
        number = self._current(line).training
        training = self.ledger.read(TrainingPaper, number) if number else None
        if training is not None:
            return artefact_key(training.job)
        return _START if self._has(_START) else None

    def _has(self, prefix: str) -> bool:
        return next(self.files.below(prefix), None) is not None


def metric_definitions() -> list[dict[str, str]]:
    """Return where SageMaker finds a job's figures in what it prints."""
    return [
        {"Name": name, "Regex": f'"{printed}": {_NUMBER}'} for name, printed in _METRICS.items()
    ]
