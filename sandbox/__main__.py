"""`python -m sandbox demo` plays wafers and checks everything; `up` stays up until Ctrl-C; `review` works its queue.

`loop` closes the loop: answers, training, a rollout, and a bad candidate's way back.
"""

import argparse
import signal
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from edge_component.replay import Replay
from sandbox import demo, report, review_command, up
from sandbox.arguments import check_json, count, existing_file, new_folder, positive, share
from sandbox.emulator import Wishes
from sandbox.errors import SandboxError
from sandbox.loop import command as loop

_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run a command; 0 is success, 1 that something is not as it must be, 2 that it could not be run."""
    options = _parse(arguments)
    console = Console()
    for ending in (signal.SIGTERM, signal.SIGINT):  # a shell's background job ignores the latter
        signal.signal(ending, signal.default_int_handler)
    try:
        return _COMMANDS[options.command](options, console)
    except SandboxError as error:
        Console(stderr=True).print(f"[bold red]sandbox:[/] {error}", highlight=False)
        return 2
    except KeyboardInterrupt:
        console.print("interrupted; everything is taken down")
        return _INTERRUPTED


def _demo(options: argparse.Namespace, console: Console) -> int:
    if options.wafers < options.cameras:
        raise SandboxError(
            f"--wafers: expected one for each of {options.cameras} cameras, got {options.wafers}"
        )
    _check_data(options)
    check_json(options.json)
    result = demo.run(_options(options), console)
    if options.json:
        options.json.write_text(result.to_json())
    report.show(result, console)
    return 1 if result.problems else 0


def _up(options: argparse.Namespace, console: Console) -> int:
    _check_data(options)
    asked = replace(_options(options), audit_rate=options.audit_rate)
    up.run(asked, up.Stay(options.fill, options.portal_port), console)
    return 0


def _check_data(options: argparse.Namespace) -> None:
    """Refuse a file now that a camera, which never gives up, would try to read for ever."""
    if options.data is None:
        return
    try:
        Replay(options.data, offset=options.cameras - 1, stride=options.cameras)
    except OSError as error:
        raise SandboxError(f"--data {error}") from error


def _options(parsed: argparse.Namespace) -> demo.Options:
    return demo.Options(
        parsed.wafers,
        parsed.cameras,
        parsed.data,
        parsed.rate,
        Wishes(parsed.port, parsed.mqtt_port),
        parsed.keep and new_folder(parsed.keep),
    )


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    played = commands.add_parser("demo", help="play wafers, check that all arrived")
    played.add_argument("--wafers", type=positive, default=200, help="how many (200)")
    played.add_argument("--json", type=Path, help="also write the outcome there")
    played.set_defaults(rate=0.0)
    stays = commands.add_parser("up", help="the same, and it stays up")
    stays.add_argument(
        "--rate", type=float, default=0.5, help="wafers a second of each camera (0.5)"
    )
    stays.add_argument("--fill", type=count, default=up.Stay.fill, help="wafers at first (400)")
    stays.add_argument(
        "--audit-rate", type=share, default=up.AUDIT_RATE, help="share that is audited (0.1)"
    )
    stays.add_argument("--portal-port", type=positive, help="of the portal (any free one)")
    stays.set_defaults(wafers=0)
    for command in (played, stays):
        command.add_argument("--cameras", type=positive, default=4, help="how many (4)")
        command.add_argument(
            "--data", type=existing_file, help="npz of wafers to replay (generated ones)"
        )
        command.add_argument("--port", type=positive, help="of the AWS endpoint (any free one)")
        command.add_argument("--mqtt-port", type=positive, help="of the broker (any free one)")
        command.add_argument("--keep", type=Path, help="new folder that keeps logs and journals")
    review_command.declare(commands)
    loop.declare(commands)
    return parser.parse_args(arguments)


_COMMANDS = {"demo": _demo, "up": _up, "review": review_command.run, "loop": loop.perform}


if __name__ == "__main__":
    sys.exit(main())
