"""What the sandbox' commands take on their command lines; `argparse` turns each error into one of usage."""

import argparse
from pathlib import Path

from sandbox.errors import SandboxError

_HOUR_S = 3600.0


def positive(text: str) -> int:
    """Return a number of 1 or more."""
    return _least(1, text)


def count(text: str) -> int:
    """Return a number of 0 or more."""
    return _least(0, text)


def share(text: str) -> float:
    """Return a number of 0 to 1."""
    return _between(text, 1.0)


def seconds(text: str) -> float:
    """Return a number of 0 to an hour's."""
    return _between(text, _HOUR_S)


def check_json(path: Path | None) -> None:
    """Refuse now what could not be written at the end.

    Raises:
        SandboxError: If its folder is missing.
    """
    if path and not path.absolute().parent.is_dir():
        raise SandboxError(f"--json {path}: expected a folder that exists")


def existing_file(text: str) -> Path:
    """Return a file that is there."""
    path = Path(text).resolve()
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"{text}: no such file")
    return path


def new_folder(path: Path) -> Path:
    """Make a folder that nobody else may read.

    Raises:
        SandboxError: If it is there already.
    """
    try:
        path.mkdir(parents=True, mode=0o700)
    except FileExistsError as error:
        raise SandboxError(f"--keep {path}: expected a folder that does not exist yet") from error
    return path.resolve()


def _least(least: int, text: str) -> int:
    value = int(text)
    if value < least:
        raise argparse.ArgumentTypeError(f"expected {least} or more, got {text}")
    return value


def _between(text: str, most: float) -> float:
    value = float(text)
    if not 0 <= value <= most:
        raise argparse.ArgumentTypeError(f"expected 0 to {most:g}, got {text}")
    return value
