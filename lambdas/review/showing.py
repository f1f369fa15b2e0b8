"""Rows -> what a caller gets to see of them: whoever is to read a wafer blind sees nobody's answer, nor the model's."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from fabwafer.blindness import is_hidden, reads_blind
from fabwafer.history import Answer, Event, Reading
from fabwafer.work_item import Review, State
from lambdas.records import Item, int_of, item_of
from lambdas.review.desk import PICTURE_S
from lambdas.review.views import (
    AnswerView,
    HistoryEvent,
    ItemSummary,
    ModelAnswer,
    Picture,
    ReadingView,
    ReviewView,
    WaferView,
    WorkItem,
)
from lambdas.review.visit import Role, Visit
from lambdas.work_records import Work


def is_masked(visit: Visit, work: Work | None) -> bool:
    """Tell whether the caller may still be asked to read this wafer blind, or could take such an answer back."""
    if work is None or Role.REVIEWER not in visit.caller.roles:
        return False
    name, rules = visit.caller.name, visit.desk.rules
    return is_hidden(work.review, name, visit.now_ms, rules, looks=visit.looks)


def picture(visit: Visit, row: Item) -> Picture:
    """Return where a wafer's picture can be fetched."""
    return Picture(
        url=visit.desk.images.address(str(row["image_key"]), PICTURE_S),
        expires_ms=visit.now_ms + PICTURE_S * 1000,
    )


def identity(row: Item) -> dict[str, Any]:
    """Return which wafer a row of either table is about."""
    return {
        "item": item_of(row),
        "fab": row["fab"],
        "camera": row["camera"],
        "timestamp": int_of(row["timestamp"]),
        "lot": row.get("lot"),
        "wafer": row.get("wafer"),
    }


def model_answer(visit: Visit, row: Item, reason: object = None) -> ModelAnswer:
    """Return what the model said, with the thresholds that its release promised."""
    label, model = str(row["prediction"]), cast("str | None", row.get("model"))
    policy = visit.desk.policies.of(model)
    scores = cast("Mapping[str, Any] | None", row.get("scores"))
    heat = cast("Sequence[Sequence[Any]] | None", row.get("heat"))
    return ModelAnswer(
        label=label,
        probability=float(cast("float", row["probability"])),
        reason=str(reason) if reason else None,
        model=model,
        novelty=_float(row.get("novelty")),
        refused=cast("str | None", row.get("refused")),
        scores={name: float(score) for name, score in scores.items()} if scores else None,
        heat=[[float(each) for each in line] for line in heat] if heat else None,
        accept=policy.accept_threshold(label),
        alert=policy.alert,
    )


def answer_view(answer: Answer | None) -> AnswerView | None:
    """Return an answer as shown."""
    return AnswerView(verdict=answer.verdict, labels=answer.labels) if answer else None


def work_item(visit: Visit, work: Work, prediction: Item | None) -> WorkItem:
    """Return an item in the caller's hands."""
    review = work.review
    policy = visit.policy(work.fab, work.question.model)
    blind = reads_blind(review, visit.caller.name, visit.desk.rules)
    open_ = review.state is State.OPEN
    may_adjudicate = review.may_adjudicate(visit.caller.name)
    said = (
        None
        if blind
        else model_answer(visit, {**work.row, **(prediction or {})}, work.question.reason)
    )
    return WorkItem(
        **identity(work.row),
        version=review.version,
        blind=blind,
        lease_until_ms=review.lease.until_ms if review.lease else 0,
        labels=policy.labels,
        picture=picture(visit, work.row),
        model_answer=said,
        comment=review.comment if open_ else None,
        readings=_readings(visit, review.readings) if may_adjudicate else (),
    )


def item_summary(visit: Visit, work: Work) -> ItemSummary:
    """Return a line of the backlog."""
    masked = is_masked(visit, work)
    review = work.review
    return ItemSummary(
        **identity(work.row),
        version=review.version,
        state=State.OPEN if masked else review.state,
        opened_ms=work.opened_ms,
        picture=picture(visit, work.row),
        model_answer=None if masked else model_answer(visit, work.row, work.question.reason),
        answer=None if masked else answer_view(review.answer),
        **_lease(visit, review),
    )


def wafer_view(visit: Visit, row: Item, work: Work | None) -> WaferView:
    """Return a wafer as found."""
    if is_masked(visit, work):
        return WaferView(**identity(row), picture=picture(visit, row))
    return WaferView(
        **identity(row),
        picture=picture(visit, row),
        model_answer=model_answer(visit, row, row.get("review")),
        alerted=bool(row["alert"]) if "alert" in row else None,
        state=_state(visit, work.review) if work else None,
        answer=answer_view(work.review.answer) if work else None,
    )


def review_view(visit: Visit, work: Work, events: list[Event], *, intact: bool) -> ReviewView:
    """Return what people did about a wafer, as far as the caller may know."""
    review = work.review
    common = {"version": review.version, "opened_ms": work.opened_ms, **_lease(visit, review)}
    own = tuple(each for each in review.readings if each.reviewer == visit.caller.name)
    if is_masked(visit, work):
        return ReviewView(state=State.OPEN, readings=_readings(visit, own), **common)
    open_to_all = visit.looks or review.state is State.SETTLED
    return ReviewView(
        state=_state(visit, review) or State.OPEN,
        answer=answer_view(review.answer),
        readings=_readings(visit, review.readings if open_to_all else own),
        comment=review.comment,
        history=tuple(history_event(visit, each) for each in events) if open_to_all else (),
        intact=intact,
        **common,
    )


def history_event(visit: Visit, event: Event) -> HistoryEvent:
    """Return an event as shown."""
    return HistoryEvent(
        item=event.item,
        seq=event.seq,
        act=event.act,
        reviewer=visit.name_of(event.reviewer),
        at_ms=event.at_ms,
        before=answer_view(event.before),
        after=answer_view(event.after),
        note=event.note,
        bulk=event.batch is not None,
        batch=event.batch,
        took_ms=event.took_ms,
        previous=event.previous,
        hash=event.hash,
    )


def _state(visit: Visit, review: Review) -> State | None:
    """Only who may look around learns that a wafer waits for others."""
    told = visit.looks or review.state in {State.OPEN, State.SETTLED}
    return review.state if told else None


def _lease(visit: Visit, review: Review) -> dict[str, Any]:
    held_by = visit.name_of(review.holder(visit.now_ms))
    until = review.lease.until_ms if review.lease and held_by else None
    return {"held_by": held_by, "lease_until_ms": until}


def _readings(visit: Visit, readings: Sequence[Reading]) -> tuple[ReadingView, ...]:
    return tuple(
        ReadingView(
            verdict=each.answer.verdict,
            labels=each.answer.labels,
            reviewer=visit.name_of(each.reviewer),
            at_ms=each.at_ms,
            note=each.note,
            bulk=each.bulk,
        )
        for each in readings
    )


def _float(value: object) -> float | None:
    return None if value is None else float(cast("float", value))
