"""SageMaker on this machine: its real API on loopback, whose training jobs run as processes of this machine.

The same request that would rent an instance fetches the same channels from S3, lays out the same folders, runs the
same command and leaves the same archives. Jobs may fail, be stopped and run out of time as there.
"""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.aws_model import Json, RefusalError
from sandbox.aws_service import Aws, AwsServer, Operation, filled, page, serving
from sandbox.container import INTERPRETERS, Container
from sandbox.emulator import Emulator
from sandbox.gate import Gate, sagemaker_resources
from sandbox.model_packages import ModelPackages
from sandbox.training_job import TrainingJob
from sandbox.training_limits import require_supported
from sandbox.training_record import TrainingRecord

_PAGE = 100
_GRACE_S = 120.0
_END_S = 10.0


@dataclass
class SageMaker:
    """The running service; it takes jobs as soon as it knows the rest of AWS."""

    folder: Path
    grace_s: float
    interpreters: Path
    packages: ModelPackages = field(default_factory=ModelPackages)
    _jobs: dict[str, TrainingJob] = field(default_factory=dict)
    _tags: dict[str, dict[str, str]] = field(default_factory=dict)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _aws: Aws | None = None
    _server: AwsServer | None = None

    @property
    def endpoint(self) -> str:
        """Return the URL that clients of SageMaker are pointed at."""
        return self._server.address if self._server else ""

    def connect(self, aws: Aws) -> None:
        """Learn where S3, EventBridge and CloudWatch are; an emulator also says from now on who may call."""
        self._aws = aws
        if self._server and isinstance(aws, Emulator):
            self._server.check = Gate(aws, "sagemaker", sagemaker_resources).check

    def job(self, name: str) -> Json:
        """Return what DescribeTrainingJob answers."""
        return self._job(name).record.describe()

    def log(self, name: str) -> str:
        """Return everything that a job printed so far."""
        return self._job(name).printed()

    def operations(self) -> dict[str, Operation]:
        """Return what each operation does."""
        return {
            "CreateTrainingJob": self._create,
            "DescribeTrainingJob": lambda asked: self.job(asked["TrainingJobName"]),
            "StopTrainingJob": self._stop,
            "ListTrainingJobs": self._list,
            "CreateModelPackageGroup": self.packages.create_group,
            "DescribeModelPackageGroup": self.packages.describe_group,
            "ListModelPackageGroups": self.packages.list_groups,
            "CreateModelPackage": self.packages.create,
            "DescribeModelPackage": self.packages.describe,
            "UpdateModelPackage": self.packages.update,
            "ListModelPackages": self.packages.list,
            "AddTags": self._add_tags,
            "DeleteTags": self._delete_tags,
            "ListTags": self._list_tags,
        }

    def _create(self, asked: Json) -> Json:
        require_supported(asked)
        name = asked["TrainingJobName"]
        with self._lock:
            if self._aws is None or self._server is None:
                raise RefusalError("ServiceUnavailable", "the sandbox is not up yet", 503)
            if taken := self._jobs.get(name):
                message = (
                    "Training job names must be unique within an AWS account and region,"
                    f" and a training job with this name already exists ({taken.record.arn})"
                )
                raise RefusalError("ResourceInUse", message)
            folder = self.folder / name
            container = Container(folder / "ml", self.grace_s, self.interpreters)
            record = TrainingRecord(asked, self._aws, self._server.note)
            job = self._jobs[name] = TrainingJob(record, container)
            self._tag(record.arn, asked.get("Tags", []))
            record.begin()
            thread = threading.Thread(target=job.run, name=name, daemon=True)
            self._threads.append(thread)
        thread.start()
        return {"TrainingJobArn": record.arn}

    def _stop(self, asked: Json) -> Json:
        self._job(asked["TrainingJobName"]).record.stop()
        return {}

    def _list(self, asked: Json) -> Json:
        wanted, part = asked.get("StatusEquals"), asked.get("NameContains", "")
        found = [
            record
            for record in (job.record for job in self._jobs.values())
            if part in record.name
            and record.status == (wanted or record.status)
            and record.created_s >= asked.get("CreationTimeAfter", 0)
            and record.created_s <= asked.get("CreationTimeBefore", record.created_s)
        ]
        by_name = asked.get("SortBy") == "Name"
        descending = asked.get("SortOrder", "Descending") == "Descending"
        found.sort(
            key=lambda record: (record.name if by_name else "", record.created_s),
            reverse=descending,
        )
        shown, token = page(found, asked.get("MaxResults", _PAGE), asked.get("NextToken"))
        return filled(TrainingJobSummaries=[each.summary() for each in shown], NextToken=token)

    def _job(self, name: str) -> TrainingJob:
        if name not in self._jobs:
            raise RefusalError("ValidationException", "Requested resource not found.")
        return self._jobs[name]

    def _tag(self, arn: str, tags: Sequence[Json]) -> None:
        self._tags.setdefault(arn, {}).update({each["Key"]: each["Value"] for each in tags})

    def _add_tags(self, asked: Json) -> Json:
        self._tag(asked["ResourceArn"], asked["Tags"])
        return {"Tags": self._tags_of(asked["ResourceArn"])}

    def _delete_tags(self, asked: Json) -> Json:
        for key in asked["TagKeys"]:
            self._tags.get(asked["ResourceArn"], {}).pop(key, None)
        return {}

    def _list_tags(self, asked: Json) -> Json:
        return {"Tags": self._tags_of(asked["ResourceArn"])}

    def _tags_of(self, arn: str) -> list[Json]:
        return [{"Key": key, "Value": value} for key, value in self._tags.get(arn, {}).items()]

    def end(self) -> None:
        """Stop every job that runs; what they would have left is lost."""
        for job in self._jobs.values():
            job.container.grace_s = 0
            with contextlib.suppress(RefusalError):  # it ended already
                job.record.stop()
        for thread in self._threads:
            thread.join(_END_S)


@contextlib.contextmanager
def sagemaker(
    state_dir: Path,
    groups: Sequence[str] = (),
    grace_s: float = _GRACE_S,
    interpreters: Path = INTERPRETERS,
) -> Iterator[SageMaker]:
    """Serve SageMaker until the block ends; `connect` it to an emulator when there is one.

    Args:
        state_dir: Keeps every job's folder and log, under `sagemaker`.
        groups: Model package groups that are there from the beginning.
        grace_s: How long a job has after SIGTERM; 120 s in SageMaker.
        interpreters: The folder whose `python` a job's command finds.
    """
    folder = state_dir / "sagemaker"
    folder.mkdir(parents=True, exist_ok=True)
    service = SageMaker(folder, grace_s, interpreters)
    for group in groups:
        service.packages.create_group({"ModelPackageGroupName": group})
    with serving("sagemaker", service.operations(), folder / "calls.log") as server:
        service._server = server  # noqa: SLF001 - the port is known only now
        try:
            yield service
        finally:
            service.end()
