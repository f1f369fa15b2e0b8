"""Run the AWS emulator as the sandbox needs it: on loopback only, repaired where it falls short of AWS.

`python -m sandbox.launcher` runs in the emulator's own environment, which has none of our dependencies.
"""

import importlib
import importlib.metadata
import ipaddress
import os
import socket
import sys
from typing import Any

from sandbox.leash import end_with_parent
from sandbox.repairs import repair

VERSION = "1.5.33"
_LOOPBACK = "127.0.0.1"


def main() -> None:
    """Serve until SIGTERM, or until the process that started this one is gone."""
    _require_version()
    _bind_loopback_only()
    repair(int(os.environ["LAMBDA_ENVIRONMENTS"]))
    end_with_parent()
    sys.argv = sys.argv[:1]
    importlib.import_module("ministack.app").main()


def _require_version() -> None:
    installed = importlib.metadata.version("ministack")
    if installed != VERSION:
        raise SystemExit(
            f"ministack: expected {VERSION}, which this was written for, got {installed}"
        )


def _bind_loopback_only() -> None:
    """Its MQTT listener asks for every interface whatever BIND_HOST says: no socket here leaves loopback."""
    bind = socket.socket.bind

    def bind_on_loopback(self: socket.socket, address: Any) -> None:
        if self.family == socket.AF_INET6:
            address = ("::1", *address[1:])
        elif self.family == socket.AF_INET and not _is_loopback(address[0]):
            address = (_LOOPBACK, *address[1:])
        bind(self, address)

    socket.socket.bind = bind_on_loopback  # type: ignore[method-assign, assignment]


def _is_loopback(host: str) -> bool:
    return bool(host) and ipaddress.ip_address(host).is_loopback


if __name__ == "__main__":
    main()
