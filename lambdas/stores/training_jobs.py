"""SageMaker's training jobs: started once by name, looked at, stopped, their log read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from fabwafer.errors import FabWaferError
from lambdas.stores.clients import logs, sagemaker

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sagemaker import SageMakerClient

_LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_REFUSALS = {"ValidationException", "ResourceLimitExceeded", "AccessDeniedException"}
_UNKNOWN = "Requested resource not found"
_TIME_OVER = {"MaxRuntimeExceeded", "MaxWaitTimeExceeded"}


class JobRefusedError(FabWaferError):
    """SageMaker does not take a job, and would not the next time; the message is its own."""


@dataclass(frozen=True)
class JobStatus:
    """How a job fares.

    Attributes:
        arn: Its ARN.
        state: SageMaker's TrainingJobStatus: InProgress, Completed, Failed, Stopping, Stopped.
        time_over: Whether it was stopped because its time was up.
        failure: SageMaker's reason.
        billable_s: Seconds that one machine is billed for; None before it ended.
        ended_ms: When, epoch ms.
    """

    arn: str
    state: str
    time_over: bool
    failure: str | None
    billable_s: int | None
    ended_ms: int | None


@dataclass(frozen=True)
class TrainingJobs:
    """The jobs of this account and region."""

    client: "SageMakerClient" = field(default_factory=sagemaker)
    logs: "CloudWatchLogsClient" = field(default_factory=logs)

    def start(self, request: Mapping[str, Any]) -> None:
        """Start a job unless there is or was one of its name.

        Raises:
            JobRefusedError: If SageMaker will not take it as it is.
        """
        try:
            self.client.create_training_job(**request)
        except self.client.exceptions.ResourceInUse:
            return
        except ClientError as error:
            if error.response["Error"]["Code"] not in _REFUSALS:
                raise
            raise JobRefusedError(error.response["Error"]["Message"]) from error

    def status(self, job: str) -> JobStatus | None:
        """Return how a job fares, None if there is none of this name."""
        try:
            found = self.client.describe_training_job(TrainingJobName=job)
        except ClientError as error:
            if not _is_unknown(error):
                raise
            return None
        ended = found.get("TrainingEndTime")
        return JobStatus(
            arn=found["TrainingJobArn"],
            state=found["TrainingJobStatus"],
            time_over=found["SecondaryStatus"] in _TIME_OVER,
            failure=found.get("FailureReason"),
            billable_s=found.get("BillableTimeInSeconds"),
            ended_ms=round(ended.timestamp() * 1000) if ended else None,
        )

    def stop(self, job: str) -> None:
        """Ask a job to stop; one that has ended already does not mind."""
        try:
            self.client.stop_training_job(TrainingJobName=job)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"ValidationException", "ResourceNotFound"}:
                raise

    def last_lines(self, job: str, most: int) -> tuple[str, ...]:
        """Return the last lines of a job's log, oldest first; none before it writes any.

        A log that cannot be read says so in its place: it must not hold up what its job came to.
        """
        try:
            streams = self.logs.describe_log_streams(
                logGroupName=_LOG_GROUP, logStreamNamePrefix=f"{job}/", limit=1
            )["logStreams"]
            if not streams:
                return ()
            events = self.logs.get_log_events(
                logGroupName=_LOG_GROUP,
                logStreamName=streams[0]["logStreamName"],
                limit=most,
                startFromHead=False,
            )["events"]
        except self.logs.exceptions.ResourceNotFoundException:
            return ()
        except ClientError as error:
            return (f"The log cannot be read: {error.response['Error']['Message']}",)
        return tuple(each["message"].rstrip() for each in events)


def _is_unknown(error: ClientError) -> bool:
    """SageMaker says so by a validation error; the text alone tells it from the others."""
    told = error.response["Error"]
    unknown = told["Code"] == "ValidationException" and _UNKNOWN in told["Message"]
    return unknown or told["Code"] == "ResourceNotFound"
