"""The portal in a browser: one page of one person, and what may be done with it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from sandbox.people import Person
from sandbox.processes import ROOT

AXE = ROOT / "portal" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE_MS = 30_000
_DRAWN = "performance.getEntriesByName('answer to next wafer').map((each) => each.duration)"
_SERIOUS = ("serious", "critical")
_FINDINGS = """async () => (await window.axe.run()).violations.map((each) =>
  ({impact: each.impact, id: each.id, where: each.nodes.slice(0, 3).map((node) => node.html)}))"""


@dataclass
class Portal:
    """A signed-in person's page; `problems` is what the browser complained about."""

    page: Page
    address: str
    problems: list[str] = field(default_factory=list)

    @classmethod
    def sign_in(cls, browser: Browser, address: str, person: Person, **context: Any) -> "Portal":
        """Open the portal as somebody."""
        settings: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}} | context
        page = browser.new_context(**settings).new_page()
        page.set_default_timeout(PATIENCE_MS)
        portal = cls(page, address)
        page.on("pageerror", lambda error: portal.problems.append(str(error)))
        page.on("console", lambda said: portal.note(said.type, said.text))
        page.goto(address)
        page.get_by_label("Name").fill(person.name)
        page.get_by_label("Password").fill(person.password)
        page.get_by_role("button", name="Sign in").click()
        portal.is_open()
        return portal

    def is_open(self) -> None:
        """Wait until a screen is there, and not the sign-in."""
        expect(self.page.locator("#top-navigation")).to_be_visible(timeout=PATIENCE_MS)
        expect(self.page.get_by_role("heading", level=1).first).to_be_visible(timeout=PATIENCE_MS)

    def note(self, kind: str, text: str) -> None:
        """Keep an error of the console; the browser's own word for a status is none of the page's."""
        if kind == "error" and "Failed to load resource" not in text:
            self.problems.append(text)

    def go(self, path: str) -> None:
        """Open one of the portal's addresses."""
        self.page.goto(f"{self.address}{path}")
        self.is_open()

    def wafer_in_hand(self) -> str:
        """Return the name of the wafer that is shown, once it is drawn."""
        name = self.page.locator(".wafer-name").text_content(timeout=PATIENCE_MS) or ""
        expect(self.page.locator(".desk canvas").first).to_be_visible(timeout=PATIENCE_MS)
        return name

    def answer(self, key: str) -> str:
        """Press a key for the wafer that is shown, as soon as the page takes it; return its name."""
        before = self.wafer_in_hand()
        said = self.page.locator(".last-answer")
        earlier = said.inner_text() if said.count() else ""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < deadline:
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(20)
            if not self.page.locator(".wafer-name").count():
                return before  # the last one in hand
            if said.count() and said.inner_text() != earlier:
                return before
        raise AssertionError(f"{key} was not taken for {before}")

    def saved(self) -> None:
        """Wait until the API has every answer."""
        expect(self.page.get_by_role("button", name="All saved")).to_be_visible(timeout=PATIENCE_MS)

    def drawn_ms(self) -> list[float]:
        """Return for every answer how long the next wafer took to be drawn."""
        return list(self.page.evaluate(_DRAWN))

    def axe(self) -> list[str]:
        """Return what axe finds serious on this page."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate(_FINDINGS)
        return [json.dumps(each) for each in found if each["impact"] in _SERIOUS]

    def shot(self, folder: Path | None, name: str, *, whole: bool = False) -> None:
        """Keep a picture of what is in sight, or of the whole page, if pictures are wanted."""
        if folder is not None:
            self.page.screenshot(path=folder / f"{name}.png", full_page=whole)


def until(what: str, condition: Callable[[], bool], patience_s: float = 30) -> None:
    """Wait for something that is not on the page."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {patience_s:.0f} s: {what}"
        time.sleep(0.1)
