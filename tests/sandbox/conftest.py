import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.cloud import Cloud, cloud
from sandbox.fleet import Device, cameras, enrol_all

FLEET = cameras(4)


@pytest.fixture(scope="session")
def state_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fabwafer-tests-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def sandbox(state_dir: Path) -> Iterator[Cloud]:
    with cloud(state_dir, FLEET) as deployed:
        yield deployed


@pytest.fixture(scope="session")
def devices(sandbox: Cloud, state_dir: Path) -> list[Device]:
    return enrol_all(sandbox.emulator, FLEET, state_dir / "devices")
