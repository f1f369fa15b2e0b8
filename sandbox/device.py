"""A Pi beside a simulated camera: it takes up the deployments for its thing, one at a time, and reports how they went."""

import contextlib
import threading
import time
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.device_proof import MODEL, SHADOW
from sandbox.device_work import Work
from sandbox.greengrass_deployment import Deployment, Execution, Fate
from sandbox.nucleus import Cloud, Installed, Nucleus, Process
from sandbox.recipes import DeviceError

_LOOK_S = 2.0
_END_S = 10.0


class Device:
    """One core device; `told_s` is when it last told the cloud anything, seconds since 1970."""

    def __init__(self, work: Work, camera: Process, cloud: Cloud, patience_s: float) -> None:
        """Know the device's parts.

        Args:
            work: Its disk.
            camera: Its camera's process.
            cloud: What it reaches while it is online.
            patience_s: How long a new model has to show in a heartbeat.
        """
        self.work, self.cloud, self.told_s = work, cloud, time.time()
        self._ended, self._online = threading.Event(), threading.Event()
        self._nucleus = Nucleus(work, camera, cloud, patience_s, self._ended)
        self._done: dict[str, str] = {}
        self._refuse_next = False
        self._thread = threading.Thread(target=self._live, name=self.thing, daemon=True)

    @property
    def thing(self) -> str:
        """Return the name of its thing."""
        return self.work.thing

    @property
    def installed(self) -> dict[str, Installed]:
        """Return what it has, by component."""
        return self._nucleus.installed

    @property
    def model_dir(self) -> Path:
        """Return what the camera's `model_dir` is to be."""
        return self.work.bundle(MODEL)

    @property
    def shadow_dir(self) -> Path:
        """Return what the camera's `shadow_dir` is to be."""
        return self.work.bundle(SHADOW)

    @property
    def online(self) -> bool:
        """Tell whether deployments reach it."""
        return self._online.is_set()

    def start(self) -> None:
        """Begin to take up deployments."""
        self._online.set()
        self._thread.start()

    def end(self) -> None:
        """End; the camera is left as it is."""
        self._ended.set()
        self._online.set()
        with self.cloud.deployments.changed:
            self.cloud.deployments.changed.notify_all()
        self._thread.join(_END_S)
        self.work.close()

    def go_offline(self) -> None:
        """Hear of no deployment and report nothing; what was begun goes on."""
        self._online.clear()

    def come_back(self) -> None:
        """Report what was not reported, and take up the latest deployments."""
        self._online.set()

    def corrupt_next(self, *, checked: bool = False) -> None:
        """Let the next artifact arrive altered, or be altered on the disk after it was checked."""
        self.work.corrupt_way, self.work.corrupt_disk = not checked, checked

    def fill_disk(self, free_bytes: int = 0) -> None:
        """Leave so much room on the disk."""
        self.work.free_bytes = free_bytes

    def empty_disk(self) -> None:
        """Make room again."""
        self.work.free_bytes = None

    def refuse_next(self) -> None:
        """Turn the next deployment down."""
        self._refuse_next = True

    def _live(self) -> None:
        deployments = self.cloud.deployments
        while not self._ended.is_set():
            self._online.wait()
            waiting: list[Deployment] = []
            with contextlib.suppress(
                ClientError, BotoCoreError
            ):  # the next look may reach the cloud
                waiting = self._waiting()
                for deployment in waiting:
                    if self.online and not self._ended.is_set():
                        self._take_up(deployment)
            if not waiting:
                with deployments.changed:
                    deployments.changed.wait(_LOOK_S)

    def _waiting(self) -> list[Deployment]:
        wanted = self.cloud.deployments.wanted(self.thing)
        return [each for each in wanted if self._done.get(each.target) != each.id]

    def _take_up(self, deployment: Deployment) -> None:
        if self._refuse_next:
            self._refuse_next = False
            self._settle(deployment, Fate.REJECTED, "the device turned it down")
            return
        self._report(deployment, Execution(Fate.IN_PROGRESS))
        nucleus, before = self._nucleus, dict(self.installed)
        try:
            changes = nucleus.changes(deployment)
            nucleus.fetch(changes)
        except DeviceError as error:
            self._settle(deployment, Fate.FAILED, f"FAILED_NO_STATE_CHANGE: {error}", error.code)
            return
        try:
            nucleus.change(deployment, changes)
            nucleus.prove(changes)
        except DeviceError as error:
            outcome = nucleus.go_back(deployment, changes, before)
            self._settle(deployment, Fate.FAILED, f"{outcome}: {error}", error.code)
            return
        nucleus.keep(deployment, changes, before)
        self._settle(deployment, Fate.SUCCEEDED, "SUCCESSFUL")

    def _settle(self, deployment: Deployment, fate: Fate, reason: str, code: str = "") -> None:
        self._done[deployment.target] = deployment.id
        errors = ("DEPLOYMENT_FAILURE", code) if code else ()
        self._report(deployment, Execution(fate, reason, errors))

    def _report(self, deployment: Deployment, execution: Execution) -> None:
        """Tell the cloud, as soon as it can be reached."""
        self._online.wait()
        self.told_s = time.time()
        self.cloud.deployments.report(deployment, self.thing, execution)
