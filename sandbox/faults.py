"""Things that break, at the push of a button: a network that can be cut, a service that refuses what it is told to."""

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sandbox.emulator import HOST

_CHUNK = 65_536


@dataclass
class Network:
    """A way to a port on this machine that can be cut and mended; `port` is its near end."""

    target: int
    port: int
    _sockets: set[socket.socket] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _up: bool = True

    def cut(self) -> None:
        """End every connection, and every attempt at a new one."""
        with self._lock:
            self._up = False
            for each in self._sockets:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let connections through again."""
        with self._lock:
            self._up = True

    def carry(self, near: socket.socket) -> None:
        """Carry one connection until either side ends it."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(near)
            with self._lock:
                if not self._up:
                    return
                far = stack.enter_context(socket.create_connection((HOST, self.target)))
                pair = {near, far}
                self._sockets |= pair
            back = threading.Thread(target=_pump, args=(far, near))
            back.start()
            _pump(near, far)
            back.join()
            with self._lock:
                self._sockets -= pair


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)
    for each in (source, sink):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def network(target: int) -> Iterator[Network]:
    """Lay a way to a port."""
    with socket.create_server((HOST, 0)) as listener:
        way = Network(target, listener.getsockname()[1])
        accepting = threading.Thread(target=_accept, args=(listener, way))
        accepting.start()
        try:
            yield way
        finally:
            way.cut()
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()


def _accept(listener: socket.socket, way: Network) -> None:
    carriers = []
    with contextlib.suppress(OSError):
        while True:
            near, _ = listener.accept()
            carriers.append(threading.Thread(target=way.carry, args=(near,)))
            carriers[-1].start()
    for carrier in carriers:
        carrier.join()


Refuse = Callable[[str, bytes], bool]
"""Operation (`PutItem`) and body of a request -> whether it is to fail."""


@contextlib.contextmanager
def refusing_service(target: int, refuse: Refuse) -> Iterator[str]:
    """Stand before an AWS service of the emulator and refuse some requests; yields the endpoint to use instead.

    A refusal is one that no SDK retries, so it is the Lambda that fails and the queue that delivers again.
    """
    handler = type("Handler", (_Refusing,), {"target": target, "refuse": staticmethod(refuse)})
    with ThreadingHTTPServer((HOST, 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://{HOST}:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


class _Refusing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    target: int
    refuse: Refuse

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if self.refuse(operation, body):
            refusal = {"__type": "AccessDeniedException", "message": "refused by the fault test"}
            self._answer(400, "application/x-amz-json-1.0", json.dumps(refusal).encode())
            return
        connection = http.client.HTTPConnection(HOST, self.target)
        try:
            # With the headers as they are, its host included: they are signed.
            connection.request("POST", self.path, body, dict(self.headers))
            response = connection.getresponse()
            self._answer(response.status, response.headers["Content-Type"], response.read())
        finally:
            connection.close()

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
