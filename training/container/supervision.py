"""A program run to its end: its output passed on, signals handed to it, its last words kept for whoever asks why."""

import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import IO

from fabwafer.errors import FabWaferError
from training.network.interruption import Interruption

GRACE_S = 100.0
"""After SIGTERM; SageMaker itself kills after 120 s."""
_POLL_S = 0.1
_KEPT_LINES = 200
_REASON = re.compile(r"(^|: )error: |^[A-Za-z_.]*(Error|Exception)\b")
_NO_REASON = re.compile(r"torch\.distributed\.elastic|ChildFailedError|^E\d{4} ")


class ProgramError(FabWaferError):
    """A program that failed; the message has its name, how it ended and its last words."""


def supervise(
    name: str,
    command: Sequence[str],
    interruption: Interruption,
    environment: Mapping[str, str] | None = None,
    grace_s: float = GRACE_S,
) -> None:
    """Run a program; if a signal came, end it with SIGTERM and, `grace_s` later, with SIGKILL.

    Raises:
        ProgramError: If it failed without having been asked to stop.
    """
    program = subprocess.Popen(  # noqa: S603
        command, stderr=subprocess.PIPE, text=True, errors="replace", env=environment
    )
    lines: deque[str] = deque(maxlen=_KEPT_LINES)
    reader = threading.Thread(target=_pass_on, args=(program.stderr, lines), daemon=True)
    reader.start()
    status = _wait(program, interruption, grace_s)
    reader.join(timeout=10)
    if status and not interruption.asked:
        raise ProgramError(f"{name} {_ended(status)}: {last_words(list(lines))}")


def _wait(program: "subprocess.Popen[str]", interruption: Interruption, grace_s: float) -> int:
    killed_at = 0.0
    while True:
        try:
            return program.wait(_POLL_S)
        except subprocess.TimeoutExpired:
            if interruption.asked and not killed_at:
                program.terminate()
                killed_at = time.monotonic() + grace_s
            elif killed_at and time.monotonic() > killed_at:
                program.kill()


def _pass_on(stream: IO[str], lines: deque[str]) -> None:
    with stream:
        for line in stream:
            sys.stderr.write(line)
            lines.append(line.rstrip())


def _ended(status: int) -> str:
    if status == -signal.SIGKILL:
        return "was killed, as it happens for want of memory"
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"failed with status {status}"


def last_words(lines: Sequence[str]) -> str:
    """Return the line that tells why a program failed, and what it said before."""
    said = [line for line in lines if line.strip()]
    reasons = [each for each in said if _REASON.search(each) and not _NO_REASON.search(each)]
    first = (reasons or said or ["it said nothing"])[-1]
    return "\n".join([first, *said[-10:]]) if len(said) > 1 else first
