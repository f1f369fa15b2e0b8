"""The sums of a fab's events, day by day: kept, and gone on with where the counting ended."""

import base64
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import cast

from fabwafer.history import Event
from fabwafer.tally import Tally, added, counted, day_of, reaching_back, read, written
from lambdas.records import Item, int_of
from lambdas.review.queries import DAY_MS, MOST_DAYS
from lambdas.review.visit import Visit
from lambdas.stores.pages import Page

_THREADS = 8
_LATE_MS = 120_000
"""An event is in the index this long after its time at the latest: a request may take 29 s to write it."""
_STEP_MS = 60_000
"""Between two times that what was counted is kept."""
_MOST_EVENTS = 20_000
"""Events that one request reads; where there are more, the next one goes on."""
_LEAST_EVENTS = 1000
"""More than share one millisecond: no day stands still."""
_CALLS = 40
_FORGOTTEN_S = (MOST_DAYS + 7) * 86_400


@dataclass(frozen=True)
class _Kept:
    """What is counted of a day, up to and with `until_ms`."""

    tally: Tally
    until_ms: int


def tally_of(visit: Visit, fab: str, days: int) -> tuple[Tally, bool]:
    """Return the sums of a fab's last days (UTC, today the last), and whether every event is in them.

    A day that is over is counted once and for all: events are only ever appended, with the time at which they are
    written, and one that takes back an answer of an earlier day is counted on its own.
    """
    today = visit.now_ms // DAY_MS
    numbers = range(today - days + 1, today + 1)
    papers = visit.desk.papers.read_all(_kind(fab), [_name(day) for day in numbers])
    kept = {day: _kept(papers, day) for day in numbers}
    unfinished = [day for day in numbers if kept[day].until_ms < _end(day)]
    most = max(_LEAST_EVENTS, _MOST_EVENTS // max(1, len(unfinished)))
    with ThreadPoolExecutor(_THREADS) as pool:
        gone_on = list(pool.map(lambda day: _gone_on(visit, fab, day, kept[day], most), unfinished))
    finished = [kept[day].tally for day in numbers if day not in unfinished]
    tally = added([*finished, *(each for each, _ in gone_on)], _name(numbers[0]))
    return tally, all(whole for _, whole in gone_on)


def _gone_on(visit: Visit, fab: str, day: int, kept: _Kept, most: int) -> tuple[Tally, bool]:
    """Count on, and keep what no event can come into any more."""
    span = (kept.until_ms + 1, min(visit.now_ms, _end(day)))
    page = Page(most, most_calls=_CALLS)
    found, more = visit.desk.work.events_of(fab, span, page, newest_first=False)
    safe_ms = min(_end(day), visit.now_ms - _LATE_MS)
    if more is not None and found:  # what shares the last one's millisecond may be missing
        safe_ms = min(safe_ms, found[-1].at_ms - 1)
    events = sorted(found, key=lambda event: (event.at_ms, event.seq))
    histories = _histories(visit, events)
    over = [event for event in events if event.at_ms <= safe_ms]
    rest = [event for event in events if event.at_ms > safe_ms]
    before = added([kept.tally, counted(over, histories)], "")
    if more is not None or safe_ms == _end(day) or safe_ms - kept.until_ms >= _STEP_MS:
        visit.desk.papers.put(_paper(visit, fab, day, _Kept(before, safe_ms)))
    return added([before, counted(rest, histories)], ""), more is None


def _histories(visit: Visit, events: list[Event]) -> Mapping[str, list[Event]]:
    items = reaching_back(events)
    with ThreadPoolExecutor(_THREADS) as pool:
        return dict(zip(items, pool.map(visit.desk.work.history, items), strict=True))


def _kept(papers: Mapping[str, Item], day: int) -> _Kept:
    paper = papers.get(_name(day))
    if paper is None:
        return _Kept(read("[]"), day * DAY_MS - 1)
    sums = zlib.decompress(base64.b64decode(cast("str", paper["sums"]))).decode()
    return _Kept(read(sums), int_of(paper["until_ms"]))


def _paper(visit: Visit, fab: str, day: int, kept: _Kept) -> Item:
    sums = base64.b64encode(zlib.compress(written(kept.tally).encode())).decode()
    return {
        "kind": _kind(fab),
        "name": _name(day),
        "sums": sums,
        "until_ms": kept.until_ms,
        "expires_at": visit.now_ms // 1000 + _FORGOTTEN_S,
    }


def _kind(fab: str) -> str:
    return f"sums/{fab}"


def _name(day: int) -> str:
    return day_of(day * DAY_MS)


def _end(day: int) -> int:
    return (day + 1) * DAY_MS - 1
