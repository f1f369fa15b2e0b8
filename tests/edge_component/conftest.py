from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from edge_parts import Clock, write_bundle
from fake_ggipc import FakeNucleus

from edge_component.health import Health
from edge_component.outbox import Outbox


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
