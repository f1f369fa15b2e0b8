"""The sandbox' portal before an emulator of which only the way to it matters."""

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from infra.portal_headers import content_security_policy
from sandbox.cloud import Cloud
from sandbox.emulator import HOST, Emulator
from sandbox.portal import PortalServer
from sandbox.portal_pages import read_pages, security_headers

INITIATE = "AWSCognitoIdentityProviderService.InitiateAuth"
OUTPUTS = {
    "ReviewApiUrl": "https://abc123.execute-api.eu-central-1.amazonaws.com",
    "UserPoolClientId": "client1",
}


@dataclass(frozen=True)
class Asked:
    """One request as the emulator got it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class FakeEmulator(ThreadingHTTPServer):
    """Keeps what it is asked, and refuses everything."""

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Refusing)
        self.asked: list[Asked] = []


class _Refusing(BaseHTTPRequestHandler):
    server: FakeEmulator

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(Asked(self.command, self.path, dict(self.headers.items()), body))
        self.send_response(409)
        self.send_header("Content-Type", "application/json")
        self.send_header("Set-Cookie", "a=b")
        self.end_headers()
        self.wfile.write(b'{"message": "changed"}')

    do_GET = do_PUT = do_POST  # noqa: N815 - the base class' own names

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[None]:
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def emulator() -> Iterator[FakeEmulator]:
    fake = FakeEmulator()
    with running(fake):
        yield fake


@pytest.fixture
def build(tmp_path: Path) -> Path:
    made = tmp_path / "dist"
    (made / "assets").mkdir(parents=True)
    (made / "index.html").write_text("the page")
    (made / "assets" / "index-1234.js").write_text("the code")
    (tmp_path / "secret.txt").write_text("a secret")
    (made / "link.txt").symlink_to(tmp_path / "secret.txt")
    return made


@pytest.fixture
def port(emulator: FakeEmulator, build: Path) -> Iterator[int]:
    no_process = cast("Any", None)
    running_at = Emulator(
        emulator.server_address[1], 0, "key", "secret", Path(), Path(), no_process
    )
    portal = PortalServer(0, Cloud(running_at, OUTPUTS), read_pages(build))
    with running(portal):
        yield portal.server_address[1]


@dataclass(frozen=True)
class Got:
    status: int
    body: bytes
    headers: dict[str, str]


def get(
    port: int, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> Got:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    with contextlib.closing(http.client.HTTPConnection(HOST, port, timeout=10)) as connection:
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return Got(answer.status, answer.read(), dict(answer.getheaders()))


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        pytest.param("/", b"the page", "text/html", id="home"),
        pytest.param("/index.html?a=b", b"the page", "text/html", id="query"),
        pytest.param("/queue", b"the page", "text/html", id="an address of the page's own"),
        pytest.param("/assets/index-1234.js", b"the code", "text/javascript", id="code"),
    ],
)
def test_pages_are_served_with_their_kind(port: int, path: str, body: bytes, kind: str) -> None:
    got = get(port, path)
    assert (got.status, got.body, got.headers["Content-Type"]) == (200, body, kind)


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/%2e%2e/secret.txt",
        "//secret.txt",
        "/link.txt",
        "/assets/..%2f..%2fsecret.txt",
    ],
)
def test_no_path_leads_out_of_the_build(port: int, path: str) -> None:
    assert get(port, path).body == b"the page"


def test_what_has_its_hash_in_its_name_is_kept_and_the_page_is_not(port: int) -> None:
    assert "immutable" in get(port, "/assets/index-1234.js").headers["Cache-Control"]
    assert get(port, "/").headers["Cache-Control"] == "no-cache"


def test_a_head_has_headers_alone(port: int) -> None:
    got = get(port, "/", "HEAD")
    assert (got.status, got.body, got.headers["Content-Length"]) == (200, b"", "8")


def test_the_build_is_told_where_api_and_sign_in_are(port: int) -> None:
    assert json.loads(get(port, "/config.json").body) == {
        "api": "/api",
        "sign_in": "password",
        "client_id": "client1",
        "endpoint": "/sign-in",
    }


def test_the_policy_is_the_clouds_with_everything_but_pictures_from_the_pages_origin() -> None:
    pictures = "http://127.0.0.1:4566"
    cloud = content_security_policy([], pictures)
    ours = security_headers(pictures)["Content-Security-Policy"]
    assert [each.split() for each in ours.split("; ")] == [
        each.split() for each in cloud.split("; ")
    ]


def test_every_answer_carries_the_policy(port: int) -> None:
    for path in ("/", "/config.json", "/api/me"):
        assert get(port, path).headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_the_api_is_asked_with_token_body_and_query(port: int, emulator: FakeEmulator) -> None:
    got = get(
        port,
        "/api/items/a~1/answer?x=%20y",
        "POST",
        b"{}",
        Authorization="Bearer t",
        Content_Type="application/json",
        Cookie="c=d",
    )
    assert (got.status, got.body) == (409, b'{"message": "changed"}')
    assert "Set-Cookie" not in got.headers
    [asked] = emulator.asked
    assert asked.path == "/_aws/execute-api/abc123/$default/items/a~1/answer?x=%20y"
    assert (asked.method, asked.body) == ("POST", b"{}")
    assert asked.headers["Authorization"] == "Bearer t"
    assert "Cookie" not in asked.headers


def test_a_password_is_tried_at_the_user_pool(port: int, emulator: FakeEmulator) -> None:
    assert get(port, "/sign-in", "POST", b"{}", X_Amz_Target=INITIATE).status == 409
    [asked] = emulator.asked
    assert (asked.path, asked.headers["X-Amz-Target"]) == ("/", INITIATE)


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("AWSCognitoIdentityProviderService.AdminDeleteUser", id="another operation"),
        pytest.param("DynamoDB_20120810.Scan", id="another service"),
    ],
)
def test_nothing_else_goes_that_way(port: int, emulator: FakeEmulator, target: str) -> None:
    assert get(port, "/sign-in", "POST", b"{}", X_Amz_Target=target).status == 403
    assert not emulator.asked


@pytest.mark.parametrize("path", ["/", "/api/me", "/config.json"])
def test_a_page_whose_name_was_made_to_lead_here_gets_nothing(
    port: int, emulator: FakeEmulator, path: str
) -> None:
    assert get(port, path, Host=f"evil.example:{port}").status == 421
    assert not emulator.asked


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Content_Length": "99999999"}, 413, id="too large"),
        pytest.param({"Content_Length": "-1"}, 411, id="no length"),
        pytest.param({"Transfer_Encoding": "chunked"}, 411, id="chunked"),
    ],
)
def test_a_body_of_no_good_length_is_refused_unread(
    port: int, emulator: FakeEmulator, headers: dict[str, str], status: int
) -> None:
    got = get(port, "/api/me", "POST", None, **headers)
    assert (got.status, got.headers["Connection"]) == (status, "close")
    assert not emulator.asked


def test_a_page_takes_no_posts(port: int) -> None:
    assert get(port, "/index.html", "POST", b"{}").status == 405


def test_an_emulator_that_is_gone_is_a_bad_gateway(build: Path) -> None:
    gone = FakeEmulator()
    gone.server_close()
    at = Emulator(gone.server_address[1], 0, "", "", Path(), Path(), cast("Any", None))
    portal = PortalServer(0, Cloud(at, OUTPUTS), read_pages(build))
    with running(portal):
        got = get(portal.server_address[1], "/api/me")
    assert got.status == 502
    assert "does not answer" in json.loads(got.body)["message"]


def test_without_a_build_there_are_no_pages(emulator: FakeEmulator) -> None:
    at = Emulator(emulator.server_address[1], 0, "", "", Path(), Path(), cast("Any", None))
    portal = PortalServer(0, Cloud(at, OUTPUTS), {})
    with running(portal):
        assert get(portal.server_address[1], "/").status == 404


def test_it_listens_on_loopback_alone(emulator: FakeEmulator) -> None:
    at = Emulator(emulator.server_address[1], 0, "", "", Path(), Path(), cast("Any", None))
    with PortalServer(0, Cloud(at, OUTPUTS), {}) as portal:
        assert portal.socket.getsockname()[0] == "127.0.0.1"
