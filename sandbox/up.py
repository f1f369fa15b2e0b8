"""A fab that stays: cameras fill the review queue, then deliver slowly and without end, until Ctrl-C."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.console import Console
from rich.live import Live
from rich.table import Table

from sandbox.demo import Fab, Options, bars, fab, plays
from sandbox.emulator import REGION, free_port
from sandbox.fleet import FAB
from sandbox.observe import Progress, look_and_rest, progress, watch
from sandbox.people import Person, register, simulated, staff
from sandbox.portal import serving
from sandbox.portal_build import built
from sandbox.portal_pages import read_pages
from sandbox.standing import Standing, told

_SHOWN_OUTPUTS = (
    "PredictionsTable",
    "ReviewsTable",
    "CamerasTable",
    "ImagesBucket",
    "AlertTopicArn",
    "ReviewApiUrl",
)


AUDIT_RATE = 0.1
"""Five times the default: the shipped model doubts one in forty of the generated wafers, which is no day's work."""


@dataclass(frozen=True)
class Stay:
    """What a sandbox that stays does besides.

    Attributes:
        fill: How many wafers are played at first, as fast as the cameras can, so that there is something to review:
            the doubtful ones of them and the random audit sample.
        portal_port: Where the portal is served; None is any free port.
    """

    fill: int = 400
    portal_port: int | None = None


def run(options: Options, stay: Stay, console: Console) -> None:
    """Run until interrupted.

    Raises:
        SandboxError: If it cannot be set up or a camera breaks down.
        KeyboardInterrupt: At Ctrl-C, with everything taken down.
    """
    port = free_port(stay.portal_port)
    pages = read_pages(built(console))
    with fab(options, console) as ready:
        people, robots = staff(), simulated()
        with console.status("making users of each role"):
            register(ready.cloud, [*people, *robots])
        _fill(ready, options, stay.fill, console)
        for camera, play in zip(ready.cameras, plays(options), strict=True):
            camera.configure(play)
            camera.start()
        with serving(ready.cloud, pages, port) as address:
            standing = Standing(
                address=address,
                fab=FAB,
                staff=tuple(people),
                simulated=tuple(robots),
                journals=tuple(camera.journal_path for camera in ready.cameras),
            )
            with told(standing):
                _introduce(ready, console)
                _invite(address, people, console)
                _stay(ready, console)


def _fill(ready: Fab, options: Options, wafers: int, console: Console) -> None:
    """Play wafers as fast as the cameras can; they go on behind them later."""
    if not wafers:
        return
    burst = replace(options, wafers=max(wafers, options.cameras), rate_per_s=0.0)
    for camera, play in zip(ready.cameras, plays(burst), strict=True):
        camera.configure(play)
        camera.start()
    with bars(burst.wafers, console) as show:
        watch(lambda: progress(ready.cloud, ready.cameras, ready.subscriber), show)


def _stay(ready: Fab, console: Console) -> None:
    with Live(console=console, auto_refresh=False) as live:
        while True:
            now, pause_s = look_and_rest(
                lambda: progress(ready.cloud, ready.cameras, ready.subscriber)
            )
            live.update(_counts(now), refresh=True)
            time.sleep(pause_s)


def _invite(address: str, people: Sequence[Person], console: Console) -> None:
    console.print(f"[bold]Portal[/] {address}", highlight=False, soft_wrap=True)
    table = Table("name", "password", "groups")
    for each in people:
        table.add_row(each.name, each.password, ", ".join(each.groups))
    console.print(table, highlight=False)
    console.print(
        "A simulated reviewer, in another terminal: "
        "[bold].venv/bin/python -m sandbox review --accuracy 0.97[/]",
        highlight=False,
        soft_wrap=True,
    )
    console.print("Ctrl-C ends it all.")


def _introduce(ready: Fab, console: Console) -> None:
    emulator = ready.cloud.emulator
    console.print(
        f"[bold]AWS[/]    {emulator.endpoint}   [bold]MQTT[/] port {emulator.mqtt_port}, mutual TLS"
    )
    for name in _SHOWN_OUTPUTS:
        console.print(f"{name:<18}{ready.cloud.outputs[name]}", highlight=False, soft_wrap=True)
    console.print("Look around in another terminal, with any AWS tool:")
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        console.print(
            f"  export {name}={emulator.environment()[name]}", highlight=False, soft_wrap=True
        )
    console.print(f"  export AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}", highlight=False)
    table = ready.cloud.outputs["PredictionsTable"]
    console.print(
        f"  aws dynamodb scan --table-name {table} --max-items 3", highlight=False, soft_wrap=True
    )


def _counts(progress: Progress) -> Table:
    table = Table(*("captured", "stored", "archived", "alerted", "reviews", "waiting"))
    values = (progress.captured, progress.stored, progress.archived, progress.alerted)
    table.add_row(*map(str, (*values, progress.reviews, progress.waiting)))
    return table
