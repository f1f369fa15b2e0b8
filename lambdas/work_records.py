"""Work items <-> what the table keeps of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, cast

from fabwafer.deeds import Question
from fabwafer.history import Answer, Reading, Verdict
from fabwafer.work_item import Lease, Queue, Review
from lambdas.records import Item, int_of, text_of, turn

_DERIVED = (
    *("readings", "checks", "readers", "checked", "second", "pooled", "holder", "lease_until"),
    *("comment", "skipped", "event_ids", "head", "answer", "settled_ms", "fab_queue", "turn"),
)


@dataclass(frozen=True)
class Work:
    """A work item with what was asked; `row` is all that the table keeps of it."""

    review: Review
    row: Item

    @property
    def fab(self) -> str:
        """Return the fab whose people may see it."""
        return str(self.row["fab"])

    @property
    def question(self) -> Question:
        """Return what its events remember of the question."""
        model = self.row.get("model")
        return Question(
            str(self.row["prediction"]), str(self.row["reason"]), str(model) if model else None
        )

    @property
    def opened_ms(self) -> int:
        """Return when it came."""
        return int_of(self.row["opened_at"])

    @property
    def rank(self) -> Decimal:
        """Return its place in the queue, the smallest first."""
        return turn(cast("Decimal", self.row["priority"]), self.opened_ms)

    def after(self, review: Review) -> "Work":
        """Return the item as a change of its review leaves it."""
        return replace(self, review=review, row=_row(self, review))


def work_of(row: Item) -> Work:
    """Return the item of a row."""
    lease = None
    if "holder" in row:
        lease = Lease(str(row["holder"]), int_of(row["lease_until"]))
    review = Review(
        item=str(row["item"]),
        version=int_of(row["version"]),
        readings=tuple(_reading(each) for each in _maps(row, "readings")),
        second=bool(row.get("second", False)),
        pooled=bool(row.get("pooled", False)),
        lease=lease,
        checks=tuple(_reading(each) for each in _maps(row, "checks")),
        comment=text_of(row, "comment"),
        skipped=_texts(row, "skipped"),
        event_ids=_texts(row, "event_ids"),
        head=str(row.get("head", Review.head)),
    )
    return Work(review, row)


def answer_of(value: object) -> Answer | None:
    """Return an answer as kept, None if there is none."""
    if value is None:
        return None
    kept = cast("Mapping[str, Any]", value)
    return Answer(Verdict(kept["verdict"]), tuple(kept["labels"]))


def answer_row(answer: Answer | None) -> Item | None:
    """Return what the tables keep of an answer."""
    if answer is None:
        return None
    return {"verdict": answer.verdict.value, "labels": list(answer.labels)}


def _row(work: Work, review: Review) -> Item:
    fab, state, queue = work.fab, review.state.value, review.queue
    row = {name: value for name, value in work.row.items() if name not in _DERIVED}
    row |= {
        "version": review.version,
        "state": state,
        "fab_state": f"{fab}/{state}",
        "second": review.second,
        "pooled": review.pooled,
        "readings": [_reading_row(each) for each in review.readings],
        "checks": [_reading_row(each) for each in review.checks],
        "readers": list(review.readers),
        "checked": list(review.checked),
        "skipped": list(review.skipped),
        "event_ids": list(review.event_ids),
        "head": review.head,
    }
    if review.lease is not None:
        row |= {"holder": review.lease.holder, "lease_until": review.lease.until_ms}
    if queue is not None:
        held = queue is Queue.HELD and review.lease
        row |= {"fab_queue": f"{fab}/{queue.value}", "turn": held.until_ms if held else work.rank}
    if review.comment is not None:
        row["comment"] = review.comment
    if (answer := answer_row(review.answer)) is not None:
        row |= {"answer": answer, "settled_ms": review.readings[-1].at_ms}
    return row


def _reading_row(reading: Reading) -> Item:
    row: Item = {
        "reviewer": reading.reviewer,
        "verdict": reading.answer.verdict.value,
        "labels": list(reading.answer.labels),
        "at_ms": reading.at_ms,
        "seq": reading.seq,
        "bulk": reading.bulk,
        "adjudicates": reading.adjudicates,
    }
    return row if reading.note is None else row | {"note": reading.note}


def _reading(row: Mapping[str, Any]) -> Reading:
    return Reading(
        reviewer=str(row["reviewer"]),
        answer=Answer(Verdict(row["verdict"]), tuple(row["labels"])),
        at_ms=int(row["at_ms"]),
        seq=int(row["seq"]),
        bulk=bool(row["bulk"]),
        note=row.get("note"),
        adjudicates=bool(row["adjudicates"]),
    )


def _maps(row: Item, name: str) -> Sequence[Mapping[str, Any]]:
    return cast("Sequence[Mapping[str, Any]]", row.get(name, ()))


def _texts(row: Item, name: str) -> tuple[str, ...]:
    return tuple(str(each) for each in cast("Sequence[str]", row.get(name, ())))
