"""One simulated reviewer: wafers from the queue -> answers, right with a given accuracy, taken back now and then."""

import random
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fabwafer.history import Verdict
from fabwafer.label_book import WM811K_TEXTS
from sandbox.review_client import Client, ConflictError, Given, Wafer

Truths = Mapping[str, str]
"""Item -> the label that its camera knows to be right."""

_POLL_S = 1.0


@dataclass(frozen=True)
class Habits:
    """How somebody works.

    Attributes:
        accuracy: The share (0..1) of answers that are right.
        undo_share: The share of answers that are taken back and thought over.
        at_once: How many wafers they have in hand, as the portal asks for.
        looking_s: How long they look at each.
        patience_s: How long they wait when the queue is empty: what they may still take back waits for its second
            reader that long.
    """

    accuracy: float = 0.97
    undo_share: float = 0.03
    at_once: int = 5
    looking_s: float = 0.0
    patience_s: float = 0.0


class Allowance:
    """How many answers a group may still give; None is as many as there are wafers."""

    def __init__(self, answers: int | None) -> None:
        self._left, self._lock = answers, threading.Lock()

    def take(self) -> bool:
        """Take one, or tell that there is none left."""
        with self._lock:
            if self._left is None:
                return True
            self._left -= 1
            return self._left >= 0

    @property
    def used_up(self) -> bool:
        """Tell whether there is none left."""
        with self._lock:
            return self._left is not None and self._left <= 0

    def end(self) -> None:
        """Let nobody take any more."""
        with self._lock:
            self._left = 0


@dataclass(frozen=True)
class Answered:
    """An answer that the API took; `agreed` is whether it is the model's, None where that was not shown."""

    item: str
    answer_id: str
    given: Given
    right: bool | None
    agreed: bool | None
    took_s: float


@dataclass
class Diary:
    """What one reviewer did, by their own account.

    Attributes:
        handed: Every item that came into their hands, with the version at which it was theirs.
        answered: The answers that stand.
        undone: The ids of the answers that were taken back.
        refused: How often the API refused because somebody else was faster.
    """

    name: str
    handed: list[tuple[str, int]] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    refused: int = 0


def answer_to(wafer: Wafer, truth: str | None, right: bool, draw: random.Random) -> Given:
    """Return the truth, or what a person would take it for; what has no known label is an unknown pattern.

    Who errs follows the model where it is wrong, and otherwise takes the label for one of its neighbours in the label
    book.
    """
    if truth not in wafer.labels:
        return Given(verdict=Verdict.UNKNOWN)
    if right:
        return Given(verdict=Verdict.LABELS, labels=(truth,))
    said = wafer.model_answer.label if wafer.model_answer else truth
    if said != truth and said in wafer.labels:
        return Given(verdict=Verdict.LABELS, labels=(said,))
    text = WM811K_TEXTS.get(truth)
    alike = [other for other, _ in text.neighbours if other in wafer.labels] if text else []
    others = alike or [label for label in wafer.labels if label != truth]
    return Given(verdict=Verdict.LABELS, labels=(draw.choice(others),))


@dataclass(frozen=True)
class Reviewer:
    """A reviewer at work in one fab."""

    client: Client
    fab: str
    truths: Truths
    habits: Habits
    draw: random.Random
    tell: Callable[[], None] = lambda: None

    def work(self, allowance: Allowance) -> Diary:
        """Answer until the queue stays empty or the allowance is used up, and give back what is left in hand.

        Raises:
            SandboxError: If the API fails.
        """
        diary = Diary(self.client.person.name)
        waited_s = 0.0
        while waited_s <= self.habits.patience_s and not allowance.used_up:
            wafers = self.client.next(self.fab, self.habits.at_once)
            if not self._answer_all(wafers, allowance, diary):
                break
            waited_s = 0.0 if wafers else waited_s + _POLL_S
            if not wafers and waited_s <= self.habits.patience_s:
                time.sleep(_POLL_S)
        return diary

    def _answer_all(self, wafers: list[Wafer], allowance: Allowance, diary: Diary) -> bool:
        diary.handed += [(wafer.item, wafer.version) for wafer in wafers]
        for place, wafer in enumerate(wafers):
            if not allowance.take():
                self._give_back(wafers[place:])
                return False
            try:
                self._answer(wafer, diary)
            except ConflictError:
                diary.refused += 1
            self.tell()
        return True

    def _answer(self, wafer: Wafer, diary: Diary) -> None:
        """Answer, and now and then take it back and answer anew."""
        answer_id = secrets.token_hex(8)
        answered, version = self._give(wafer, answer_id)
        if self.draw.random() < self.habits.undo_share:
            try:
                again = self.client.undo(wafer.item, version, secrets.token_hex(8))
            except ConflictError:
                diary.refused += 1
            else:
                diary.undone.append(answer_id)
                diary.handed.append((again.item, again.version))
                answered, _ = self._give(again, secrets.token_hex(8))
        diary.answered.append(answered)

    def _give(self, wafer: Wafer, answer_id: str) -> tuple[Answered, int]:
        started, habits = time.monotonic(), self.habits
        if habits.looking_s:
            time.sleep(self.draw.uniform(0.5, 1.5) * habits.looking_s)
        truth = self.truths.get(wafer.item)
        given = answer_to(wafer, truth, self.draw.random() < habits.accuracy, self.draw)
        # Who does not look takes no time to look: nothing is told of it.
        looked_ms = round((time.monotonic() - started) * 1000) if habits.looking_s else None
        version = self.client.answer(wafer, given, answer_id, looked_ms)
        said = wafer.model_answer
        return Answered(
            item=wafer.item,
            answer_id=answer_id,
            given=given,
            right=None if truth is None else given.labels == (truth,),
            agreed=None if said is None else given.labels == (said.label,),
            took_s=time.monotonic() - started,
        ), version

    def _give_back(self, wafers: list[Wafer]) -> None:
        for wafer in wafers:
            try:
                self.client.release(wafer)
            except ConflictError:
                continue  # it is somebody else's already
