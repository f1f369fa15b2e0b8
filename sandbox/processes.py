"""Starting and ending the sandbox's processes, each by its own handle."""

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.errors import SandboxError

ROOT = Path(__file__).resolve().parent.parent
_TERM_S = 5.0
_TAIL_LINES = 12


def start(
    command: Sequence[str | Path], environment: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    """Start a program in the background; its standard input stays open for as long as this process lives.

    It gets a session of its own, so that a Ctrl-C reaches us alone and we end things in their order.
    """
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own programs, arguments of our own
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def stop(process: subprocess.Popen[bytes]) -> None:
    """Send SIGTERM, and SIGKILL to one that does not listen; a process that ended already is no error."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(_TERM_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin:
        process.stdin.close()


def failure(what: str, log: Path) -> SandboxError:
    """Return the error that shows the end of a program's log."""
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])
    return SandboxError(f"{what} (all of it in {log}):\n{tail}")
