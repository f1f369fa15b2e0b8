"""A program that ends with the one who wanted it: SIGTERM is handed on, and a standard input that closes ends it.

`python -m sandbox.tether FOLDER COMMAND...` runs a command in a folder; for programs that are no module of ours.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

_TERM_S = 5.0
_SIGNALLED = 128


def main(arguments: Sequence[str]) -> int:
    """Run the command to its end; return its status, or 128 and the signal that ended it."""
    folder, *command = arguments
    asked = threading.Event()
    programs: list[subprocess.Popen[bytes]] = []

    def hand_on(*_: Any) -> None:
        asked.set()
        for each in programs:
            each.terminate()

    signal.signal(signal.SIGTERM, hand_on)
    programs.append(subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL))  # noqa: S603
    if asked.is_set():
        hand_on()
    threading.Thread(target=_watch, daemon=True).start()
    status = programs[0].wait()
    return status if status >= 0 else _SIGNALLED - status


def _watch() -> None:
    """Wait until nobody holds our standard input; then end the whole session, of which this process is the first."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_TERM_S)
    os.killpg(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
