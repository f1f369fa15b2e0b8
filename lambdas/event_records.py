"""Events of work items <-> what the table keeps of them."""

from fabwafer.history import Act, Event
from lambdas.records import Item, Value, int_of, text_of
from lambdas.work_records import answer_of, answer_row


def event_row(event: Event, fab: str) -> Item:
    """Return what the table keeps of an event."""
    row: Item = {
        "item": event.item,
        "seq": event.seq,
        "fab": fab,
        "id": event.id,
        "act": event.act.value,
        "reviewer": event.reviewer,
        "at_ms": event.at_ms,
        "before_bulk": event.before_bulk,
        "settled": event.settled,
        "prediction": event.prediction,
        "reason": event.reason,
        "previous": event.previous,
        "hash": event.hash,
    }
    optional: dict[str, Value | None] = {
        "before": answer_row(event.before),
        "before_by": event.before_by,
        "after": answer_row(event.after),
        "undoes": event.undoes,
        "note": event.note,
        "batch": event.batch,
        "took_ms": event.took_ms,
        "model": event.model,
    }
    return row | {name: value for name, value in optional.items() if value is not None}


def event_of(row: Item) -> Event:
    """Return the event of a row."""
    return Event(
        item=str(row["item"]),
        seq=int_of(row["seq"]),
        id=str(row["id"]),
        act=Act(str(row["act"])),
        reviewer=str(row["reviewer"]),
        at_ms=int_of(row["at_ms"]),
        before=answer_of(row.get("before")),
        before_by=text_of(row, "before_by"),
        before_bulk=bool(row["before_bulk"]),
        after=answer_of(row.get("after")),
        settled=bool(row["settled"]),
        undoes=int_of(row["undoes"]) if "undoes" in row else None,
        note=text_of(row, "note"),
        batch=text_of(row, "batch"),
        took_ms=int_of(row["took_ms"]) if "took_ms" in row else None,
        prediction=str(row["prediction"]),
        reason=str(row["reason"]),
        model=text_of(row, "model"),
        previous=str(row["previous"]),
        hash=str(row["hash"]),
    )
