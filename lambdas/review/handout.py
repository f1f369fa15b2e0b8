"""Which items somebody gets next: what they hold already, then what is free, the most urgent first."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from fabwafer.deeds import draw
from fabwafer.errors import ConflictError
from fabwafer.leases import brings_honeypot, lease
from fabwafer.work_item import Queue, Review
from lambdas.review.bodies import Line
from lambdas.review.records import Work
from lambdas.review.visit import Visit
from lambdas.stores.pages import Filter

_WINDOW = 40
"""How many free items are looked at: as many as eight people take at once."""
_ROUNDS = 3
_THREADS = 10


def hand_out(visit: Visit, fab: str, count: int, line: Line) -> list[Work]:
    """Lease up to so many items of a fab to the caller; along with one of them may come a honeypot.

    What the caller has skipped comes when nothing else is left for them.
    """
    taken: dict[str, Work] = {}
    for skipped in (False, True):
        for _ in range(_ROUNDS):
            if len(taken) >= count:
                break
            candidates = _candidates(visit, fab, _Wish(line, count, skipped))
            left = [each for each in candidates if each.review.item not in taken]
            if not left:
                break
            _take(visit, left, count, taken)
    works = list(taken.values())
    if line is Line.REVIEW:
        works += _honeypot(visit, fab, works)
    return works


@dataclass(frozen=True)
class _Wish:
    line: Line
    count: int
    skipped: bool

    def of(self, name: str) -> Filter:
        """Return which items of a queue may be for somebody."""
        return _unread_by(name, None if self.skipped else name)


def _candidates(visit: Visit, fab: str, wish: _Wish) -> list[Work]:
    name, work = visit.caller.name, visit.desk.work
    wanted = wish.of(name)
    asked: list[Callable[[], list[Work]]] = [
        partial(work.held_by, fab, name, visit.now_ms),
        partial(work.expired, fab, visit.now_ms, _WINDOW, wanted, wish.count),
    ]
    if wish.line is Line.REVIEW:
        asked.append(partial(_open, visit, fab, wish))
        asked.append(partial(work.waiting, fab, Queue.SECOND, _WINDOW, wanted, wish.count))
    else:
        asked.append(partial(work.waiting, fab, Queue.DISPUTED, _WINDOW, wanted, wish.count))
    with ThreadPoolExecutor(len(asked)) as pool:
        own, *free = [found.result() for found in [pool.submit(each) for each in asked]]
    may = Review.may_read if wish.line is Line.REVIEW else Review.may_adjudicate
    waiting = sorted((each for some in free for each in some), key=lambda each: each.rank)
    return [each for each in [*own, *waiting] if may(each.review, name)]


def _open(visit: Visit, fab: str, wish: _Wish) -> list[Work]:
    """Nobody has read these: only who skipped very many of the first ones needs the slower way round them."""
    name, waiting = visit.caller.name, visit.desk.work.waiting
    first = waiting(fab, Queue.OPEN, _WINDOW)
    if wish.skipped:
        return first
    fresh = [each for each in first if name not in each.review.skipped]
    if len(fresh) >= wish.count or len(first) < _WINDOW:
        return fresh
    return waiting(fab, Queue.OPEN, _WINDOW, wish.of(name), wish.count)


def _unread_by(name: str, unskipped_by: str | None) -> Filter:
    return Filter(without={"readers": name, "checked": name, "skipped": unskipped_by})


def _take(visit: Visit, candidates: Sequence[Work], count: int, taken: dict[str, Work]) -> None:
    """Try the first ones first; what others were faster with is left to them, and the next try is not where theirs is."""
    left = list(candidates)
    while left and len(taken) < count:
        tried, left = left[: count - len(taken)], left[count - len(taken) :]
        for won in _lease_all(visit, tried):
            taken[won.review.item] = won
        left.sort(key=lambda each: draw(visit.caller.name, each.review.item))


def _lease_all(visit: Visit, works: Sequence[Work]) -> list[Work]:
    if len(works) == 1:
        won = [_lease(visit, works[0])]
    else:
        with ThreadPoolExecutor(min(len(works), _THREADS)) as pool:
            won = list(pool.map(partial(_lease, visit), works))
    return [each for each in won if each is not None]


def _lease(visit: Visit, work: Work) -> Work | None:
    try:
        leased = lease(work.review, visit.caller.name, visit.now_ms, visit.desk.rules)
    except ConflictError:
        return None
    after = work.after(leased)
    return after if visit.desk.work.save(work, after) else None


def _honeypot(visit: Visit, fab: str, works: Sequence[Work]) -> list[Work]:
    name, rules = visit.caller.name, visit.desk.rules
    if not any(brings_honeypot(each.review.item, name, rules) for each in works):
        return []
    for work in visit.desk.work.waiting(fab, Queue.CHECK, 1, _unread_by(name, name)):
        won = _lease(visit, work)
        if won is not None:
            return [won]
    return []
