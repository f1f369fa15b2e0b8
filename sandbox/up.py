"""A fab that stays: cameras deliver slowly and without end until Ctrl-C."""

import time

from rich.console import Console
from rich.live import Live
from rich.table import Table

from sandbox.demo import Fab, Options, fab
from sandbox.emulator import REGION
from sandbox.observe import Progress, look_and_rest, progress

_SHOWN_OUTPUTS = (
    "PredictionsTable",
    "ReviewsTable",
    "CamerasTable",
    "ImagesBucket",
    "AlertTopicArn",
)


def run(options: Options, console: Console) -> None:
    """Run until interrupted.

    Raises:
        SandboxError: If it cannot be set up or a camera breaks down.
        KeyboardInterrupt: At Ctrl-C, with everything taken down.
    """
    with fab(options, console) as ready:
        for camera in ready.cameras:
            camera.start()
        _introduce(ready, console)
        with Live(console=console, auto_refresh=False) as live:
            while True:
                now, pause_s = look_and_rest(
                    lambda: progress(ready.cloud, ready.cameras, ready.subscriber)
                )
                live.update(_counts(now), refresh=True)
                time.sleep(pause_s)


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
    console.print("Ctrl-C ends it all.")


def _counts(progress: Progress) -> Table:
    table = Table(*("captured", "stored", "archived", "alerted", "reviews", "waiting"))
    values = (progress.captured, progress.stored, progress.archived, progress.alerted)
    table.add_row(*map(str, (*values, progress.reviews, progress.waiting)))
    return table
