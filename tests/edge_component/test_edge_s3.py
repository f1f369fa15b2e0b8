import hashlib
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread

import pytest
from test_edge_outbox import wafer

from edge_component.entries import Entry, Outgoing
from edge_component.health import Health
from edge_component.outbox import Outbox
from edge_component.s3 import S3, UploadError, Uploads
from fabwafer.messages import ImageMessage
from fabwafer.topics import Kind

Open = Callable[..., Outbox]
CREDENTIALS = {
    "AccessKeyId": "ASIAEXAMPLE",
    "SecretAccessKey": "secret",
    "Token": "token",
    "Expiration": "2099-01-01T00:00:00Z",
}


class FakeS3(HTTPServer):
    """Takes objects, and hands out credentials as Greengrass' token exchange does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FakeS3

    def do_GET(self) -> None:
        self._answer(200, json.dumps(CREDENTIALS).encode())

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status == 200:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.server.objects[self.path] = (body, headers)
        self._answer(self.server.status, b"<Code>Nope</Code>")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeS3]:
    server = FakeS3()
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/credentials/")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "nucleus")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def s3(server: FakeS3) -> S3:
    return S3({"AWS_ENDPOINT_URL_S3": server.url, "AWS_REGION": "eu-west-1"})


def large(number: int, picture: bytes) -> Entry:
    """A wafer whose picture is in S3."""
    sha256 = hashlib.sha256(picture).hexdigest()
    message = ImageMessage(
        fab="f",
        camera="c",
        imgid=f"w{number}",
        timestamp=1_700_000_000_000,
        s3=f"s3://images/f/c/w{number}.png",
        sha256=sha256,
    )
    outgoing = Outgoing(
        Kind.IMAGE, f"w{number}", f"i/w{number}", message.to_bytes(), upload=picture
    )
    return Entry(number, f"mark{number}", (wafer(number).messages[0], outgoing))


def test_an_object_is_put_with_a_signature_of_the_token_exchange(s3: S3, server: FakeS3) -> None:
    s3.put("images", "f/c/2026/w 1.png", b"picture")
    body, headers = server.objects["/images/f/c/2026/w%201.png"]
    assert body == b"picture"
    assert "Credential=ASIAEXAMPLE/" in headers["authorization"]
    assert "/eu-west-1/s3/aws4_request" in headers["authorization"]
    assert headers["x-amz-security-token"] == "token"
    assert headers["x-amz-content-sha256"] == hashlib.sha256(b"picture").hexdigest()


def test_what_s3_refuses_is_said(s3: S3, server: FakeS3) -> None:
    server.status = 403
    with pytest.raises(UploadError, match="403.*Nope"):
        s3.put("images", "k", b"")


def test_without_a_network_it_is_an_upload_error() -> None:
    environment = {"AWS_ACCESS_KEY_ID": "a", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    with pytest.raises(UploadError):
        S3(environment).put("images", "k", b"")


def test_a_large_picture_goes_to_s3_and_then_its_message_goes_out(
    open_outbox: Open, s3: S3, server: FakeS3, health: Health
) -> None:
    outbox = open_outbox()
    outbox.commit([large(1, b"x" * 50_000)])
    uploads = Uploads(outbox, s3, health)
    assert [each.message.topic for each in outbox.ready(5)] == ["p/w1"]
    assert uploads.step(Event()) == 0
    assert uploads.step(Event()) is None
    assert server.objects["/images/f/c/w1.png"][0] == b"x" * 50_000
    assert [each.message.topic for each in outbox.ready(5)] == ["p/w1", "i/w1"]
    assert outbox.ready(5)[1].message.upload is None


def test_while_s3_is_away_the_picture_stays_in_the_outbox(
    open_outbox: Open, s3: S3, server: FakeS3, health: Health
) -> None:
    outbox = open_outbox()
    outbox.commit([large(1, b"x")])
    uploads = Uploads(outbox, s3, health)
    server.status = 503
    pause = uploads.step(Event())
    assert pause is not None and pause > 0
    assert "503" in health.reasons["upload"]
    assert len(outbox.uploads()) == 1
    server.status = 200
    assert uploads.step(Event()) == 0
    assert (health.reasons, outbox.uploads()) == ({}, [])


def test_one_picture_that_s3_refuses_blocked_all_later_ones(
    open_outbox: Open, health: Health
) -> None:
    class OneRefused:
        def put(self, _bucket: str, key: str, _body: bytes) -> None:
            if key.endswith("w1.png"):
                raise UploadError("403")

    outbox = open_outbox()
    outbox.commit([large(number, b"x") for number in range(1, 5)])
    uploads = Uploads(outbox, OneRefused(), health)  # type: ignore[arg-type]
    assert uploads.step(Event())
    assert [uploads.step(Event()) for _ in range(3)] == [0.0] * 3
    assert [each.message.imgid for each in outbox.uploads()] == ["w1"]
