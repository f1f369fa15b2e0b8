"""The audit log as a file: every field that an event's hash is made of, so that anybody can check the chain."""

import json
from collections.abc import Iterator
from pathlib import Path

from fabwafer.history import Event, record
from lambdas.review.bodies import ExportBody
from lambdas.review.export_rows import Hidden
from lambdas.stores.pages import Page
from lambdas.stores.reviews import WorkTable

_PAGE = 500


def exported_events(wish: ExportBody, reviews: WorkTable, hidden: Hidden) -> Iterator[Event]:
    """Read a fab's events, oldest first, without those about wafers that are hidden from who asked."""
    span, start = (wish.from_ms, wish.to_ms), None
    while True:
        found, start = reviews.events_of(wish.fab, span, Page(_PAGE, start), newest_first=False)
        works = reviews.read_all(sorted({event.item for event in found}))
        masked = {item for item, work in works.items() if hidden(work)}
        yield from (event for event in found if event.item not in masked)
        if start is None:
            return


def write_events(events: Iterator[Event], path: Path) -> int:
    """Write a line of JSON for each event; return how many there are.

    A line without its `hash`, with its names in order and nothing between its tokens, is what was hashed.
    """
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for count, event in enumerate(events, start=1):
            file.write(json.dumps(record(event), sort_keys=True, separators=(",", ":")) + "\n")
    return count
