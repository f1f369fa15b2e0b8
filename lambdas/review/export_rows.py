"""Wafers of an export: every prediction in the span, normal ones too, with what people said of it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from fabwafer.history import Verdict
from fabwafer.work_item import State
from lambdas.records import Item, item_of
from lambdas.review.bodies import ExportBody, ExportScope
from lambdas.stores.pages import Page, Span
from lambdas.stores.reviews import WorkTable
from lambdas.stores.wafers import WaferTable
from lambdas.work_records import Work

_PAGE = 500

Hidden = Callable[[Work], bool]
"""Tells whether who asked for the export may still be given an item to read blind."""


@dataclass(frozen=True)
class ExportRow:
    """One wafer.

    Attributes:
        item: Its id; the other attributes of its identity and the model's answer are the prediction's. Of a wafer whose
            answers are hidden from who asked there is nothing but the identity and the picture.
        verdict: What people settled on, None as long as they have not; `labels` go with it.
        reviewers: Whose answers the label stands on.
        image_key: The picture's key in the images bucket.
    """

    item: str
    imgid: str
    fab: str
    camera: str
    lot: str | None
    wafer: int | None
    timestamp: int
    image_key: str
    model: str | None = None
    prediction: str | None = None
    probability: float | None = None
    novelty: float | None = None
    refused: str | None = None
    scores: dict[str, float] = field(default_factory=dict)
    alert: bool | None = None
    reason: str | None = None
    state: str | None = None
    verdict: str | None = None
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    bulk: bool | None = None
    settled_ms: int | None = None
    notes: tuple[str, ...] = ()
    sha256: str | None = None

    @property
    def category(self) -> str | None:
        """Return the settled answer as one word."""
        if self.verdict is None:
            return None
        return "+".join(self.labels) if self.verdict == Verdict.LABELS else self.verdict

    def record(self) -> dict[str, Any]:
        """Return the row for a line of JSON."""
        return {name: value for name, value in vars(self).items() if value not in (None, (), {})}

    def scores_text(self) -> str:
        """Return the scores for a cell of a table."""
        return json.dumps(self.scores, sort_keys=True) if self.scores else ""


def export_rows(
    wish: ExportBody, wafers: WaferTable, reviews: WorkTable, hidden: Hidden
) -> Iterator[ExportRow]:
    """Read the wafers of an export, oldest first."""
    span, start = _span(wish), None
    while True:
        found, start = wafers.find(span, Page(_PAGE, start))
        items = [item_of(row) for row in found]
        rows = wafers.read_all(items)  # an index does not hold all of a prediction
        works = reviews.read_all(items)
        for item in items:
            work = works.get(item)
            masked = work is not None and hidden(work)
            if item in rows and _is_wanted(rows[item], work, wish, masked=masked):
                yield _row(item, rows[item], work, masked=masked)
        if start is None:
            return


def _span(wish: ExportBody) -> Span:
    index, partition, value = "by_fab", "fab", wish.fab
    if wish.lot is not None:
        index, partition, value = "by_lot", "fab_lot", f"{wish.fab}/{wish.lot}"
    elif wish.camera is not None:
        index, partition, value = "by_camera", "fab_camera", f"{wish.fab}/{wish.camera}"
    return Span(index, partition, value, "timestamp", wish.from_ms, wish.to_ms)


def _is_wanted(row: Item, work: Work | None, wish: ExportBody, *, masked: bool) -> bool:
    if wish.camera is not None and row["camera"] != wish.camera:
        return False
    return wish.scope is ExportScope.ALL or (_is_settled(work) and not masked)


def _is_settled(work: Work | None) -> bool:
    return work is not None and work.review.state is State.SETTLED


def _row(item: str, row: Item, work: Work | None, *, masked: bool) -> ExportRow:
    known: dict[str, Any] = dict(row)
    told = {} if masked else {**_said(known), **_answered(work)}
    return ExportRow(
        item=item,
        imgid=known["imgid"],
        fab=known["fab"],
        camera=known["camera"],
        lot=known.get("lot"),
        wafer=int(known["wafer"]) if "wafer" in known else None,
        timestamp=int(known["timestamp"]),
        image_key=known["image_key"],
        **told,
    )


def _said(known: dict[str, Any]) -> dict[str, Any]:
    """What the model said, and what was made of it."""
    return {
        "model": known.get("model"),
        "prediction": known["prediction"],
        "probability": float(known["probability"]),
        "novelty": float(known["novelty"]) if "novelty" in known else None,
        "refused": known.get("refused"),
        "scores": {name: float(score) for name, score in known.get("scores", {}).items()},
        "alert": bool(known.get("alert", False)),
        "reason": known.get("review"),
        "sha256": known.get("sha256"),
    }


def _answered(work: Work | None) -> dict[str, Any]:
    """What people said; an answer that does not count yet stays out."""
    readings = work.review.readings if work is not None and _is_settled(work) else ()
    answer = work.review.answer if work else None
    return {
        "state": work.review.state.value if work else None,
        "verdict": answer.verdict.value if answer else None,
        "labels": answer.labels if answer else (),
        "reviewers": tuple(each.reviewer for each in readings),
        "bulk": any(each.bulk for each in readings),
        "settled_ms": readings[-1].at_ms if readings else None,
        "notes": tuple(each.note for each in readings if each.note),
    }
