"""Greengrass' deployments: revisions by target, and how each fares on each device."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sandbox.aws_model import Json, RefusalError
from sandbox.aws_service import filled, page
from sandbox.greengrass_components import missing
from sandbox.greengrass_deployment import Deployment, Execution, Fate

_PAGE = 100


@dataclass
class Deployments:
    """All deployments; `changed` is notified when there is something new for devices.

    Attributes:
        targets_of: Thing -> the ARNs that reach it: its own and those of its groups.
        require_target: Raises for a target that is not there.
    """

    targets_of: Callable[[str], list[str]]
    require_target: Callable[[str], None]
    changed: threading.Condition = field(default_factory=threading.Condition)
    _all: dict[str, Deployment] = field(default_factory=dict)
    _by_token: dict[str, str] = field(default_factory=dict)

    def create(self, asked: Json) -> Json:
        """CreateDeployment: the next revision for its target; a repeat by its token is the same."""
        self.require_target(asked["targetArn"])
        with self.changed:
            token = asked.get("clientToken", "")
            made = self._all.get(self._by_token.get(token, ""))
            if made is None:
                made = self._revised(asked)
                self._by_token |= {token: made.id} if token else {}
                self.changed.notify_all()
        return {"deploymentId": made.id, "iotJobId": made.job, "iotJobArn": made.job_arn}

    def _revised(self, asked: Json) -> Deployment:
        before = [each for each in self._all.values() if each.target == asked["targetArn"]]
        for each in before:
            each.latest = False
            each.status = "INACTIVE" if each.status == "ACTIVE" else each.status
        made = Deployment(asked, len(before) + 1)
        self._all[made.id] = made
        return made

    def get(self, asked: Json) -> Json:
        """GetDeployment."""
        return self._find(asked["deploymentId"]).describe()

    def list(self, asked: Json) -> Json:
        """ListDeployments: the latest of each target unless all are asked for; the newest first."""
        every = asked.get("historyFilter") == "ALL"
        found = [
            each.summary()
            for each in reversed(self._all.values())
            if (every or each.latest) and each.target == asked.get("targetArn", each.target)
        ]
        shown, token = page(found, asked.get("maxResults", _PAGE), asked.get("nextToken"))
        return filled(deployments=shown, nextToken=token)

    def cancel(self, asked: Json) -> Json:
        """CancelDeployment: devices that have not begun do not begin."""
        with self.changed:
            found = self._find(asked["deploymentId"])
            if found.status != "ACTIVE":
                raise RefusalError(
                    "ConflictException",
                    f"deployment {found.id} is {found.status}",
                    409,
                    resourceId=found.id,
                    resourceType="deployment",
                )
            found.status = "CANCELED"
        return {"message": f"deployment {found.id} was canceled"}

    def list_effective(self, asked: Json) -> Json:
        """ListEffectiveDeployments: what a device did, and what waits for it; the newest first."""
        thing = asked["coreDeviceThingName"]
        waiting = {each.id for each in self.wanted(thing)}
        found = []
        for each in reversed(self._all.values()):
            execution = each.executions.get(thing)
            if execution is None and each.id in waiting:
                execution = Execution(Fate.QUEUED, "", (), each.created_s, each.created_s)
            found += [each.effective(execution)] if execution else []
        shown, token = page(found, asked.get("maxResults", _PAGE), asked.get("nextToken"))
        return filled(effectiveDeployments=shown, nextToken=token)

    def wanted(self, thing: str) -> Iterable[Deployment]:
        """Return the newest deployment of each target that reaches a thing, unless it was canceled."""
        targets = self.targets_of(thing)
        return [
            each
            for each in list(self._all.values())
            if each.latest and each.target in targets and each.status != "CANCELED"
        ]

    def report(self, deployment: Deployment, thing: str, told: Execution) -> None:
        """Take a device's word; too many failures end the deployment, as its abort criteria say."""
        with self.changed:
            before = deployment.executions.get(thing)
            told.created_s = before.created_s if before else told.created_s
            deployment.executions[thing] = told
            if deployment.status != "ACTIVE":
                return
            if deployment.aborts:
                deployment.status = "CANCELED"
            elif ":thing/" in deployment.target and told.fate is not Fate.IN_PROGRESS:
                done = told.fate is Fate.SUCCEEDED
                deployment.status = "COMPLETED" if done else "FAILED"

    def _find(self, deployment_id: str) -> Deployment:
        if deployment_id not in self._all:
            raise missing("deployment", deployment_id)
        return self._all[deployment_id]
