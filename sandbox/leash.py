"""A process that must not outlive the one that started it: it ends when its standard input closes.

`python -m sandbox.leash MODULE ARGS...` runs a module so, otherwise as `python -m MODULE ARGS...` would.
"""

import os
import runpy
import signal
import sys
import threading
import time

_TERM_S = 5.0


def end_with_parent() -> None:
    """Watch standard input, in the background; at its end ask this process to stop, then make it."""
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_TERM_S)
    os._exit(1)


if __name__ == "__main__":
    end_with_parent()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
