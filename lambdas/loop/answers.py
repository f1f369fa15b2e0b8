"""What people have answered, as training sees it: which items are settled, of what use, and how many are new."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fabwafer.datasets import Use, settled_ms, use_of
from fabwafer.work_item import State
from lambdas.stores.pages import Page
from lambdas.stores.reviews import WorkTable
from lambdas.work_records import Work

_PAGE = 500
_MOST_PAGES = 40
"""20,000 events of a fab since the last dataset: more of them start a training all the same."""
_MOST_COUNTED = 100_000


@dataclass(frozen=True)
class Settled:
    """A settled item, and what becomes of it."""

    work: Work
    use: Use

    @property
    def item(self) -> str:
        """Return the wafer's id."""
        return self.work.review.item

    @property
    def label(self) -> str:
        """Return the one label of an item that is learned from or judges."""
        answer = self.work.review.answer
        if answer is None or len(answer.labels) != 1:
            raise TypeError(f"{self.item}: expected one label, got {answer}")
        return answer.labels[0]

    @property
    def image_key(self) -> str:
        """Return the key of its picture in the images bucket."""
        return str(self.work.row["image_key"])

    def described(self) -> dict[str, Any]:
        """Return its line of a manifest: the wafer, what the model said, what people said."""
        row, review = self.work.row, self.work.review
        told: dict[str, Any] = {name: str(row[name]) for name in _TEXTS if name in row}
        told |= {name: int(str(row[name])) for name in ("wafer", "timestamp") if name in row}
        return told | {
            "image": self.image_key,
            "probability": float(str(row["probability"])),
            "verdict": "labels",
            "labels": [self.label],
            "reviewers": list(review.readers),
            "bulk": any(reading.bulk for reading in review.readings),
            "settled_ms": settled_ms(review),
        }


_TEXTS = ("item", "imgid", "fab", "camera", "lot", "model", "prediction", "reason")


@dataclass(frozen=True)
class Answers:
    """The answers of all fabs.

    Attributes:
        reviews: Work items and their events.
        fabs: Whose.
        held_out: Share (0..1) of the lots that no model learns from.
    """

    reviews: WorkTable
    fabs: tuple[str, ...]
    held_out: float

    def settled(self, cut_ms: int) -> Iterator[Settled]:
        """Return every item whose answer was settled up to a time, fab by fab."""
        for fab in self.fabs:
            start = None
            while True:
                page = Page(_PAGE, start)
                works, start = self.reviews.in_state(fab, State.SETTLED, page)
                for work in works:
                    if 0 < settled_ms(work.review) <= cut_ms:
                        yield self._settled(work)
                if start is None:
                    break

    def unfinished(self, state: State) -> int:
        """Return how many items of all fabs are in a state that is no label yet."""
        return sum(self.reviews.count(fab, state, _MOST_COUNTED)[0] for fab in self.fabs)

    def new_labels(self, since_ms: int, cut_ms: int) -> Counter[str]:
        """Return labels settled after one time and up to another that a training may learn from."""
        counts: Counter[str] = Counter()
        for fab in self.fabs:
            touched = sorted(self._touched(fab, since_ms, cut_ms))
            for work in self.reviews.read_all(touched).values():
                if work.review.state is not State.SETTLED:
                    continue
                if since_ms < settled_ms(work.review) <= cut_ms:
                    found = self._settled(work)
                    counts.update([found.label] if found.use is Use.LEARN else [])
        return counts

    def _touched(self, fab: str, since_ms: int, cut_ms: int) -> set[str]:
        items: set[str] = set()
        start = None
        for _ in range(_MOST_PAGES):
            page = Page(_PAGE, start)
            events, start = self.reviews.events_of(fab, (since_ms + 1, cut_ms), page)
            items.update(event.item for event in events)
            if start is None:
                break
        return items

    def _settled(self, work: Work) -> Settled:
        lot = work.row.get("lot")
        group = work.review.item if lot is None else f"{work.fab}/{lot}"
        return Settled(work, use_of(work.review, group, self.held_out))
