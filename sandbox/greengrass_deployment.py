"""One deployment of Greengrass: what is wanted where, and how it fares on each device."""

import time
import uuid
from dataclasses import dataclass, field
from enum import StrEnum

from sandbox.aws_model import Json
from sandbox.aws_service import filled
from sandbox.emulator import ACCOUNT, REGION

_REPEATED = ("components", "deploymentPolicies", "iotJobConfiguration", "parentTargetArn", "tags")


class Fate(StrEnum):
    """How a deployment fares on a device, in the API's words."""

    QUEUED = "QUEUED"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    REJECTED = "REJECTED"


@dataclass
class Execution:
    """One deployment on one device; `errors` is the error stack, the general one first."""

    fate: Fate
    reason: str = ""
    errors: tuple[str, ...] = ()
    created_s: float = field(default_factory=time.time)
    modified_s: float = field(default_factory=time.time)


@dataclass
class Deployment:
    """One revision for one target."""

    asked: Json
    revision: int
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    job: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_s: float = field(default_factory=time.time)
    status: str = "ACTIVE"
    latest: bool = True
    executions: dict[str, Execution] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """Return the ARN of the thing or thing group."""
        return str(self.asked["targetArn"])

    @property
    def job_arn(self) -> str:
        """Return the ARN of the IoT job that carries it."""
        return f"arn:aws:iot:{REGION}:{ACCOUNT}:job/{self.job}"

    @property
    def versions(self) -> dict[str, str]:
        """Return component -> version."""
        components = self.asked.get("components", {})
        return {name: str(each.get("componentVersion", "")) for name, each in components.items()}

    @property
    def rolls_back(self) -> bool:
        """Tell whether a device that fails goes back to what it had."""
        policies = self.asked.get("deploymentPolicies", {})
        return bool(policies.get("failureHandlingPolicy", "ROLLBACK") == "ROLLBACK")

    def summary(self) -> Json:
        """Return what ListDeployments has of it."""
        return filled(
            targetArn=self.target,
            revisionId=str(self.revision),
            deploymentId=self.id,
            deploymentName=self.asked.get("deploymentName"),
            creationTimestamp=self.created_s,
            deploymentStatus=self.status,
            isLatestForTarget=self.latest,
        )

    def describe(self) -> Json:
        """Return what GetDeployment answers."""
        repeated = {name: self.asked[name] for name in _REPEATED if name in self.asked}
        return self.summary() | repeated | {"iotJobId": self.job, "iotJobArn": self.job_arn}

    def effective(self, execution: Execution) -> Json:
        """Return what ListEffectiveDeployments has of it."""
        return filled(
            deploymentId=self.id,
            deploymentName=self.asked.get("deploymentName", self.id),
            iotJobId=self.job,
            iotJobArn=self.job_arn,
            targetArn=self.target,
            coreDeviceExecutionStatus=execution.fate.value,
            reason=execution.reason or None,
            creationTimestamp=execution.created_s,
            modifiedTimestamp=execution.modified_s,
            statusDetails={"errorStack": list(execution.errors), "errorTypes": []},
        )

    @property
    def aborts(self) -> bool:
        """Tell whether so many devices failed that it is to end, by its own criteria."""
        fates = [each.fate for each in self.executions.values()]
        over = [fate for fate in fates if fate not in (Fate.IN_PROGRESS, Fate.QUEUED)]
        job = self.asked.get("iotJobConfiguration", {})
        for each in job.get("abortConfig", {}).get("criteriaList", []):
            kind = each["failureType"]
            failed = [fate for fate in over if kind == "ALL" or fate == kind]
            failed = [fate for fate in failed if fate is not Fate.SUCCEEDED]
            share = 100 * len(failed) / max(len(over), 1)
            if (
                len(over) >= each["minNumberOfExecutedThings"]
                and share >= each["thresholdPercentage"]
            ):
                return bool(failed)
        return False
