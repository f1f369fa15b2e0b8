"""Reading an index page by page, as DynamoDB has it and moto does not enforce."""

import pytest
from review_parts import START_MS, Portal

from lambdas.stores.pages import Filter, Page, Span

WAFERS = 7


def span(index: str, partition: str, value: str, **order: bool) -> Span:
    return Span(index, partition, value, "timestamp", START_MS, START_MS + WAFERS, **order)


@pytest.mark.parametrize("newest_first", [False, True], ids=["oldest first", "newest first"])
@pytest.mark.parametrize(
    "wanted", [Filter(), Filter(at_least={"probability": 0.1})], ids=["every wafer", "filtered"]
)
@pytest.mark.parametrize(
    ("index", "partition", "value"),
    [("by_fab", "fab", "faba"), ("by_camera", "fab_camera", "faba/camera1")],
)
def test_the_next_page_begins_after_the_keys_of_the_last_row(
    portal: Portal, index, partition, value, wanted, newest_first
):
    items = [portal.store(imgid=f"img-{n}", timestamp=START_MS + n) for n in range(WAFERS)]
    where = span(index, partition, value, newest_first=newest_first)
    found, start = [], None
    for _ in range(4):
        rows, start = portal.desk.wafers.find(where, Page(2, start, wanted))
        found += [f"{row['imgid']}~{row['timestamp']}" for row in rows]
        assert start is None or start.keys() == {"imgid", "timestamp", partition}
    assert found == (items[::-1] if newest_first else items)
    assert start is None
