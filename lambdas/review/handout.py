"""Which items somebody gets next: what they hold already, then what is free, the most urgent first."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from fabwafer.deeds import draw
from fabwafer.errors import ConflictError
from fabwafer.leases import brings_honeypot, lease
from fabwafer.work_item import Queue, Review
from lambdas.review.bodies import Line
from lambdas.review.visit import Visit
from lambdas.stores.pages import Filter
from lambdas.stores.reviews import Enough
from lambdas.work_records import Work

_WINDOW = 40
"""How many free items are looked at: as many as eight people take at once."""
_ROUNDS = 3
_THREADS = 10


def hand_out(visit: Visit, fab: str, count: int, line: Line) -> list[Work]:
    """Lease up to so many items of a fab to the caller; along with a new one of them may come a honeypot.

    What the caller has skipped comes when nothing else is left for them.
    """
    taken: dict[str, Work] = {}
    held: dict[str, Work] = {}
    for _ in range(_ROUNDS):
        found = _candidates(visit, fab, line, count)
        left = [each for each in found if each.review.item not in taken]
        if not left:
            break
        held |= {each.review.item: each for each in left if _is_held(visit, each)}
        _take(visit, [each for each in left if _is_due(visit, each)] or left, count, taken)
        if len(taken) >= count:
            break
    works = list(taken.values())
    checking = any(each.review.is_honeypot for each in [*held.values(), *works])
    if line is Line.REVIEW and not checking:
        works += _honeypot(visit, fab, [each for each in works if each.review.item not in held])
    return works


def _is_held(visit: Visit, work: Work) -> bool:
    return work.review.holder(visit.now_ms) == visit.caller.name


def _is_due(visit: Visit, work: Work) -> bool:
    """What somebody holds is theirs, whether they skipped it once or not."""
    return _is_held(visit, work) or visit.caller.name not in work.review.skipped


def _candidates(visit: Visit, fab: str, line: Line, count: int) -> list[Work]:
    name, work = visit.caller.name, visit.desk.work
    wanted, enough = Filter(without={"readers": name, "checked": name}), _enough(visit, count)
    asked: list[Callable[[], list[Work]]] = [
        partial(work.held_by, fab, name, visit.now_ms),
        partial(work.expired, fab, visit.now_ms, _WINDOW, wanted, enough),
    ]
    if line is Line.REVIEW:
        asked.append(partial(_open, visit, fab, wanted, enough))
        asked.append(partial(work.waiting, fab, Queue.SECOND, _WINDOW, wanted, enough))
    else:
        asked.append(partial(work.waiting, fab, Queue.DISPUTED, _WINDOW, wanted, enough))
    with ThreadPoolExecutor(len(asked)) as pool:
        own, *free = [found.result() for found in [pool.submit(each) for each in asked]]
    may = Review.may_read if line is Line.REVIEW else Review.may_adjudicate
    waiting = sorted((each for some in free for each in some), key=lambda each: each.rank)
    return [each for each in [*own, *waiting] if may(each.review, name)]


def _enough(visit: Visit, count: int) -> Enough:
    """What the caller has skipped is found on the way and kept, so that nobody has to look for it again."""
    return lambda works: sum(_is_due(visit, each) for each in works) >= count


def _open(visit: Visit, fab: str, wanted: Filter, enough: Enough) -> list[Work]:
    """Nobody has read these: only who skipped very many of the first ones needs the slower way round them."""
    waiting = visit.desk.work.waiting
    first = waiting(fab, Queue.OPEN, _WINDOW)
    if enough(first) or len(first) < _WINDOW:
        return first
    return waiting(fab, Queue.OPEN, _WINDOW, wanted, enough)


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
    unknown_to = Filter(without={"readers": name, "checked": name, "skipped": name})
    for work in visit.desk.work.waiting(fab, Queue.CHECK, 1, unknown_to):
        won = _lease(visit, work)
        if won is not None:
            return [won]
    return []
