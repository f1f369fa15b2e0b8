"""`python -m sandbox loop`: the loop from a model that lacks a class to one that has it, on this machine."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from sandbox.arguments import check_json, existing_file, new_folder
from sandbox.loop.page import page
from sandbox.loop.run import Wish, run

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no other name


def declare(commands: "Commands") -> None:
    """Add the command and its options."""
    command = commands.add_parser(
        "loop", help="train, release, roll out and roll back on this machine"
    )
    command.add_argument(
        "--data", type=existing_file, help="npz of labelled wafers (generated ones)"
    )
    command.add_argument("--json", type=Path, help="also write the outcome there")
    command.add_argument("--page", type=Path, help="also write a readable page there")
    command.add_argument("--keep", type=Path, help="new folder that keeps logs and journals")


def perform(options: argparse.Namespace, console: Console) -> int:
    """Run the loop; 0 is success, 1 that something is not as it must be.

    Raises:
        SandboxError: If it cannot be run.
    """
    check_json(options.json)
    check_json(options.page)
    outcome = run(Wish(options.data, options.keep and new_folder(options.keep)), console)
    if options.json:
        options.json.write_text(outcome.to_json())
    if options.page:
        options.page.write_text(page(outcome))
    for problem in outcome.problems:
        console.print(f"[bold red]wrong:[/] {problem}", highlight=False)
    console.print(f"[bold]{outcome.summary}[/]", highlight=False)
    return 1 if outcome.problems else 0
