"""Greengrass: component versions, and what is deployed to thing groups; and which things are in them."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from fabwafer import deployment_pace
from fabwafer.errors import ContractError
from lambdas.stores.clients import greengrass, iot

if TYPE_CHECKING:
    from mypy_boto3_greengrassv2 import GreengrassV2Client
    from mypy_boto3_iot import IoTClient

Recipe = dict[str, Any]
Specifications = dict[str, Any]
"""What a deployment says of each component, by its name, as Greengrass keeps it."""

MOST_THINGS = 500
ENDED_EARLY = ("CANCELED", "FAILED")
"""Of a deployment as a whole: devices that have not heard of it never will."""
_THREADS = 8


@dataclass(frozen=True)
class Deployed:
    """How a deployment fares on a device, and what the device says of it."""

    status: str
    reason: str | None = None


@dataclass(frozen=True)
class Latest:
    """What was deployed to a group last; `status` as in `Deployments.status`, None if nothing ever was."""

    components: Specifications
    status: str | None = None


@dataclass(frozen=True)
class Deployments:
    """The components and the deployments of an account and region.

    Attributes:
        groups_arn: arn:<partition>:iot:<region>:<account>:thinggroup
        components_arn: arn:<partition>:greengrass:<region>:<account>:components
    """

    groups_arn: str
    components_arn: str
    client: "GreengrassV2Client" = field(default_factory=greengrass)
    things_client: "IoTClient" = field(default_factory=iot)

    def things(self, group: str) -> list[str]:
        """Return the things of a group by name, at most MOST_THINGS."""
        pages = self.things_client.get_paginator("list_things_in_thing_group").paginate(
            thingGroupName=group, PaginationConfig={"MaxItems": MOST_THINGS}
        )
        return sorted(thing for page in pages for thing in page.get("things", []))

    def latest(self, group: str) -> Latest:
        """Return what is deployed to a group by now."""
        found = self.client.list_deployments(
            targetArn=self._group(group), historyFilter="LATEST_ONLY"
        )
        for each in found["deployments"]:
            latest = self.client.get_deployment(deploymentId=each["deploymentId"])
            components = {name: dict(spec) for name, spec in latest.get("components", {}).items()}
            return Latest(components, latest["deploymentStatus"])
        return Latest({})

    def deploy(self, group: str, components: Specifications, token: str, *, per_minute: int) -> str:
        """Deploy to a group; return the deployment's id.

        However many devices fail, it goes on: who deploys watches them, and deploys something else.

        Args:
            group: The thing group.
            components: Everything that the group is to run: what is left out is removed.
            token: The same token deploys once, however often it is asked.
            per_minute: How many devices may begin in a minute, 1 to 1000.
        """
        made = self.client.create_deployment(
            targetArn=self._group(group),
            deploymentName=group,
            components=components,
            clientToken=token,
            deploymentPolicies={
                "failureHandlingPolicy": "ROLLBACK",
                "componentUpdatePolicy": {
                    "action": "NOTIFY_COMPONENTS",
                    "timeoutInSeconds": deployment_pace.NOTICE_S,
                },
            },
            iotJobConfiguration={"jobExecutionsRolloutConfig": {"maximumPerMinute": per_minute}},
        )
        return made["deploymentId"]

    def status(self, deployment: str) -> str:
        """Return how a deployment fares as a whole: ACTIVE, COMPLETED, CANCELED, FAILED or INACTIVE."""
        return self.client.get_deployment(deploymentId=deployment)["deploymentStatus"]

    def on(self, things: Sequence[str], deployment: str) -> dict[str, Deployed]:
        """Return how a deployment fares on those of some devices that have heard of it."""
        with ThreadPoolExecutor(_THREADS) as pool:
            found = pool.map(lambda thing: self._on(thing, deployment), things)
            return {
                thing: each for thing, each in zip(things, found, strict=True) if each is not None
            }

    def recipe(self, component: str, version: str) -> Recipe:
        """Return the recipe of a component's version."""
        found = self.client.get_component(
            arn=self._version(component, version), recipeOutputFormat="JSON"
        )
        recipe: Recipe = json.loads(found["recipe"])
        return recipe

    def create(self, recipe: Mapping[str, JsonValue], token: str) -> None:
        """Create a component's version, unless it is there.

        Raises:
            ContractError: If it is there with other artifacts.
        """
        try:
            self.client.create_component_version(
                inlineRecipe=json.dumps(recipe).encode(), clientToken=token
            )
        except self.client.exceptions.ConflictException:
            name, version = str(recipe["ComponentName"]), str(recipe["ComponentVersion"])
            there = self.recipe(name, version)["Manifests"]
            if _uris(there) != _uris(recipe["Manifests"]):
                raise ContractError(f"{name} {version}", _uris(there), "this rollout's") from None

    def is_ready(self, component: str, version: str) -> bool:
        """Tell whether a version may be deployed.

        Raises:
            ContractError: If Greengrass could not take it.
        """
        found = self.client.describe_component(arn=self._version(component, version))
        state = found.get("status", {}).get("componentState")
        if state in ("FAILED", "DEPRECATED"):
            message = found["status"].get("message")
            raise ContractError(f"{component} {version}", f"{state}: {message}", "DEPLOYABLE")
        return state == "DEPLOYABLE"

    def _on(self, thing: str, deployment: str) -> Deployed | None:
        try:
            found = self.client.list_effective_deployments(coreDeviceThingName=thing)
        except self.client.exceptions.ResourceNotFoundException:
            return None
        for each in found["effectiveDeployments"]:
            if each["deploymentId"] == deployment:
                return Deployed(each["coreDeviceExecutionStatus"], each.get("reason"))
        return None

    def _group(self, name: str) -> str:
        return f"{self.groups_arn}/{name}"

    def _version(self, component: str, version: str) -> str:
        return f"{self.components_arn}:{component}:versions:{version}"


def _uris(manifests: Any) -> list[str]:
    return [artifact["Uri"] for each in manifests for artifact in each.get("Artifacts", [])]
