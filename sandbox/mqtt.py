"""A bare MQTT 5 client: topic and bytes -> the broker's reason code.

The device SDK refuses to send what it should not (too large, too fast) and hides what it repeats. Faults need both,
and a client whose certificate, client id and topic are all at the caller's choice.
"""

import contextlib
import socket
import ssl
import struct
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.emulator import HOST

_CONNECT, _PUBLISH, _PUBACK, _DISCONNECT = 0x10, 0x32, 0x40, 0xE0
_TIMEOUT_S = 20.0
NOT_AUTHORIZED = 135


@dataclass(frozen=True)
class Credentials:
    """What a device shows and trusts; no certificate at all is possible."""

    ca: Path
    certificate: Path | None
    key: Path | None


class RefusedError(ConnectionError):
    """The broker did not let the client in; `reason` is its MQTT 5 reason code, or None if it just hung up."""

    def __init__(self, reason: int | None) -> None:
        self.reason = reason
        super().__init__(f"refused with reason {reason}")


class MqttClient:
    """One connection; `publish` waits for the acknowledgement of QoS 1."""

    def __init__(self, port: int, credentials: Credentials, client_id: str) -> None:
        """Connect, or raise `RefusedError`, `ssl.SSLError` or another `OSError`."""
        self._packet_id = 0
        context = ssl.create_default_context(cafile=credentials.ca)
        if credentials.certificate and credentials.key:
            context.load_cert_chain(credentials.certificate, credentials.key)
        plain = socket.create_connection((HOST, port), timeout=_TIMEOUT_S)
        with plain:  # closed unless the broker lets us in: wrapping detaches it
            self._socket = context.wrap_socket(plain, server_hostname=HOST)
        with contextlib.ExitStack() as closing:
            closing.callback(self._socket.close)
            self._introduce(client_id)
            closing.pop_all()

    def publish(self, topic: str, payload: bytes) -> int:
        """Publish with QoS 1 and return the reason code of the acknowledgement (0: accepted)."""
        self._packet_id = self._packet_id % 65_535 + 1
        header = _text(topic) + struct.pack("!H", self._packet_id) + b"\x00"
        self._send(_PUBLISH, header + payload)
        kind, body = self._receive()
        if kind != _PUBACK:
            raise RefusedError(body[0] if body else None)
        return body[2] if len(body) > 2 else 0

    def _introduce(self, client_id: str) -> None:
        start_clean, keep_alive_s = 0x02, 60
        flags = bytes([5, start_clean]) + struct.pack("!H", keep_alive_s) + b"\x00"
        self._send(_CONNECT, _text("MQTT") + flags + _text(client_id))
        reason = self._receive()[1][1]
        if reason:
            raise RefusedError(reason)

    def __enter__(self) -> Self:
        """Return the connected client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up."""
        self._socket.close()

    def _send(self, kind: int, body: bytes) -> None:
        self._socket.sendall(bytes([kind]) + _length(len(body)) + body)

    def _receive(self) -> tuple[int, bytes]:
        kind, size, shift = self._read(1)[0], 0, 0
        while True:
            digit = self._read(1)[0]
            size |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                return kind & 0xF0, self._read(size)

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self._socket.recv(count - len(data))
            if not part:
                raise RefusedError(None)
            data += part
        return data


def _text(value: str) -> bytes:
    return struct.pack("!H", len(value.encode())) + value.encode()


def _length(size: int) -> bytes:
    digits = bytearray()
    while True:
        size, digit = divmod(size, 128)
        digits.append(digit | (0x80 if size else 0))
        if not size:
            return bytes(digits)
