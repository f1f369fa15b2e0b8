"""Cameras of a ring -> the records of their wafers, until there are enough, whichever cameras they come from."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.records import Item
from lambdas.stores.pages import Filter, Page, Span
from lambdas.stores.wafers import WaferTable

_CLOCK_MS = 300_000
"""How far a camera's clock may go wrong between two heartbeats."""
_ROUNDS = 8
_CALLS = 20
"""Of one round, for one camera: 500 records each, most of which may be filtered out."""
_FEWEST_A_CAMERA = 20


@dataclass(frozen=True)
class Part:
    """Which of a ring's wafers.

    Attributes:
        cameras: <fab>/<camera> -> how much its clock is behind, ms.
        since_ms: Those that arrived before are left out.
        most: About how many at most.
        newest: Whether the last ones are wanted, not the first.
    """

    cameras: Mapping[str, int]
    since_ms: int
    most: int
    newest: bool = False


@dataclass(frozen=True)
class RingWafers:
    """Reads wafers of several cameras."""

    table: WaferTable

    def since(self, part: Part, equal: Mapping[str, str]) -> list[Item]:
        """Return wafers that arrived since a moment, with some attributes as asked."""
        wanted = Filter(equal=equal, at_least={"received_ms": part.since_ms})
        spans = [
            _span(camera, first=part.since_ms - max(0, behind) - _CLOCK_MS, newest=part.newest)
            for camera, behind in part.cameras.items()
        ]
        return self._read(spans, wanted, part.most)

    def before(self, part: Part, equal: Mapping[str, str]) -> list[Item]:
        """Return the last wafers of before that moment."""
        spans = [_span(camera, last=part.since_ms, newest=True) for camera in part.cameras]
        return self._read(spans, Filter(equal=equal), part.most)

    def _read(self, spans: list[Span], wanted: Filter, most: int) -> list[Item]:
        """Ask every camera for its share; what is lacking then, those that had a whole share."""
        rows: list[Item] = []
        left: dict[Span, Item | None] = dict.fromkeys(spans)
        for _ in range(_ROUNDS):
            if not left or len(rows) >= most:
                break
            share = max(_FEWEST_A_CAMERA, math.ceil((most - len(rows)) / len(left)))
            asked, left = left, {}
            for span, start in asked.items():
                page = Page(share, start, wanted, most_calls=_CALLS)
                found, after = self.table.find(span, page)
                rows += found
                if after is not None and len(found) == share:
                    left[span] = after
        return rows


def _span(camera: str, *, newest: bool, first: int | None = None, last: int | None = None) -> Span:
    return Span("by_camera", "fab_camera", camera, "timestamp", first, last, newest)
