import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_ggipc import FakeNucleus

from edge_component.health import Health
from edge_component.outbox import Outbox
from fabwafer.labels import WM811K

TINY_MODEL = Path(__file__).with_name("tiny.onnx")


def write_bundle(
    folder: Path, version: str = "1", model: bytes | None = None, **policy: Any
) -> Path:
    """Write a bundle round the tiny model, or round other bytes, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    model = TINY_MODEL.read_bytes() if model is None else model
    (folder / "model.onnx").write_bytes(model)
    manifest = {
        "format": 1,
        "name": "tiny",
        "version": version,
        "policy": {"model": f"tiny@{version}", "labels": WM811K.names, "normal": "none"} | policy,
        "files": {"model.onnx": hashlib.sha256(model).hexdigest()},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def open_outbox(tmp_path: Path) -> Iterator[Callable[..., Outbox]]:
    opened: list[Outbox] = []

    def open_it(limit_bytes: int = 10**9) -> Outbox:
        opened.append(Outbox(tmp_path / "outbox.db", limit_bytes, durable=True))
        return opened[-1]

    yield open_it
    for outbox in opened:
        outbox.close()


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def nucleus(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeNucleus]:
    # The path of a Unix socket is short: 107 bytes.
    fake = FakeNucleus(tmp_path_factory.mktemp("gg") / "ipc")
    for name, value in fake.environment().items():
        monkeypatch.setenv(name, value)
    yield fake
    fake.stop()
