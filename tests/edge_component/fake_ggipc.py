"""A Greengrass nucleus for tests: the Core IPC protocol over a Unix socket, standard library only.

It speaks enough of the wire format for awsiotsdk's GreengrassCoreIPCClientV2 (connect and authenticate,
publish, configuration and its events, state) and has a real nucleus' faults: offline, topics denied,
dropped connections, subscriptions lost silently, a token that changes on restart, publishes that are never
answered; and its limits: ten unacknowledged publishes or 15 kB, and 7,300 bytes a message.
"""

import base64
import json
import socket
import struct
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

_APPLICATION, _APPLICATION_ERROR, _PING, _PING_RESPONSE, _CONNECT, _CONNECT_ACK = range(6)
_ACCEPTED, _TERMINATE = 1, 2
_SHAPE = "aws.greengrass#"
_FIXED_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
WINDOW_MESSAGES, WINDOW_BYTES, PAYLOAD_BYTES = 10, 15_000, 7_300

Headers = dict[str, Any]


@dataclass(frozen=True)
class Published:
    topic: str
    qos: int
    payload: bytes

    @property
    def body(self) -> dict[str, Any]:
        return dict(json.loads(self.payload))

    @property
    def kind(self) -> str:
        return self.topic.split("/")[-1 if self.topic.endswith("/status") else -2]


@dataclass
class _Flights:
    """Publishes that are not answered yet, and the most there were."""

    sizes: list[int] = field(default_factory=list)
    most_messages: int = 0
    most_bytes: int = 0

    def start(self, size: int) -> bool:
        self.sizes.append(size)
        self.most_messages = max(self.most_messages, len(self.sizes))
        self.most_bytes = max(self.most_bytes, sum(self.sizes))
        return len(self.sizes) <= WINDOW_MESSAGES and sum(self.sizes) <= WINDOW_BYTES


class FakeNucleus:
    def __init__(self, path: Path, config: dict[str, Any] | None = None) -> None:
        self.path = path
        self.config = config or {}
        self.token = "TOKEN-1"
        self.online = True
        self.answers = True
        self.answer_delay_s = 0.0
        self.denied: Callable[[str], bool] = lambda _topic: False
        self.invalid: Callable[[str], bool] = lambda _topic: False
        self.published: list[Published] = []
        self.states: list[str] = []
        self.calls: list[str] = []
        self.connects = 0
        self.flights = _Flights()
        self.arrived = threading.Condition()
        self._subscriptions: list[tuple[socket.socket, int]] = []
        self._connections: list[socket.socket] = []
        self._lock = threading.Lock()
        self.start()

    def start(self) -> None:
        self.path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen(8)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def environment(self) -> dict[str, str]:
        return {
            "SVCUID": self.token,
            "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT": str(self.path),
        }

    # What the tests do to it

    def wait_for(self, condition: Callable[[], bool], timeout_s: float = 20) -> bool:
        with self.arrived:
            return self.arrived.wait_for(condition, timeout_s)

    def of_kind(self, kind: str) -> list[Published]:
        return [each for each in self.published if each.kind == kind]

    def merge(self, **values: Any) -> None:
        """Merge configuration as a deployment does: an event for every changed key."""
        self.config |= values
        for key in values:
            event = {"configurationUpdateEvent": {"componentName": "edge", "keyPath": [key]}}
            for connection, stream in list(self._subscriptions):
                self._reply(connection, stream, "ConfigurationUpdateEvents", event, last=False)

    def lose_subscriptions(self) -> None:
        """Forget them without a word, as Nucleus Lite 2.6.0 does."""
        self._subscriptions.clear()

    def drop_connections(self) -> None:
        for connection in self._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
                connection.close()
            except OSError:
                pass
        self._connections.clear()

    def restart(self) -> None:
        """Restart with a new token; processes that know the old one are refused."""
        self.token += "x"
        self.drop_connections()

    def stop(self) -> None:
        self._listener.close()
        self.path.unlink(missing_ok=True)
        self.drop_connections()

    # The protocol

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as stream:
                headers, payload = _decode(stream)
                self.connects += 1
                if not headers or json.loads(payload).get("authToken") != self.token:
                    return
                self._send(connection, _CONNECT_ACK, _ACCEPTED, 0)
                while True:
                    headers, payload = _decode(stream)
                    if headers is None:
                        return
                    self._message(connection, headers, payload)
        except (OSError, ValueError):
            pass
        finally:
            self._subscriptions = [
                each for each in self._subscriptions if each[0] is not connection
            ]

    def _message(self, connection: socket.socket, headers: Headers, payload: bytes) -> None:
        if headers[":message-type"] == _PING:
            self._send(connection, _PING_RESPONSE, 0, 0)
        elif "operation" in headers and not headers[":message-flags"] & _TERMINATE:
            operation = headers["operation"].split("#")[1]
            self.calls.append(operation)
            request = json.loads(payload or b"{}")
            handler = getattr(self, f"_on_{operation}", self._on_unknown)
            handler(connection, headers[":stream-id"], request)

    def _on_unknown(self, connection: socket.socket, stream: int, _request: Headers) -> None:
        self._error(connection, stream, "ServiceError")

    def _on_PublishToIoTCore(  # noqa: N802 (the operation's name)
        self, connection: socket.socket, stream: int, request: Headers
    ) -> None:
        topic, payload = request["topicName"], base64.b64decode(request.get("payload", ""))
        if len(payload) > PAYLOAD_BYTES:
            connection.shutdown(socket.SHUT_RDWR)
        elif self.denied(topic):
            self._error(connection, stream, "UnauthorizedError")
        elif self.invalid(topic):
            self._error(connection, stream, "InvalidArgumentsError")
        elif self.answers:
            message = Published(topic, int(request["qos"]), payload)
            self._take(connection, stream, message)

    def _take(self, connection: socket.socket, stream: int, message: Published) -> None:
        fits = self.flights.start(len(message.payload))

        def answer() -> None:
            self.flights.sizes.remove(len(message.payload))
            if not self.online or not fits:
                self._error(connection, stream, "ServiceError")
                return
            with self.arrived:
                self.published.append(message)
                self.arrived.notify_all()
            self._reply(connection, stream, "PublishToIoTCoreResponse", {})

        if self.answer_delay_s:
            threading.Timer(self.answer_delay_s, answer).start()
        else:
            answer()

    def _on_GetConfiguration(  # noqa: N802
        self, connection: socket.socket, stream: int, _request: Headers
    ) -> None:
        answer = {"componentName": "edge", "value": self.config}
        self._reply(connection, stream, "GetConfigurationResponse", answer)

    def _on_UpdateState(  # noqa: N802
        self, connection: socket.socket, stream: int, request: Headers
    ) -> None:
        with self.arrived:
            self.states.append(request["state"])
            self.arrived.notify_all()
        self._reply(connection, stream, "UpdateStateResponse", {})

    def _on_SubscribeToConfigurationUpdate(  # noqa: N802
        self, connection: socket.socket, stream: int, _request: Headers
    ) -> None:
        self._subscriptions.append((connection, stream))
        answer = "SubscribeToConfigurationUpdateResponse"
        self._reply(connection, stream, answer, {}, last=False)

    def _reply(
        self,
        connection: socket.socket,
        stream: int,
        shape: str,
        body: Headers,
        *,
        last: bool = True,
    ) -> None:
        flags = _TERMINATE if last else 0
        self._send(connection, _APPLICATION, flags, stream, shape, body)

    def _error(self, connection: socket.socket, stream: int, shape: str) -> None:
        body = {"_message": None, "_errorCode": shape}
        self._send(connection, _APPLICATION_ERROR, _TERMINATE, stream, shape, body)

    def _send(
        self,
        connection: socket.socket,
        kind: int,
        flags: int,
        stream: int,
        shape: str | None = None,
        body: Headers | None = None,
    ) -> None:
        headers: Headers = {":message-type": kind, ":message-flags": flags, ":stream-id": stream}
        if shape:
            headers |= {":content-type": "application/json", "service-model-type": _SHAPE + shape}
        data = b"" if body is None else json.dumps(body).encode()
        try:
            with self._lock:
                connection.sendall(_encode(headers, data))
        except OSError:
            pass  # the client has gone


def _encode(headers: Headers, payload: bytes) -> bytes:
    block = b"".join(_encode_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", 16 + len(block) + len(payload), len(block))
    prelude += struct.pack(">I", zlib.crc32(prelude))
    message = prelude + block + payload
    return message + struct.pack(">I", zlib.crc32(message))


def _encode_header(name: str, value: int | str) -> bytes:
    start = bytes([len(name)]) + name.encode()
    if isinstance(value, int):
        return start + b"\x04" + struct.pack(">i", value)
    return start + b"\x07" + struct.pack(">H", len(value)) + value.encode()


def _decode(stream: IO[bytes]) -> tuple[Headers | None, bytes]:
    prelude = stream.read(12)
    if len(prelude) < 12:
        return None, b""
    total, headers_size = struct.unpack(">II", prelude[:8])
    rest = stream.read(total - 12)
    return _decode_headers(rest[:headers_size]), rest[headers_size:-4]


def _decode_headers(block: bytes) -> Headers:
    headers: Headers = {}
    while block:
        length = block[0]
        name, kind, block = block[1 : 1 + length].decode(), block[1 + length], block[2 + length :]
        size = _FIXED_SIZES.get(kind)
        if size is None:
            (size,) = struct.unpack(">H", block[:2])
            block = block[2:]
        raw, block = block[:size], block[size:]
        headers[name] = {4: lambda raw: struct.unpack(">i", raw)[0], 7: bytes.decode}.get(
            kind, lambda raw: raw
        )(raw)
    return headers
