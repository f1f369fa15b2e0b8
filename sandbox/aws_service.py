"""A service of AWS on loopback: real clients' requests -> operations -> answers and errors as the real one gives them.

For those services that the emulator lacks. What the API looks like is botocore's description; what it does is the
caller's `operations`.
"""

import base64
import contextlib
import json
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sandbox.aws_model import Call, Json, RefusalError, Request, model_of
from sandbox.emulator import HOST

_MOST_BODY_BYTES = 1024 * 1024
_SIGNED = "AWS4-HMAC-SHA256 "

Operation = Callable[[Json], Json]
Check = Callable[[Request, Call], None]
"""Raises a RefusalError for a call that its caller may not make."""
Item = TypeVar("Item")


class Aws(Protocol):
    """The rest of AWS: an emulator, or a stand-in for it in a test."""

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service."""


class AwsServer(ThreadingHTTPServer):
    """Serves one service; every call is a line in `log`.

    Attributes:
        check: Who may call; anybody while it is None, which is before there is an emulator to ask.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, service: str, operations: Mapping[str, Operation], log: Path) -> None:
        super().__init__((HOST, 0), _Handler)
        self.model = model_of(service)
        self.operations = operations
        self.check: Check | None = None
        self.address = f"http://{HOST}:{self.server_address[1]}"
        self._log, self._lock = log, threading.Lock()

    def note(self, line: str) -> None:
        """Write a line to the log."""
        with self._lock, self._log.open("a") as log:
            log.write(f"{time.strftime('%H:%M:%S')} {line}\n")

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away in the middle of an answer."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: AwsServer

    def do_GET(self) -> None:
        """Answer a call."""
        self._answer()

    def do_POST(self) -> None:
        """Answer a call."""
        self._answer()

    def do_DELETE(self) -> None:
        """Answer a call."""
        self._answer()

    def log_message(self, *_: Any) -> None:
        """Keep the terminal for what matters."""

    def _answer(self) -> None:
        try:
            status, answer = self._perform(self._request())
            headers = {}
        except RefusalError as refusal:
            self.server.note(f"{self.command} {self.path} refused: {refusal}")
            status, headers = refusal.status, {"x-amzn-ErrorType": refusal.code}
            answer = {"__type": refusal.code, "message": refusal.message, **refusal.facts}
        except Exception as error:  # noqa: BLE001 - the client learns of it, and the log has where
            self.server.note(traceback.format_exc())
            status, headers = 500, {"x-amzn-ErrorType": "InternalServerException"}
            answer = {"__type": "InternalServerException", "message": str(error)}
        self._send(status, answer, headers)

    def _perform(self, request: Request) -> tuple[int, Json]:
        call = self.server.model.parse(request)
        operation = self.server.operations.get(call.operation)
        if operation is None:
            raise RefusalError(
                "NotImplementedException", f"{call.operation}: not in the sandbox", 501
            )
        if self.server.check is not None:
            self.server.check(request, call)
        answer = operation(call.parameters)
        self.server.note(f"{call.operation} {json.dumps(call.parameters, default=_encoded):.300}")
        return call.status, answer

    def _request(self) -> Request:
        """Return the request; a page in a browser can neither name this host nor sign."""
        told = self.headers.get("Content-Length", "0")
        if not (told.isascii() and told.isdigit()) or int(told) > _MOST_BODY_BYTES:
            self.close_connection = True
            raise RefusalError("RequestEntityTooLarge", f"Content-Length: got {told}", 413)
        body = self.rfile.read(int(told))
        if f"http://{self.headers.get('Host')}" != self.server.address:
            raise RefusalError(
                "AccessDeniedException", f"expected {self.server.address}", HTTPStatus.FORBIDDEN
            )
        if not self.headers.get("Authorization", "").startswith(_SIGNED):
            message = "Missing Authentication Token"
            raise RefusalError("MissingAuthenticationTokenException", message, HTTPStatus.FORBIDDEN)
        headers = {name.title(): value for name, value in self.headers.items()}
        return Request(self.command, self.path, headers, body)

    def _send(self, status: int, answer: Json, headers: Mapping[str, str]) -> None:
        body = (
            b""
            if status == HTTPStatus.NO_CONTENT
            else json.dumps(answer, default=_encoded).encode()
        )
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _encoded(value: object) -> str:
    """Return a blob as the protocols have it; moments are numbers already, seconds since 1970."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__}: expected JSON or bytes")


@contextlib.contextmanager
def serving(service: str, operations: Mapping[str, Operation], log: Path) -> Iterator[AwsServer]:
    """Serve until the block ends."""
    with AwsServer(service, operations, log) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def page(items: Sequence[Item], limit: int, token: str | None) -> tuple[list[Item], str | None]:
    """Return one page of items and the token of the next, None after the last.

    Raises:
        RefusalError: If the token is none of ours.
    """
    if token is not None and not token.isdecimal():
        raise RefusalError("ValidationException", f"NextToken: got {token}")
    first = int(token or 0)
    beyond = first + limit
    return list(items[first:beyond]), str(beyond) if beyond < len(items) else None


def filled(**answer: Any) -> Json:
    """Return an answer without the parts that are not there: the real one leaves them out."""
    return {name: value for name, value in answer.items() if value is not None}
