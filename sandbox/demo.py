"""N wafers from C cameras through the whole system on this machine, and the proof that all went right."""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from fabwafer.bundle import read_bundle
from fabwafer.errors import BundleError
from fabwafer.triage import Policy
from sandbox.cameras import MODEL, Camera, Play
from sandbox.cloud import Cloud, cloud
from sandbox.deploy import AUDIT_RATE
from sandbox.emulator import Wishes
from sandbox.errors import SandboxError
from sandbox.fleet import cameras as fleet_of
from sandbox.fleet import enrol_all
from sandbox.observe import Progress, find, played, progress, watch
from sandbox.report import Report, report
from sandbox.subscriber import Subscriber, subscribe
from sandbox.verify import expect
from sandbox.warmup import warm_up


@dataclass(frozen=True)
class Options:
    """What to play; logs and journals stay in `keep`, if given."""

    wafers: int
    cameras: int
    data: Path | None
    rate_per_s: float = 0
    wishes: Wishes = field(default_factory=Wishes)
    keep: Path | None = None
    audit_rate: float = AUDIT_RATE


@dataclass(frozen=True)
class Fab:
    """A deployed cloud with its subscriber and cameras, none of which plays yet."""

    cloud: Cloud
    subscriber: Subscriber
    cameras: Sequence[Camera]
    policy: Policy
    setup_s: float


@contextlib.contextmanager
def fab(options: Options, console: Console) -> Iterator[Fab]:
    """Set a fab and its cloud up, and take it down again whatever happens.

    Raises:
        SandboxError: If anything of it fails.
    """
    started = time.monotonic()
    policy = shipped_policy()
    fleet = fleet_of(options.cameras)
    with contextlib.ExitStack() as stack:
        state = options.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="fabwafer-"))
        )
        context = {"audit_rate": str(options.audit_rate)}
        with console.status("starting the cloud and deploying into it"):
            running = stack.enter_context(cloud(state, fleet, options.wishes, context))
        with console.status("enrolling cameras, waiting for a first heartbeat"):
            devices = enrol_all(running.emulator, fleet, state / "devices")
            subscriber = subscribe(running)
            warm_up(running, devices[0], options.wishes.environments)
        cameras = [
            Camera(device, state / "cameras" / device.thing, running.emulator.mqtt_port)
            for device in devices
        ]
        for camera, play in zip(cameras, plays(options), strict=True):
            camera.configure(play)
            stack.callback(camera.stop)
        yield Fab(running, subscriber, cameras, policy, time.monotonic() - started)


def run(options: Options, console: Console) -> Report:
    """Play the wafers, wait until all is settled, and check everything.

    Raises:
        SandboxError: If the run cannot be set up or a camera breaks down.
    """
    started = time.monotonic()
    with fab(options, console) as ready:
        for camera in ready.cameras:
            camera.start()
        with bars(options.wafers, console) as show:
            watch(lambda: progress(ready.cloud, ready.cameras, ready.subscriber), show)
        with console.status("checking every wafer"):
            wafers = played(ready.cameras)
            expected = expect(wafers, ready.policy, options.audit_rate, options.wafers)
            found = find(ready.cloud, ready.subscriber)
        return report(wafers, expected, found, ready.setup_s, time.monotonic() - started)


def plays(options: Options) -> list[Play]:
    """Share the wafers among the cameras; the first ones take what does not divide."""
    share, rest = divmod(options.wafers, options.cameras)
    return [
        Play(
            wafers=share + (number < rest),
            data=options.data,
            rate_per_s=options.rate_per_s,
            number=number,
            cameras=options.cameras,
        )
        for number in range(options.cameras)
    ]


def shipped_policy() -> Policy:
    """Return labels and thresholds of the shipped model.

    Raises:
        SandboxError: If the bundle is not there or altered.
    """
    try:
        return read_bundle(MODEL).policy
    except BundleError as error:
        raise SandboxError(str(error)) from error


@contextlib.contextmanager
def bars(wafers: int, console: Console) -> Iterator[Callable[[Progress], None]]:
    """Show how far so many wafers are, and yield what is to be told of it."""
    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=console) as bars:
        tasks = {
            name: bars.add_task(name, total=wafers) for name in ("captured", "stored", "archived")
        }
        tasks |= {
            name: bars.add_task(name, total=None) for name in ("alerted", "reviews", "waiting")
        }

        def show(progress: Progress) -> None:
            for name, task in tasks.items():
                bars.update(task, completed=getattr(progress, name))

        yield show
