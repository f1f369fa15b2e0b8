"""Simulated reviewers who work the queue for as long as a demonstration lasts."""

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.cameras import read_journal
from sandbox.fleet import FAB
from sandbox.loop.fab import LoopFab
from sandbox.reviewer import Habits
from sandbox.reviewing import Wish, review

_CREW = 3
_ROUND = 60
_LOOKING_S = 0.2
_PAUSE_S = 3.0


@dataclass
class Reviewing:
    """What the reviewers have done so far: answers that stand, by label, and how many of them are the truth."""

    answered: Counter[str] = field(default_factory=Counter)
    right: int = 0
    work: "Future[None] | None" = None

    @property
    def answers(self) -> int:
        """Return how many answers stand."""
        return self.answered.total()

    def check(self) -> None:
        """Raise what ended the reviewers too early, if anything did."""
        if self.work is not None and self.work.done():
            self.work.result()


@contextlib.contextmanager
def reviewing(fab: LoopFab, accuracy: float = 0.97) -> Iterator[Reviewing]:
    """Let them work in the background until the block ends."""
    done, ended = Reviewing(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        done.work = pool.submit(_work, fab, accuracy, done, ended)
        try:
            yield done
        finally:
            ended.set()
    done.check()


class Truths(Mapping[str, str]):
    """What the cameras know to be right, by item; their journals are read on as they grow."""

    def __init__(self, journals: Sequence[Path]) -> None:
        self._journals = journals
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()

    def __getitem__(self, item: str) -> str:
        with self._lock:
            if item not in self._known:
                self._read()
            return self._known[item]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def _read(self) -> None:
        for journal in self._journals:
            for logged in read_journal(journal):
                if logged.truth is not None:
                    self._known[f"{logged.imgid}~{logged.timestamp}"] = logged.truth


def _work(fab: LoopFab, accuracy: float, done: Reviewing, ended: threading.Event) -> None:
    truths = Truths([camera.journal_path for camera in fab.cameras.values()])
    number = 0
    while not ended.is_set():
        number += 1
        wish = Wish(
            address=fab.address,
            fab=FAB,
            reviewers=fab.reviewers[:_CREW],
            looker=fab.person("engineer"),
            truths=truths,
            habits=Habits(accuracy=accuracy, looking_s=_LOOKING_S),
            items=_ROUND,
            seed=number,
        )
        _, diaries = review(wish)
        for each in (each for diary in diaries for each in diary.answered):
            done.answered.update(each.given.labels or (str(each.given.verdict),))
            done.right += each.right is True
        ended.wait(_PAUSE_S)
