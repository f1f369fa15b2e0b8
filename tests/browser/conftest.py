"""The deployed system with its portal, and Debian's Chromium in front of it."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from browser_pages import Portal
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console

from sandbox.cloud import Cloud, cloud
from sandbox.emulator import Wishes
from sandbox.people import Person, person, register
from sandbox.portal import serving
from sandbox.portal_build import built
from sandbox.portal_pages import read_pages

SignIn = Callable[..., Portal]


@dataclass(frozen=True)
class Site:
    """A cloud and the address of its portal."""

    cloud: Cloud
    address: str

    def people(self, *wanted: tuple[str, tuple[str, ...]]) -> list[Person]:
        """Make users of these names and groups."""
        made = [person(name, *groups) for name, groups in wanted]
        register(self.cloud, made)
        return made

    @contextlib.contextmanager
    def ruled_by(self, **variables: str) -> Iterator[None]:
        """Let the deployed API go by other rules; its code stays as it is."""
        client = self.cloud.emulator.client("lambda")
        name = self.cloud.outputs["ReviewApiFunction"]
        before = client.get_function_configuration(FunctionName=name)["Environment"]
        changed = {"Variables": before["Variables"] | variables}
        client.update_function_configuration(FunctionName=name, Environment=changed)
        try:
            yield
        finally:
            client.update_function_configuration(FunctionName=name, Environment=before)


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with contextlib.ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fabwafer-browser-")))
        running = stack.enter_context(
            cloud(state, {"faba": ["camera1"]}, Wishes(environments=3), {"second_share": "0"})
        )
        pages = read_pages(built(Console(stderr=True)))
        yield Site(running, stack.enter_context(serving(running, pages, 0)))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        pytest.fail("chromium is not installed: apt-get install chromium, or set CHROMIUM")
    with sync_playwright() as playwright:
        # Chromium's own sandbox wants rights that a container seldom gives.
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def sign_in(browser: Browser, site: Site) -> Iterator[SignIn]:
    opened: list[Portal] = []

    def open_for(somebody: Person, **context: Any) -> Portal:
        opened.append(Portal.sign_in(browser, site.address, somebody, **context))
        return opened[-1]

    yield open_for
    for portal in opened:
        portal.page.context.close()
    assert not [problem for portal in opened for problem in portal.problems]
