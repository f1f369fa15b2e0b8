"""Several simulated reviewers at once -> what they did, and what the API says became of it."""

import contextlib
import json
import random
import statistics
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial

from rich.console import Console
from rich.table import Table

from sandbox.people import Person
from sandbox.review_client import Statistics, signed_in
from sandbox.reviewer import Allowance, Diary, Habits, Reviewer, Truths


@dataclass(frozen=True)
class Wish:
    """What is to be reviewed, by whom and how.

    Attributes:
        address: Where the portal is.
        fab: Whose queue.
        reviewers: Who work at once.
        looker: An engineer or admin, who is told what became of the answers.
        truths: The labels that are right.
        habits: How everybody works.
        items: How many answers in all; None is until the queue is empty.
        seed: Of the errors and undos.
    """

    address: str
    fab: str
    reviewers: Sequence[Person]
    looker: Person
    truths: Truths
    habits: Habits = field(default_factory=Habits)
    items: int | None = None
    seed: int = 1


@dataclass(frozen=True)
class Summary:
    """What a session of reviewing came to; the field names are the keys of the JSON.

    Attributes:
        reviewers: Answers that stand, by reviewer.
        answered: The same of all together.
        right: How many of them are the truth, as far as it is known.
        agreed: How many of them are the model's answer, of `shown` where it was seen.
        undone: Answers that were taken back.
        refused: Deeds that the API refused, because somebody else was faster.
        settled: Labels that these answers settled.
        open: Items that still wait for a first answer.
        second: Items that wait for a second reader.
        disputed: Items whose two answers differ.
        seconds_per_answer: Median, from the wafer in hand to the API's yes.
    """

    reviewers: dict[str, int]
    answered: int
    right: int
    agreed: int
    shown: int
    undone: int
    refused: int
    settled: int
    open: int
    second: int
    disputed: int
    seconds_per_answer: float

    def to_json(self) -> str:
        """Return the JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"


def review(wish: Wish, tell: Callable[[], None] = lambda: None) -> tuple[Summary, list[Diary]]:
    """Let the reviewers work, each with a connection and a thread of their own; `tell` is called at each answer.

    Raises:
        SandboxError: If somebody cannot sign in, or the API fails.
    """
    allowance = Allowance(wish.items)
    with contextlib.ExitStack() as stack:
        looker = stack.enter_context(signed_in(wish.address, wish.looker))
        before = looker.statistics(wish.fab)
        crew = [
            Reviewer(
                client=stack.enter_context(signed_in(wish.address, person)),
                fab=wish.fab,
                truths=wish.truths,
                habits=wish.habits,
                draw=random.Random(f"{wish.seed}/{person.name}"),  # noqa: S311 - errors, no secrets
                tell=tell,
            )
            for person in wish.reviewers
        ]
        with ThreadPoolExecutor(len(crew)) as pool:
            try:
                diaries = list(pool.map(partial(_work, allowance), crew))
            except KeyboardInterrupt:
                allowance.end()
                raise
        return summary(diaries, before, looker.statistics(wish.fab)), diaries


def waiting(address: str, fab: str, looker: Person) -> int:
    """Return how many items wait for a reader."""
    with signed_in(address, looker) as client:
        found: Statistics = client.statistics(fab)
    return found.waiting("open") + found.waiting("second")


def summary(diaries: Sequence[Diary], before: Statistics, after: Statistics) -> Summary:
    """Sum a session up. Pure."""
    answered = [each for diary in diaries for each in diary.answered]
    took_s = [each.took_s for each in answered]
    return Summary(
        reviewers={diary.name: len(diary.answered) for diary in diaries},
        answered=len(answered),
        right=sum(each.right is True for each in answered),
        agreed=sum(each.agreed is True for each in answered),
        shown=sum(each.agreed is not None for each in answered),
        undone=sum(len(diary.undone) for diary in diaries),
        refused=sum(diary.refused for diary in diaries),
        settled=(after.settled or 0) - (before.settled or 0),
        open=after.waiting("open"),
        second=after.waiting("second"),
        disputed=after.waiting("disputed"),
        seconds_per_answer=round(statistics.median(took_s), 3) if took_s else 0.0,
    )


def show(result: Summary, console: Console) -> None:
    """Print the summary."""
    table = Table("", "", title="What the reviewers did", title_justify="left", show_header=False)
    for name, answers in result.reviewers.items():
        table.add_row(f"answered by {name}", str(answers))
    table.add_section()
    table.add_row("answered", str(result.answered))
    table.add_row("right", f"{result.right} of {result.answered}")
    table.add_row("agreed with the model", f"{result.agreed} of {result.shown} where it was shown")
    table.add_row("taken back", str(result.undone))
    table.add_row("refused: others were faster", str(result.refused))
    table.add_row("seconds per answer", f"{result.seconds_per_answer:.3f} (median)")
    table.add_section()
    table.add_row("labels settled", str(result.settled))
    for state in ("open", "second", "disputed"):
        table.add_row(f"waiting: {state}", str(getattr(result, state)))
    console.print(table)


def _work(allowance: Allowance, reviewer: Reviewer) -> Diary:
    try:
        return reviewer.work(allowance)
    except Exception:
        allowance.end()  # the others need not go on
        raise
