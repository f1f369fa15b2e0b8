"""A fab with its cloud, its SageMaker and its Greengrass on this machine: everything set up, nothing playing yet."""

import contextlib
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from rich.console import Console

from lambdas.loop.ledger import Ledger
from lambdas.stores.papers import PaperTable
from sandbox.cameras import Camera, Play
from sandbox.cloud import Cloud, cloud
from sandbox.deploy import Context
from sandbox.device import Device
from sandbox.device_proof import MODEL, heard_in
from sandbox.emulator import Wishes
from sandbox.errors import SandboxError
from sandbox.fleet import FAB, enrol_all
from sandbox.greengrass import Greengrass, greengrass
from sandbox.loop.models import Signed, public_key, sign
from sandbox.people import Person, register, simulated, staff
from sandbox.portal import serving
from sandbox.portal_build import built
from sandbox.portal_pages import read_pages
from sandbox.processes import ROOT
from sandbox.sagemaker import SageMaker, sagemaker
from sandbox.subscriber import queue_on
from sandbox.warmup import warm_up

RINGS = {"camera1": 0, "camera2": 1, "camera3": 2, "camera4": 2}
"""Each camera's place in the order in which a model comes to the rings."""
_FLEET = {FAB: list(RINGS)}

_RECIPE = ROOT / "edge_component" / "model_recipe.yaml"
_FIRST_SERIAL = 1
_INSTALL_S, _POLL_S = 120.0, 0.5


@dataclass(frozen=True)
class LoopFab:
    """What the demonstration works with."""

    cloud: Cloud
    jobs: SageMaker
    greengrass: Greengrass
    cameras: Mapping[str, Camera]
    devices: Mapping[str, Device]
    people: Sequence[Person]
    reviewers: Sequence[Person]
    address: str
    ledger: Ledger
    first: Signed
    notices_url: str
    folder: Path

    def person(self, role: str) -> Person:
        """Return somebody of a role in the fab."""
        return next(each for each in self.people if role in each.groups)

    def play(self, play: Play) -> None:
        """Let every camera capture wafers, each its own share of the lots."""
        for number, (name, camera) in enumerate(self.cameras.items()):
            device = self.devices[name]
            camera.configure(
                replace(play, number=number, cameras=len(self.cameras)),
                model_dir=str(device.model_dir),
                shadow_dir=str(device.shadow_dir),
                model_keys=[public_key(self.cloud)],
            )
            camera.start()

    def go_on(self, play: Play) -> None:
        """Let every camera capture other wafers than before."""
        for camera in self.cameras.values():
            camera.stop()
        self.play(play)

    def finish(self, play: Play) -> None:
        """Let no camera capture any more, and start each once again until all that it has is delivered."""
        self.go_on(replace(play, wafers=1))  # long since captured

    @property
    def finished(self) -> bool:
        """Tell whether every camera has delivered what it has, and ended."""
        return all(camera.done for camera in self.cameras.values())


@contextlib.contextmanager
def loop_fab(
    bundle: Path, context: Context, keep: Path | None, console: Console
) -> Iterator[LoopFab]:
    """Set everything up, with a bundle as the model that the fleet begins with, and take it down again.

    Args:
        bundle: The first model.
        context: The app's settings.
        keep: A folder that outlives the run, None for a temporary one.
        console: Where progress is shown.

    Raises:
        SandboxError: If anything of it fails.
    """
    with contextlib.ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fabwafer-")))
        pages = read_pages(built(console))
        running, jobs, nuclei = _deployed(folder, context, stack, console)
        people, reviewers = staff(), simulated()
        with console.status("making users, enrolling cameras, deploying the first model"):
            register(running, [*people, *reviewers])
            cameras, first = _equipped(running, bundle, folder, stack)
            _deploy_first(running, first)
            joined = {name: _join(running, nuclei, camera) for name, camera in cameras.items()}
            _wait_for_models(joined)
        papers = PaperTable(running.outputs["PapersTable"], running.emulator.client("dynamodb"))
        yield LoopFab(
            cloud=running,
            jobs=jobs,
            greengrass=nuclei,
            cameras=cameras,
            devices=joined,
            people=people,
            reviewers=reviewers,
            address=stack.enter_context(serving(running, pages, 0)),
            ledger=Ledger(papers),
            first=first,
            notices_url=queue_on(running, running.outputs["NoticesTopicArn"], "loop-notices"),
            folder=folder,
        )


def _deployed(
    folder: Path, context: Context, stack: contextlib.ExitStack, console: Console
) -> tuple[Cloud, SageMaker, Greengrass]:
    """Start a cloud with the app in it, its SageMaker and its Greengrass, each taken down with the stack."""
    jobs = stack.enter_context(sagemaker(folder))
    nuclei = stack.enter_context(greengrass(folder))
    beside = {"SAGEMAKER": jobs.endpoint, "GREENGRASSV2": nuclei.endpoint}
    with console.status("starting the cloud and deploying into it"):
        running = stack.enter_context(cloud(folder, _FLEET, Wishes(beside=beside), context))
    jobs.connect(running.emulator)
    nuclei.connect(running.emulator, heard_in(running.emulator, running.outputs["CamerasTable"]))
    return running, jobs, nuclei


def _equipped(
    running: Cloud, bundle: Path, folder: Path, stack: contextlib.ExitStack
) -> tuple[dict[str, Camera], Signed]:
    """Enrol the cameras and sign the first model; the cameras stop with the stack."""
    devices = enrol_all(running.emulator, _FLEET, folder / "devices")
    warm_up(running, devices[0], 2)
    first = sign(running, bundle, _FIRST_SERIAL)
    cameras = {
        each.camera: Camera(each, folder / "cameras" / each.thing, running.emulator.mqtt_port)
        for each in devices
    }
    for camera in cameras.values():
        stack.callback(camera.stop)
    return cameras, first


def rings(running: Cloud) -> list[str]:
    """Return the thing groups that models come to, in that order."""
    return running.outputs["ModelRings"].split(",")


def _join(running: Cloud, nuclei: Greengrass, camera: Camera) -> Device:
    """Put a camera's thing into its ring and start its nucleus, as preparing a Pi does."""
    ring = rings(running)[RINGS[camera.device.camera]]
    running.emulator.client("iot").add_thing_to_thing_group(
        thingGroupName=ring, thingName=camera.device.thing
    )
    return nuclei.join(camera.device.thing, camera)


def _wait_for_models(devices: Mapping[str, Device]) -> None:
    deadline = time.monotonic() + _INSTALL_S
    while lacking := [name for name, each in devices.items() if MODEL not in each.installed]:
        if time.monotonic() > deadline:
            raise SandboxError(f"not within {_INSTALL_S:.0f} s: a first model on {lacking}")
        time.sleep(_POLL_S)


def _deploy_first(running: Cloud, first: Signed) -> None:
    """Deploy the first model to every ring, as the stacks for Greengrass do it in an account."""
    version = f"{_FIRST_SERIAL}.0.0"
    text = _RECIPE.read_text().replace("{COMPONENT_VERSION}", version)
    recipe = yaml.safe_load(text.replace("COMPONENT_VERSION", version))
    recipe["Manifests"][0]["Artifacts"][0]["Uri"] = (
        f"s3://{running.outputs['ModelsBucket']}/{first.key}"
    )
    client = running.emulator.client("greengrassv2")
    client.create_component_version(inlineRecipe=json.dumps(recipe).encode())
    iot = running.emulator.client("iot")
    for ring in rings(running):
        client.create_deployment(
            targetArn=iot.describe_thing_group(thingGroupName=ring)["thingGroupArn"],
            deploymentName=ring,
            components={MODEL: {"componentVersion": version}},
            deploymentPolicies={"failureHandlingPolicy": "ROLLBACK"},
        )
