"""`python -m sandbox review`: simulated reviewers work the queue of the sandbox that is up."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from sandbox.arguments import check_json, positive, seconds, share
from sandbox.people import SIMULATED
from sandbox.reviewer import Habits
from sandbox.reviewing import Wish, review, show, waiting
from sandbox.standing import find

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no other name

_UNTIL_A_SECOND_READER_S = 25.0
"""Somewhat longer than an answer may be taken back by its giver."""


def declare(commands: "Commands") -> None:
    """Add the command and its options."""
    command = commands.add_parser("review", help="simulated reviewers work the queue")
    command.add_argument(
        "--accuracy", type=share, default=Habits.accuracy, help="share of right answers (0.97)"
    )
    command.add_argument(
        "--reviewers", type=_crew, default=1, help=f"how many at once (1, at most {SIMULATED})"
    )
    command.add_argument("--items", type=positive, help="answers in all (until the queue is empty)")
    command.add_argument(
        "--looking", type=seconds, default=0.0, help="seconds that each looks at a wafer (0)"
    )
    command.add_argument("--seed", type=int, default=1, help="of errors and undos (1)")
    command.add_argument("--json", type=Path, help="also write the outcome there")


def run(options: argparse.Namespace, console: Console) -> int:
    """Review; 0 is success.

    Raises:
        SandboxError: If no sandbox is up or its API fails.
    """
    check_json(options.json)
    standing = find()
    wish = Wish(
        address=standing.address,
        fab=standing.fab,
        reviewers=standing.simulated[: options.reviewers],
        looker=standing.looker,
        truths=standing.truths(),
        habits=Habits(
            accuracy=options.accuracy,
            looking_s=options.looking,
            patience_s=_UNTIL_A_SECOND_READER_S if options.reviewers > 1 else 0.0,
        ),
        items=options.items,
        seed=options.seed,
    )
    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    most = waiting(wish.address, wish.fab, wish.looker)
    with Progress(*columns, console=console) as bars:
        task = bars.add_task("answered", total=most if wish.items is None else wish.items)
        result, _ = review(wish, lambda: bars.advance(task))
    show(result, console)
    if options.json:
        options.json.write_text(result.to_json())
    return 0


def _crew(text: str) -> int:
    value = positive(text)
    if value > SIMULATED:
        raise argparse.ArgumentTypeError(f"expected 1 to {SIMULATED}, got {text}")
    return value
