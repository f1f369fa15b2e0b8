"""What a Greengrass nucleus has on a device, and how a deployment changes it or is undone.

It does what a nucleus does with the two model components, by running their recipes' own scripts. Other components are
noted as installed: the camera's process is the edge component already. A change has to show in the camera's heartbeat.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Protocol

from sandbox.aws_service import Aws
from sandbox.device_proof import MODEL, SHADOW, Heard, Identity, used
from sandbox.device_work import Work
from sandbox.greengrass_components import Component, Components
from sandbox.greengrass_deployment import Deployment
from sandbox.greengrass_deployments import Deployments
from sandbox.recipes import DeviceError

_POLL_S = 0.2

Changes = Mapping[str, Component | None]
"""Component -> the version to be, None for one that is to go."""


class Process(Protocol):
    """The camera that a device's models are for."""

    @property
    def running(self) -> bool:
        """Tell whether its process runs."""

    def start(self) -> None:
        """Start its process."""

    def stop(self) -> None:
        """End its process as Greengrass does."""


@dataclass(frozen=True)
class Cloud:
    """What a device reaches: the registry of Greengrass, the artifacts, and what was heard of its camera."""

    components: Components
    deployments: Deployments
    aws: Aws
    heard: Heard


@dataclass(frozen=True)
class Installed:
    """One component as the device has it; `component` is None for one that is only noted."""

    version: str
    source: str
    component: Component | None = None
    since_s: float = field(default_factory=time.time)


@dataclass
class Nucleus:
    """What is installed on one device.

    Attributes:
        work: Its disk.
        camera: Its camera's process.
        cloud: What it reaches.
        patience_s: How long a new model has to show in a heartbeat.
        ended: Set when the device is switched off.
        installed: What it has, by component.
    """

    work: Work
    camera: Process
    cloud: Cloud
    patience_s: float
    ended: Event
    installed: dict[str, Installed] = field(default_factory=dict)
    _roots: dict[str, dict[str, str]] = field(default_factory=dict)
    _changed_s: float | None = None

    def changes(self, deployment: Deployment) -> Changes:
        """Return what differs from what all targets together want.

        Raises:
            DeviceError: If two targets want different versions, or there is no such version.
        """
        targets = self.cloud.deployments.targets_of(self.work.thing)
        roots = {target: each for target, each in self._roots.items() if target in targets}
        roots[deployment.target] = deployment.versions
        versions: dict[str, str] = {}
        for each in roots.values():
            for name, version in each.items():
                if versions.setdefault(name, version) != version:
                    message = f"{name}: both {versions[name]} and {version} are wanted"
                    raise DeviceError("NO_AVAILABLE_COMPONENT_VERSION", message)
        gone = {name: None for name in self.installed if name not in versions}
        return gone | {
            name: self._found(name, version)
            for name, version in versions.items()
            if name in (MODEL, SHADOW) and self._version(name) != version
        }

    def _found(self, name: str, version: str) -> Component:
        found = self.cloud.components.find(name, version)
        if found is None:
            raise DeviceError("NO_AVAILABLE_COMPONENT_VERSION", f"{name}: no version {version}")
        return found

    def _version(self, name: str) -> str | None:
        return self.installed[name].version if name in self.installed else None

    def fetch(self, changes: Changes) -> None:
        """Have the artifacts of every new version on the disk.

        Raises:
            DeviceError: If one cannot be had.
        """
        for component in changes.values():
            if component and not self.work.has(component):
                self.work.fetch(self.cloud.aws, component)

    def change(self, deployment: Deployment, changes: Changes) -> None:
        """Install and remove, and restart the camera for another model.

        Raises:
            DeviceError: If a component's script fails.
        """
        self._changed_s = None
        for name, component in changes.items():
            if component is None:
                gone = self.installed.pop(name)
                if gone.component:
                    self.work.remove(gone.component)
            else:
                self.work.install(component)
                self.work.run(component)
                self.installed[name] = Installed(component.version, deployment.id, component)
        for name, version in deployment.versions.items():
            if name not in (MODEL, SHADOW):
                self.installed[name] = Installed(version, deployment.id)
        self._restart(changes)

    def _restart(self, changes: Changes) -> None:
        """Restart the camera for another model, as its HARD dependency makes a nucleus do; a shadow is none."""
        self._changed_s = time.time()
        if changes.get(MODEL) and self.camera.running:
            self.camera.stop()
            self.camera.start()

    def prove(self, changes: Changes) -> None:
        """Wait until a heartbeat names every new bundle; a camera that does not run has nothing to prove.

        Raises:
            DeviceError: If none does.
        """
        deadline = time.monotonic() + self.patience_s
        for name in (name for name, component in changes.items() if component):
            bundle = Identity.of(self.work.bundle(name))
            while self.camera.running and not self._is_used(name, bundle):
                if time.monotonic() > deadline or self.ended.is_set():
                    heard = self.cloud.heard(self.work.thing)
                    message = f"{name}: expected {bundle} in a heartbeat, last heard {heard}"
                    raise DeviceError("COMPONENT_BROKEN", message)
                time.sleep(_POLL_S)

    def _is_used(self, name: str, bundle: Identity) -> bool:
        return used(name, bundle, self.cloud.heard(self.work.thing), self._changed_s or 0)

    def go_back(
        self, deployment: Deployment, changes: Changes, before: dict[str, Installed]
    ) -> str:
        """Undo a change, unless the deployment asks to leave it; return how that went, in Greengrass' words."""
        if not deployment.rolls_back:
            return "FAILED_ROLLBACK_NOT_REQUESTED"
        outcome = "FAILED_ROLLBACK_COMPLETE"
        back: dict[str, Component] = {}
        for name, component in changes.items():
            former = before[name].component if name in before else None
            if former is None and component:
                self.work.remove(component)
            if former:
                back[name] = former
                try:
                    self.work.run(former)
                except DeviceError as error:
                    outcome = f"FAILED_UNABLE_TO_ROLLBACK ({error})"
            if component:
                self.work.forget(component)
        self.installed = before
        if self._changed_s is not None:
            self._restart(back)
        return outcome

    def keep(self, deployment: Deployment, changes: Changes, before: dict[str, Installed]) -> None:
        """Delete the artifacts of what was replaced or removed, and remember what the target wants."""
        self._roots[deployment.target] = deployment.versions
        for former in (before[name].component for name in changes if name in before):
            if former:
                self.work.forget(former)
