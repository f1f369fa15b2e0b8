"""A signed bundle -> a component's version, and what a ring runs: what others deployed to its group stays."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from fabwafer import deployment_pace
from fabwafer.errors import ContractError
from lambdas.loop.rollout_records import Stage
from lambdas.stores.deployments import Deployments, Recipe, Specifications
from lambdas.stores.model_files import ModelBucket

_WRITTEN_BY_GREENGRASS = ("Digest", "Algorithm")


@dataclass(frozen=True)
class Rings:
    """The thing groups, in the order in which a model comes to them, and the two components."""

    canary: str
    early: str
    everyone: str
    model: str
    shadow: str

    def group(self, stage: Stage) -> str:
        """Return the group that a stage deploys to."""
        if stage is Stage.EARLY:
            return self.early
        return self.everyone if stage is Stage.EVERYONE else self.canary

    def after(self, stage: Stage) -> tuple[str, ...]:
        """Return the groups that a stage leaves as they are."""
        order = (self.canary, self.early, self.everyone)
        return order[order.index(self.group(stage)) + 1 :]


@dataclass(frozen=True)
class Deployer:
    """Makes versions and deployments; all of it may be asked twice and is done once."""

    fleet: Deployments
    files: ModelBucket
    rings: Rings

    def carry(self, component: str, version: str, key: str) -> bool:
        """Make a component's version of a bundle; tell whether it may be deployed by now.

        The recipe is that of the model component that runs; only name, version and artifact are others.

        Raises:
            ContractError: If no model component was ever deployed, or the version is there with another bundle.
        """
        recipe = self._recipe() | {"ComponentName": component, "ComponentVersion": version}
        manifests = [_with_artifact(each, self.files.address(key)) for each in recipe["Manifests"]]
        recipe["Manifests"] = manifests
        self.fleet.create(recipe, _token(recipe))
        return self.fleet.is_ready(component, version)

    def runs(self, group: str) -> dict[str, str]:
        """Return the versions of the components that are deployed to a group."""
        return {
            name: str(spec["componentVersion"])
            for name, spec in self.fleet.latest(group).components.items()
        }

    def status(self, group: str) -> str | None:
        """Return how the latest deployment to a group fares as a whole."""
        return self.fleet.latest(group).status

    def give(
        self,
        occasion: str,
        group: str,
        changes: Mapping[str, str | None],
        *,
        per_minute: int = deployment_pace.PIS_PER_MINUTE,
    ) -> str:
        """Deploy to a group what it runs already, with some changes; return the deployment's id.

        Args:
            occasion: What it is for; a repeat for the same occasion deploys nothing anew.
            group: The thing group.
            changes: Component -> its version, None to remove it.
            per_minute: How many devices may begin in a minute, 1 to 1000.
        """
        components: Specifications = self.fleet.latest(group).components
        for name, version in changes.items():
            if version is None:
                components.pop(name, None)
            else:
                components[name] = {**components.get(name, {}), "componentVersion": version}
        token = _token([occasion, group, components])
        return self.fleet.deploy(group, components, token, per_minute=per_minute)

    def _recipe(self) -> Recipe:
        version = self.runs(self.rings.canary).get(self.rings.model)
        if version is None:
            raise ContractError(
                self.rings.canary, None, f"a deployment of {self.rings.model}: deploy the app first"
            )
        return self.fleet.recipe(self.rings.model, version)


def _with_artifact(manifest: Recipe, uri: str) -> Recipe:
    artifacts = manifest["Artifacts"]
    if len(artifacts) != 1:
        raise ContractError("recipe", [each["Uri"] for each in artifacts], "one artifact, a bundle")
    kept = {
        name: value for name, value in artifacts[0].items() if name not in _WRITTEN_BY_GREENGRASS
    }
    return manifest | {"Artifacts": [kept | {"Uri": uri}]}


def _token(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
