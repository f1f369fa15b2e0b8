"""A reviewer's day in a real browser, before the deployed API: nothing that they answer is lost."""

import re
import statistics
import sys
from typing import TYPE_CHECKING, Any

import pytest
from browser_pages import PATIENCE_MS, until
from browser_wafers import answers, change_review, fill
from playwright.sync_api import Route, expect

if TYPE_CHECKING:
    from conftest import Site

pytestmark = pytest.mark.browser

_LOOKING_MS = 400
"""As short as a person looks at a wafer."""
_DRAWN_MS = 100
"""Between two wafers nobody waits: medians are 8 to 20 ms."""


def reviewer(site: "Site", fab: str, name: str, *roles: str) -> Any:
    return site.people((name, (*(roles or ("reviewer",)), f"fab:{fab}")))[0]


def given(site: "Site", fab: str) -> list[Any]:
    return [event for event in answers(site.cloud, fab) if event["act"] == "answer"]


def test_twenty_wafers_are_answered_by_keyboard_alone(
    site: "Site", sign_in: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = fill(site.cloud, "fabtwenty", 28)
    portal = sign_in(reviewer(site, "fabtwenty", "kay"))
    seen = []
    for number in range(20):
        portal.wafer_in_hand()
        portal.page.wait_for_timeout(_LOOKING_MS)
        seen.append(portal.answer("0" if number % 3 else "1"))
    portal.saved()
    assert len(set(seen)) == 20
    kept = given(site, "fabtwenty")
    assert len({event["item"] for event in kept}) == len(kept) == 20
    assert {event["item"] for event in kept} <= {each.item for each in waiting}
    assert {event["reviewer"] for event in kept} == {"kay"}
    drawn = portal.drawn_ms()
    assert len(drawn) >= 19
    p50, p95 = statistics.median(drawn), statistics.quantiles(drawn, n=20)[-1]
    with capsys.disabled():
        sys.stdout.write(f"\nkey press to next wafer drawn: p50 {p50:.0f} ms, p95 {p95:.0f} ms\n")
    assert p95 < _DRAWN_MS


@pytest.mark.long
def test_every_key_of_a_quick_hand_counts_once_its_wafer_is_drawn(
    site: "Site", sign_in: Any
) -> None:
    fill(site.cloud, "fabquick", 12)
    portal = sign_in(reviewer(site, "fabquick", "quentin"))
    portal.wafer_in_hand()
    portal.page.wait_for_timeout(2000)  # the next five pictures come meanwhile
    for _ in range(5):
        portal.page.keyboard.press("0")
        portal.page.wait_for_timeout(250)
    portal.saved()
    until("five answers", lambda: len(given(site, "fabquick")) == 5)


def test_an_answer_is_undone_and_given_anew(site: "Site", sign_in: Any) -> None:
    fill(site.cloud, "fabundo", 4)
    portal = sign_in(reviewer(site, "fabundo", "una"))
    first = portal.answer("1")
    portal.saved()
    portal.page.keyboard.press("z")
    expect(portal.page.locator(".wafer-name")).to_have_text(first)
    portal.answer("2")
    portal.saved()
    acts = [(event["act"], event.get("after")) for event in answers(site.cloud, "fabundo")]
    assert [act for act, _ in acts] == ["answer", "undo", "answer"]
    assert acts[0][1] != acts[2][1]


def test_a_note_with_html_stays_text(site: "Site", sign_in: Any) -> None:
    fill(site.cloud, "fabnote", 2)
    portal = sign_in(reviewer(site, "fabnote", "nora", "reviewer", "engineer"))
    portal.wafer_in_hand()
    portal.page.wait_for_timeout(500)
    portal.page.keyboard.press("c")
    evil = "<img src=x onerror=\"document.title='gone'\"><b>bold</b>"
    portal.page.keyboard.type(evil)
    portal.page.keyboard.press("Escape")
    portal.answer("1")
    portal.saved()
    (kept,) = given(site, "fabnote")
    assert kept["note"] == evil
    portal.go(f"/wafers/{kept['item']}?fab=fabnote")
    expect(portal.page.get_by_text(evil).first).to_be_visible()
    assert portal.page.title() != "gone"
    assert portal.page.locator("main img[src=x]").count() == 0


def test_answers_given_while_the_api_is_away_arrive_when_it_is_back(
    site: "Site", sign_in: Any
) -> None:
    fill(site.cloud, "fabaway", 8)
    portal = sign_in(reviewer(site, "fabaway", "ava"))
    portal.wafer_in_hand()
    portal.page.wait_for_timeout(2000)
    portal.page.route("**/api/**", lambda route: route.abort())
    names = [portal.answer("0") for _ in range(3)]
    expect(portal.page.get_by_role("button", name=re.compile("3 answers not saved"))).to_be_visible(
        timeout=PATIENCE_MS
    )
    assert not given(site, "fabaway")
    portal.page.unroute("**/api/**")
    portal.saved()
    assert len({event["item"] for event in given(site, "fabaway")}) == len(set(names)) == 3


@pytest.mark.long
def test_answers_outlast_a_page_that_is_closed_while_the_api_is_away(
    site: "Site", sign_in: Any
) -> None:
    fill(site.cloud, "fabclosed", 4)
    portal = sign_in(reviewer(site, "fabclosed", "cleo"))
    portal.wafer_in_hand()
    portal.page.wait_for_timeout(1500)
    portal.page.route("**/api/**", lambda route: route.abort())
    portal.answer("0")
    expect(portal.page.get_by_role("button", name=re.compile("not saved"))).to_be_visible(
        timeout=PATIENCE_MS
    )
    portal.page.unroute("**/api/**")
    portal.page.reload()
    portal.saved()
    until("the answer", lambda: len(given(site, "fabclosed")) == 1)


@pytest.mark.long
def test_a_lease_that_ran_out_costs_nobody_an_answer(site: "Site", sign_in: Any) -> None:
    (only,) = fill(site.cloud, "fablease", 1)
    late, quick = site.people(
        ("lars", ("reviewer", "fab:fablease")), ("quin", ("reviewer", "fab:fablease"))
    )
    sleeping = sign_in(late)
    sleeping.wafer_in_hand()
    sleeping.page.route("**/api/**", lambda route: route.abort())  # the machine sleeps
    change_review(site.cloud, only.item, lease_until=1)
    held = site.cloud.emulator.client("dynamodb").get_item(
        TableName=site.cloud.outputs["ReviewsTable"], Key={"item": {"S": only.item}}
    )["Item"]
    change_review(site.cloud, only.item, turn=1, fab_queue=held["fab_queue"]["S"])
    awake = sign_in(quick)
    awake.answer("1")
    awake.saved()
    sleeping.page.wait_for_timeout(500)
    sleeping.answer("2")
    sleeping.page.unroute("**/api/**")
    refused = sleeping.page.get_by_text(re.compile("Not kept"))
    expect(refused.first).to_be_visible(timeout=PATIENCE_MS)
    kept = given(site, "fablease")
    assert [event["reviewer"] for event in kept] == ["quin"]


def test_a_picture_whose_address_ran_out_is_fetched_again(site: "Site", sign_in: Any) -> None:
    fill(site.cloud, "fabexpired", 3)
    refusals: list[str] = []
    portal = sign_in(reviewer(site, "fabexpired", "exa"))

    def refuse_once(route: Route) -> None:
        path = route.request.url.partition("?")[0]
        if path in refusals:
            route.continue_()
        else:
            refusals.append(path)
            route.fulfill(status=403, body="<Error><Code>AccessDenied</Code></Error>")

    portal.page.route(re.compile(r"\.png\?"), refuse_once)
    portal.page.reload()
    portal.answer("0")
    portal.saved()
    assert refusals
    assert len(given(site, "fabexpired")) == 1


@pytest.mark.long
def test_two_readers_who_differ_are_settled_by_an_engineer(site: "Site", sign_in: Any) -> None:
    fill(site.cloud, "fabtwo", 1)
    first, second, judge = site.people(
        ("fred", ("reviewer", "fab:fabtwo")),
        ("sara", ("reviewer", "fab:fabtwo")),
        ("jude", ("engineer", "fab:fabtwo")),
    )
    with site.ruled_by(SECOND_SHARE="1", UNDO_S="1"):
        one = sign_in(first)
        one.answer("1")
        one.saved()
        two = sign_in(second)
        expect(two.page.get_by_text("read blind").first).to_be_attached(timeout=60_000)
        two.answer("2")
        two.saved()
        three = sign_in(judge)
        expect(three.page.get_by_role("heading", name="Adjudication", level=1)).to_be_visible()
        three.answer("1")
        three.saved()
    acts = [(event["reviewer"], event["settled"]) for event in answers(site.cloud, "fabtwo")]
    assert acts == [("fred", False), ("sara", False), ("jude", True)]


@pytest.mark.parametrize(
    "path", ["/audit", "/quality", "/wafers", "/lots"], ids=["audit", "quality", "search", "lots"]
)
def test_a_screen_for_another_role_says_so(site: "Site", sign_in: Any, path: str) -> None:
    portal = sign_in(reviewer(site, "fabrole", f"rosa{path[1:]}"))
    portal.page.goto(f"{portal.address}{path}?fab=fabrole")
    expect(portal.page.get_by_text("This is not for your role")).to_be_visible()


def test_another_fabs_wafer_is_not_there_whatever_the_address(site: "Site", sign_in: Any) -> None:
    (theirs,) = fill(site.cloud, "fabtheirs", 1)
    portal = sign_in(reviewer(site, "fabours", "olga", "engineer"))
    said = []
    for item in (theirs.item, "no-such-wafer~1754134552944"):
        portal.page.goto(f"{portal.address}/wafers/{item}?fab=fabours")
        alert = portal.page.locator("main").get_by_text(
            re.compile("no such|not there|not found", re.IGNORECASE)
        )
        expect(alert.first).to_be_visible(timeout=PATIENCE_MS)
        said.append(alert.first.inner_text().replace(item, "ITEM"))
    assert said[0] == said[1]
    assert portal.page.locator("canvas").count() == 0


def test_look_alikes_are_answered_in_bulk_and_taken_back_in_one(site: "Site", sign_in: Any) -> None:
    fill(site.cloud, "fabbulk", 6, truth="Donut")
    portal = sign_in(reviewer(site, "fabbulk", "bela"))
    portal.go("/gallery?fab=fabbulk")
    wafers = portal.page.get_by_role("button", name=re.compile("^Choose wafer"))
    expect(wafers).to_have_count(6, timeout=PATIENCE_MS)
    portal.page.get_by_text("Choose all shown").click()
    expect(portal.page.get_by_text("6 chosen")).to_be_visible()
    portal.page.keyboard.press("2")
    portal.page.get_by_role("button", name="Answer 6").click()
    expect(portal.page.get_by_text("6 wafers answered with")).to_be_visible(timeout=PATIENCE_MS)
    kept = given(site, "fabbulk")
    assert len(kept) == 6
    assert len({event["batch"] for event in kept}) == 1
    portal.page.get_by_role("button", name="Undo the whole batch").click()
    portal.page.get_by_role("button", name="Take back 6").click()
    expect(portal.page.get_by_text("Took back 6 answers")).to_be_visible(timeout=PATIENCE_MS)
    acts = [event["act"] for event in answers(site.cloud, "fabbulk")]
    assert acts.count("undo") == 6
