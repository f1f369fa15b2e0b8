"""Simulated reviewers at work in the deployed system, by the portal's own address."""

import contextlib
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sandbox_review_items import events, fill, ruled_by

from sandbox.cloud import Cloud
from sandbox.emulator import free_port
from sandbox.people import Person, person, register
from sandbox.portal import serving
from sandbox.review_client import Wafer, signed_in
from sandbox.reviewer import Diary, Habits
from sandbox.reviewing import Summary, Wish, review

pytestmark = pytest.mark.sandbox

LEASE_S, UNDO_S = 15, 1
KILLED = 2
IN_HAND = 5


@pytest.fixture(scope="module")
def address(sandbox: Cloud) -> Iterator[str]:
    rules = ruled_by(sandbox, LEASE_S=str(LEASE_S), UNDO_S=str(UNDO_S))
    with rules, serving(sandbox, {}, free_port()) as portal:
        yield portal


@pytest.fixture
def fab() -> str:
    return f"fab{secrets.token_hex(4)}"


def hired(sandbox: Cloud, fab: str, reviewers: int) -> tuple[list[Person], Person]:
    """So many reviewers of a fab, and an engineer."""
    crew = [person(f"{fab}-{number}", "reviewer", f"fab:{fab}") for number in range(reviewers)]
    engineer = person(f"{fab}-engineer", "engineer", f"fab:{fab}")
    register(sandbox, [*crew, engineer])
    return crew, engineer


def held(address: str, fab: str, gone: Sequence[Person]) -> dict[str, list[Wafer]]:
    """What people took who were never heard of again."""
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(len(gone)) as pool:
        clients = [stack.enter_context(signed_in(address, each)) for each in gone]
        taken = pool.map(lambda client: client.next(fab, IN_HAND), clients)
        return {each.name: wafers for each, wafers in zip(gone, taken, strict=True)}


def nothing_was_held_by_two(hands: Sequence[Diary]) -> bool:
    """A version of an item is one person's: whoever gets it next, gets the next version."""
    holders = defaultdict(set)
    for diary in hands:
        for pair in diary.handed:
            holders[pair].add(diary.name)
    return bool(holders) and all(len(names) == 1 for names in holders.values())


def every_answer_was_kept_once(sandbox: Cloud, fab: str, hands: Sequence[Diary]) -> bool:
    said = Counter(each.answer_id for diary in hands for each in diary.answered)
    said += Counter(answer_id for diary in hands for answer_id in diary.undone)
    acts = [row for row in events(sandbox, fab) if row["act"] in ("answer", "check")]
    return bool(said) and Counter(row["id"] for row in acts) == said


def counts_are_as_told(address: str, wish: Wish, hands: Sequence[Diary]) -> bool:
    with signed_in(address, wish.looker) as client:
        told: Counter[str] = Counter()
        for day in client.statistics(wish.fab).reviewers:
            told[day.reviewer] += day.answers
    return told == Counter({diary.name: len(diary.answered) for diary in hands if diary.answered})


def everything_is_read(result: Summary, wafers: int) -> bool:
    waiting = (result.open, result.second)
    return waiting == (0, 0) and result.settled + result.disputed == wafers


@pytest.mark.timeout(240)
def test_two_reviewers_at_once_leave_nothing_unread_and_nothing_twice(
    sandbox: Cloud, address: str, fab: str
) -> None:
    truths = fill(sandbox, fab, 40)
    crew, engineer = hired(sandbox, fab, 2)
    habits = Habits(accuracy=0.8, undo_share=0.2, at_once=IN_HAND, patience_s=UNDO_S + 2)
    wish = Wish(address, fab, crew, engineer, truths, habits)
    result, hands = review(wish)
    assert nothing_was_held_by_two(hands)
    assert every_answer_was_kept_once(sandbox, fab, hands)
    assert counts_are_as_told(address, wish, hands)
    assert everything_is_read(result, len(truths))
    assert result.undone
    assert result.right < result.answered


@pytest.mark.parametrize(
    "wafers",
    [
        pytest.param(100, id="100 wafers"),
        pytest.param(500, id="500 wafers", marks=pytest.mark.long),
    ],
)
@pytest.mark.timeout(1200)
def test_eight_clients_race_and_what_killed_ones_held_comes_back(
    sandbox: Cloud, address: str, fab: str, wafers: int
) -> None:
    truths = fill(sandbox, fab, wafers)
    crew, engineer = hired(sandbox, fab, 8)
    gone, staying = crew[:KILLED], crew[KILLED:]
    # What the killed ones hold is free again after the lease: who stays waits for it.
    habits = Habits(accuracy=0.95, at_once=IN_HAND, patience_s=LEASE_S + 5)
    wish = Wish(address, fab, staying, engineer, truths, habits)
    with ThreadPoolExecutor(2) as pool:
        killed = pool.submit(held, address, fab, gone)
        result, hands = pool.submit(review, wish).result()
    lost = killed.result()
    everybody = [
        *hands,
        *(Diary(name, [(each.item, each.version) for each in mine]) for name, mine in lost.items()),
    ]
    assert nothing_was_held_by_two(everybody)
    assert every_answer_was_kept_once(sandbox, fab, hands)
    assert counts_are_as_told(address, wish, hands)
    assert everything_is_read(result, wafers)
    left_behind = {each.item for mine in lost.values() for each in mine}
    assert left_behind
    assert left_behind <= {each.item for diary in hands for each in diary.answered}
