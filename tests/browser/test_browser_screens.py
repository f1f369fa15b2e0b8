"""Every screen, light and dark: nothing that axe calls serious, no error in the console; pictures of them on demand.

FABWAFER_SHOTS=docs/screens keeps the pictures that docs/portal.md shows.
"""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser_pages import Portal
from browser_papers import NEW, keep_loop
from browser_reviews import AUDITED, READ_TWICE, keep_answers
from browser_wafers import fill
from playwright.sync_api import Browser, expect

if TYPE_CHECKING:
    from conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

FAB = "faba"
SCREENS = {
    "queue": "/queue",
    "gallery": "/gallery",
    "search": "/wafers",
    "lot": f"/lots?lot=LOT-{FAB}-0",
    "quality": "/quality",
    "audit": "/audit",
    "labels": "/labels",
    "settings": "/settings",
    "models": "/models",
    "model": f"/models/{NEW}",
    "rollouts": "/rollouts?rollout=000001",
    "training": "/training",
    "fleet": "/fleet",
    "drift": "/drift",
}
SCROLLED = ("quality", "model", "rollouts", "drift", "wafer")
"""What they are about goes on below the first 800 pixels: their pictures show all of it."""
WIDTHS = {"desk": (1280, 800), "tablet": (820, 1180)}


@pytest.fixture(scope="module")
def shown(site: "Site", browser: Browser) -> Any:
    """Somebody who may see all of a fab with something on every screen, and its wafer with the longest chain."""
    keep_loop(site.cloud, FAB)
    everybody = ("reviewer", "engineer", "admin", "fab:*")
    (ada,) = site.people(("ada", everybody))
    item = keep_answers(site, FAB, ada)
    fill(site.cloud, FAB, 28, first=READ_TWICE + AUDITED)
    portal = Portal.sign_in(browser, site.address, ada)
    for key in ("Enter", "1", "2", "z", "Enter", "u", "b"):
        if key == "z":
            portal.page.keyboard.press(key)
        else:
            portal.answer(key)
    portal.saved()
    portal.page.context.close()
    return ada, item


@pytest.fixture
def shots() -> Path | None:
    place = os.environ.get("FABWAFER_SHOTS")
    if place:
        Path(place).mkdir(parents=True, exist_ok=True)
    return Path(place) if place else None


@pytest.mark.parametrize("width", ["desk", pytest.param("tablet", marks=pytest.mark.long)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_screen_is_accessible_and_free_of_errors(
    shown: Any, sign_in: Any, shots: Path | None, scheme: str, width: str
) -> None:
    ada, item = shown
    wide, high = WIDTHS[width]
    portal = sign_in(ada, viewport={"width": wide, "height": high}, color_scheme=scheme)
    findings: dict[str, list[str]] = {}
    screens = SCREENS | {"wafer": f"/wafers/{item}"}
    for name, path in screens.items():
        portal.go(f"{path}{'&' if '?' in path else '?'}fab={FAB}")
        portal.page.wait_for_load_state("networkidle")
        if name == "wafer":
            portal.page.keyboard.press("h")
        picture = f"{name}-{scheme}" if width == "desk" else f"{name}-{scheme}-{width}"
        portal.shot(shots, picture, whole=name in SCROLLED)
        if found := portal.axe():
            findings[name] = found
    assert findings == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_bulk_preview_and_an_adjudication_are_accessible(
    shown: Any, sign_in: Any, shots: Path | None, scheme: str
) -> None:
    ada, _ = shown
    portal = sign_in(ada, color_scheme=scheme)
    page = portal.page
    portal.go(f"/gallery?fab={FAB}")
    expect(page.get_by_role("button", name=re.compile("^Choose wafer")).first).to_be_visible()
    page.get_by_text("Choose all shown").click()
    expect(page.get_by_text(re.compile(r"^\d+ chosen"))).to_be_visible()
    page.keyboard.press("2")
    expect(page.get_by_role("button", name=re.compile(r"^Answer \d+$"))).to_be_enabled()
    portal.shot(shots, f"preview-{scheme}")
    findings = portal.axe()
    portal.go(f"/queue?fab={FAB}")
    page.get_by_role("button", name="Adjudication").click()
    expect(page.get_by_role("heading", name="Adjudication", level=1)).to_be_visible()
    portal.wafer_in_hand()
    portal.shot(shots, f"adjudication-{scheme}")
    assert findings + portal.axe() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_wafer_that_is_read_blind_is_accessible_on_a_tablet_too(
    site: "Site", sign_in: Any, shots: Path | None, scheme: str
) -> None:
    fab = f"fabblind{scheme}"
    fill(site.cloud, fab, 3)
    (bea,) = site.people((f"bea{scheme}", ("reviewer", f"fab:{fab}")))
    findings: list[str] = []
    with site.ruled_by(SECOND_SHARE="1"):
        for name, (wide, high) in {"blind": WIDTHS["desk"], "tablet": WIDTHS["tablet"]}.items():
            portal = sign_in(bea, viewport={"width": wide, "height": high}, color_scheme=scheme)
            portal.wafer_in_hand()
            expect(portal.page.get_by_text("read blind").first).to_be_attached(timeout=60_000)
            portal.shot(shots, f"{name}-{scheme}")
            findings += portal.axe()
    assert findings == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_signing_in_is_accessible(
    browser: Browser, site: "Site", shots: Path | None, scheme: str
) -> None:
    page = browser.new_context(color_scheme=scheme).new_page()
    page.goto(site.address)
    expect(page.get_by_label("Name")).to_be_visible()
    portal = Portal(page, site.address)
    portal.shot(shots, f"sign-in-{scheme}")
    assert portal.axe() == []
    page.context.close()


def test_a_wrong_password_is_told_and_lets_nobody_in(browser: Browser, site: "Site") -> None:
    page = browser.new_context().new_page()
    page.goto(site.address)
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text(re.compile("password", re.IGNORECASE)).first).to_be_visible()
    expect(page.get_by_role("heading", name="Queue")).to_have_count(0)
    page.context.close()
