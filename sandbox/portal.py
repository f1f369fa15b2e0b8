"""The portal on this machine: a browser on loopback -> the built pages, the emulator's HTTP API and its user pool."""

import contextlib
import http.client
import json
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from sandbox.cloud import Cloud
from sandbox.emulator import HOST
from sandbox.portal_pages import (
    API,
    CONFIG,
    SIGN_IN,
    Pages,
    config,
    page_at,
    security_headers,
)

_MOST_BODY_BYTES = 10 * 1024 * 1024
"""As an HTTP API on AWS."""

_UPSTREAM_S = 60.0
_TO_THE_API = ("Authorization", "Content-Type")
_TO_THE_POOL = ("Content-Type", "X-Amz-Target")
_SIGNING_IN = "AWSCognitoIdentityProviderService.InitiateAuth"


@dataclass(frozen=True)
class Upstream:
    """Where the emulator answers for the API and for the user pool."""

    port: int
    api_path: str

    @classmethod
    def of(cls, cloud: Cloud) -> "Upstream":
        """Return a cloud's; the host of its API resolves nowhere, the emulator takes its id by path too."""
        api_id = str(urlsplit(cloud.outputs["ReviewApiUrl"]).hostname).partition(".")[0]
        return cls(cloud.emulator.port, f"/_aws/execute-api/{api_id}/$default")


class PortalServer(ThreadingHTTPServer):
    """Serves the portal of a cloud on loopback; port 0 is any free one."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, cloud: Cloud, pages: Pages) -> None:
        super().__init__((HOST, port), _Handler)
        self.upstream, self.pages = Upstream.of(cloud), pages
        self.config = json.dumps(config(cloud.outputs["UserPoolClientId"])).encode()
        self.headers = security_headers(cloud.emulator.endpoint)
        self.address = f"http://{HOST}:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that went away in the middle of an answer."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: PortalServer

    def do_GET(self) -> None:
        """Serve a page or ask the API."""
        self._answer()

    def do_HEAD(self) -> None:
        """Serve a page's headers."""
        self._answer()

    def do_POST(self) -> None:
        """Ask the API or the user pool."""
        self._answer()

    def do_PUT(self) -> None:
        """Ask the API."""
        self._answer()

    def log_message(self, *_: Any) -> None:
        """Keep the terminal for what matters."""

    def _answer(self) -> None:
        body = self._body()
        if body is None:
            return
        path = urlsplit(self.path).path
        if self.headers.get("Host") != urlsplit(self.server.address).netloc:
            # A foreign page whose name was made to lead here.
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, f"expected {self.server.address}")
        elif path.startswith(f"{API}/"):
            target = self.server.upstream.api_path + self.path.removeprefix(API)
            self._forward(target, _TO_THE_API, body)
        elif path == SIGN_IN and self.command == "POST":
            self._sign_in(body)
        elif self.command in ("GET", "HEAD"):
            self._page(path)
        else:
            self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, f"{self.command}: expected GET or HEAD")

    def _body(self) -> bytes | None:
        """Return the request's body, or None for one that was refused unread."""
        told = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (told.isascii() and told.isdigit()):
            self._hang_up(HTTPStatus.LENGTH_REQUIRED, "expected Content-Length")
            return None
        if int(told) > _MOST_BODY_BYTES:
            expected = f"expected at most {_MOST_BODY_BYTES} bytes, got {told}"
            self._hang_up(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, expected)
            return None
        return self.rfile.read(int(told))

    def _hang_up(self, status: HTTPStatus, message: str) -> None:
        self.close_connection = True
        self._refuse(status, message)

    def _sign_in(self, body: bytes) -> None:
        """Of all that a user pool can do, let a password be tried and a session renewed."""
        if self.headers.get("X-Amz-Target") == _SIGNING_IN:
            self._forward("/", _TO_THE_POOL, body)
        else:
            self._refuse(HTTPStatus.FORBIDDEN, f"expected {_SIGNING_IN}")

    def _forward(self, target: str, names: tuple[str, ...], body: bytes) -> None:
        headers = {name: self.headers[name] for name in names if name in self.headers}
        connection = http.client.HTTPConnection(
            HOST, self.server.upstream.port, timeout=_UPSTREAM_S
        )
        with contextlib.closing(connection):
            try:
                connection.request(self.command, target, body or None, headers)
                answer = connection.getresponse()
                status, kind, content = (
                    answer.status,
                    answer.getheader("Content-Type"),
                    answer.read(),
                )
            except (OSError, http.client.HTTPException) as error:
                self._refuse(HTTPStatus.BAD_GATEWAY, f"the emulator does not answer: {error}")
                return
        self._send(status, content, {"Content-Type": kind or "", "Cache-Control": "no-store"})

    def _page(self, path: str) -> None:
        if path == CONFIG:
            kind = {"Content-Type": "application/json", "Cache-Control": "no-cache"}
            self._send(HTTPStatus.OK, self.server.config, kind)
        elif page := page_at(self.server.pages, path):
            kind = {"Content-Type": page.content_type, "Cache-Control": page.cache}
            self._send(HTTPStatus.OK, page.body, kind)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there are no pages here")

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        body = json.dumps({"message": message}).encode()
        self._send(status, body, {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**self.server.headers, **headers}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextlib.contextmanager
def serving(cloud: Cloud, pages: Pages, port: int) -> Iterator[str]:
    """Serve the portal on loopback and yield its address; pictures may be fetched from there.

    Without pages it is the way to API and sign-in that a browser has.
    """
    with PortalServer(port, cloud, pages) as server:
        _let_pictures_be_read(cloud, server.address)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.address
        finally:
            server.shutdown()
            thread.join()


def _let_pictures_be_read(cloud: Cloud, origin: str) -> None:
    """Allow the origin what the context key `portal_url` allows in the cloud; here the port is drawn later."""
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": [origin], "AllowedHeaders": ["*"]}
    cloud.emulator.client("s3").put_bucket_cors(
        Bucket=cloud.outputs["ImagesBucket"], CORSConfiguration={"CORSRules": [rule]}
    )
