"""The defect rate: a day that is over is read once, and no request reads without end."""

from collections.abc import Iterator

import pytest
from review_parts import EVE, START_MS, Portal

from lambdas.review import rates
from lambdas.stores.wafers import WaferTable

DAY_MS = 86_400_000
DAY_S = 86_400


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The first moment of every day that is counted."""
    found: list[int] = []
    count = WaferTable.count

    def counting(self, span, start, most_pages):
        found.append(span.first)
        return count(self, span, start, most_pages)

    monkeypatch.setattr(WaferTable, "count", counting)
    return found


@pytest.fixture
def small_pages(portal: Portal) -> Iterator[None]:
    """Two wafers are as many as a page of DynamoDB holds."""

    def two(params, **_) -> None:
        if params.get("IndexName") == "by_fab":
            params["Limit"] = 2

    events = portal.desk.wafers.client.meta.events
    events.register("before-parameter-build.dynamodb.Query", two)
    yield
    events.unregister("before-parameter-build.dynamodb.Query", two)


def asked(portal, days=1):
    return portal.call(EVE, "GET", "/rates", fab="faba", days=days).body


def test_a_day_is_counted_for_good_when_no_wafer_comes_to_it_any_more(portal, read):
    portal.store(None, timestamp=START_MS - 4 * DAY_MS)
    assert sum(each["wafers"] for each in asked(portal, days=8)["buckets"]) == 1
    assert len(read) == 8

    read.clear()
    portal.later(20 * DAY_S)
    asked(portal, days=28)

    counted_before = {(START_MS // DAY_MS - back) * DAY_MS for back in range(3, 8)}
    assert len(read) == 28 - 5
    assert not counted_before & set(read)


@pytest.mark.usefixtures("small_pages")
def test_a_long_day_is_counted_in_several_requests(portal, monkeypatch):
    monkeypatch.setattr(rates, "_MOST_PAGES", 2)
    for number in range(9):
        label = "Loc" if number % 3 == 0 else "none"
        portal.store(None, imgid=f"w{number}", timestamp=START_MS - number, prediction=label)

    found = [asked(portal) for _ in range(3)]

    assert [each["buckets"][0]["wafers"] for each in found] == [4, 8, 9]
    assert [each["complete"] for each in found] == [False, False, True]
    assert found[-1]["buckets"][0]["labels"] == {"Loc": 3, "none": 6}


@pytest.mark.usefixtures("small_pages")
def test_what_was_counted_while_wafers_came_is_counted_anew_later(portal, monkeypatch):
    monkeypatch.setattr(rates, "_MOST_PAGES", 2)
    for number in range(5):
        portal.store(None, imgid=f"w{number}", timestamp=START_MS - number)
    assert not asked(portal)["complete"]
    portal.store(None, imgid="late", timestamp=START_MS - 100)
    portal.later(4 * DAY_S)

    def then():
        found = asked(portal, days=5)
        return found["buckets"][0]["wafers"], found["complete"]

    assert then() == (5, True)
    portal.later(61)
    while not (now := then())[1]:
        pass
    assert now == (6, True)
