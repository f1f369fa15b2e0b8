"""A training job as SageMaker tells of it: what was asked for, its statuses one after the other, and their events."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.aws_model import Json, RefusalError
from sandbox.aws_service import Aws
from sandbox.emulator import ACCOUNT, REGION

SOURCE, DETAIL_TYPE = "aws.sagemaker", "SageMaker Training Job State Change"
_OVER = ("Completed", "Failed", "Stopped")
_SAID = {
    "Starting": "Starting the training job",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}
_REPEATED = (
    *("TrainingJobName", "HyperParameters", "AlgorithmSpecification", "RoleArn"),
    *("InputDataConfig", "OutputDataConfig", "ResourceConfig", "VpcConfig", "StoppingCondition"),
    *("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption"),
    *("EnableManagedSpotTraining", "CheckpointConfig", "ExperimentConfig", "Environment"),
    "RetryStrategy",
)
_SUMMARY = (
    *("TrainingJobName", "TrainingJobArn", "CreationTime", "LastModifiedTime"),
    *("TrainingJobStatus", "TrainingEndTime", "SecondaryStatus"),
)


@dataclass
class TrainingRecord:
    """One job's record; `note` takes what goes wrong beside it.

    Attributes:
        request: What CreateTrainingJob was given.
        stop_asked: Set once somebody wants it stopped.
    """

    request: Json
    aws: Aws
    note: Callable[[str], None]
    created_s: float = field(default_factory=time.time)
    status: str = field(default="InProgress", init=False)
    stop_asked: threading.Event = field(default_factory=threading.Event)
    _transitions: list[Json] = field(default_factory=list)
    _facts: Json = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def name(self) -> str:
        """Return its name, unique in the account."""
        return str(self.request["TrainingJobName"])

    @property
    def arn(self) -> str:
        """Return its ARN."""
        return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{self.name}"

    @property
    def stopping(self) -> bool:
        """Tell whether somebody wants it stopped."""
        return self.stop_asked.is_set()

    def begin(self) -> None:
        """Enter the first status."""
        self._enter("Starting")

    def stop(self) -> None:
        """Ask it to stop; twice is no error.

        Raises:
            RefusalError: If it ended.
        """
        with self._lock:
            if self.status in _OVER:
                raise RefusalError(
                    "ValidationException",
                    f"The request was rejected because the training job is in status {self.status}.",
                )
            if self.stopping:
                return
            self.stop_asked.set()
            self._enter("Stopping", "Stopping")

    def go_on(self, secondary: str, **facts: object) -> None:
        """Enter a secondary status; one that is stopping shows that until it stopped."""
        with self._lock:
            self._facts |= facts
            if not self.stopping:
                self._enter(secondary)

    def end(self, secondary: str, status: str, facts: Json, said: str | None = None) -> None:
        """Enter the last status; `said` replaces its usual message."""
        with self._lock:
            now = time.time()
            seconds = max(int(now - float(self._facts.get("TrainingStartTime", now))), 1)
            self._facts |= {
                "TrainingEndTime": now,
                "TrainingTimeInSeconds": seconds,
                "BillableTimeInSeconds": seconds,
                **facts,
            }
            self._enter(secondary, status, said)
            self._transitions[-1]["EndTime"] = now

    def describe(self) -> Json:
        """Return what DescribeTrainingJob answers."""
        with self._lock:
            repeated = {name: self.request[name] for name in _REPEATED if name in self.request}
            return repeated | {
                "TrainingJobArn": self.arn,
                "TrainingJobStatus": self.status,
                "SecondaryStatus": self._transitions[-1]["Status"],
                "SecondaryStatusTransitions": [dict(each) for each in self._transitions],
                "CreationTime": self.created_s,
                "LastModifiedTime": self._transitions[-1]["StartTime"],
                **self._facts,
            }

    def summary(self) -> Json:
        """Return what ListTrainingJobs has of it."""
        whole = self.describe()
        return {name: whole[name] for name in _SUMMARY if name in whole}

    def _enter(self, secondary: str, status: str | None = None, said: str | None = None) -> None:
        now = time.time()
        if self._transitions:
            self._transitions[-1]["EndTime"] = now
        message = said or _SAID[secondary]
        entered = {"Status": secondary, "StartTime": now, "StatusMessage": message}
        self._transitions.append(entered)
        self.status = status or self.status
        self._tell()

    def _tell(self) -> None:
        """Send the event that AWS sends of every change."""
        entry = {
            "Source": SOURCE,
            "DetailType": DETAIL_TYPE,
            "Detail": json.dumps(_in_ms(self.describe())),
            "Resources": [self.arn],
        }
        try:
            answer = self.aws.client("events").put_events(Entries=[entry])
        except (ClientError, BotoCoreError) as error:
            self.note(f"{self.name}: no event sent: {error}")
            return
        if answer["FailedEntryCount"]:
            self.note(f"{self.name}: no event sent: {answer['Entries']}")


def _in_ms(value: object) -> object:
    """Return a description with its moments in epoch milliseconds, as events have them."""
    if isinstance(value, dict):
        return {
            name: int(each * 1000)
            if name.endswith("Time") and isinstance(each, float)
            else _in_ms(each)
            for name, each in value.items()
        }
    return [_in_ms(each) for each in value] if isinstance(value, list) else value
