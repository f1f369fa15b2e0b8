"""Each stage is synthesized once."""

import pytest
from synthesized import FIRST_MODEL, Cloud, synthesize


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    return synthesize(
        tmp_path_factory.mktemp("prod"), alert_email="people@example.com", first_model=FIRST_MODEL
    )


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    return synthesize(tmp_path_factory.mktemp("sandbox"), stage="sandbox")
