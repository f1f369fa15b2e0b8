"""The reviewers' items and their events: every write is conditional on what was read."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from fabwafer.history import Event
from fabwafer.work_item import Queue, State
from lambdas.event_records import event_of, event_row
from lambdas.records import Item, Value
from lambdas.stores.clients import dynamodb
from lambdas.stores.gathering import read_all
from lambdas.stores.pages import Filter, Page, Span, Table, query
from lambdas.stores.values import deserialized, serialized
from lambdas.work_records import Work, work_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LOOKED_AT = 300
"""Items that a call looks at for somebody who may not read all of them."""
_MOST_LOOKS = 40
"""Such calls at most: twelve thousand items in a row may be none for the asker."""
_MOST_HELD = 1000
Enough = Callable[[list[Work]], bool]
"""Tells whether those that were found will do."""
_LOST = {"ConditionalCheckFailed", "TransactionConflict"}


@dataclass(frozen=True)
class WorkTable:
    """Work items with their events."""

    reviews: str
    events: str
    client: "DynamoDBClient" = field(default_factory=dynamodb)

    @property
    def _items(self) -> Table:
        return Table(self.reviews, ("item",))

    @property
    def _events(self) -> Table:
        return Table(self.events, ("item", "seq"))

    def read(self, item: str) -> Work | None:
        """Return an item as it is now."""
        found = self.client.get_item(
            TableName=self.reviews, Key=serialized({"item": item}), ConsistentRead=True
        )
        return work_of(deserialized(found["Item"])) if "Item" in found else None

    def read_all(self, items: list[str]) -> dict[str, Work]:
        """Return those of many items that there are."""
        keys = [{"item": item} for item in items]
        works = (work_of(row) for row in read_all(self.client, self.reviews, keys))
        return {work.review.item: work for work in works}

    def save(self, before: Work, after: Work) -> bool:
        """Replace an item by its successor; False if it has changed since it was read, or is just being changed."""
        condition, values = _unchanged(before)
        try:
            self.client.put_item(
                TableName=self.reviews,
                Item=serialized(after.row),
                ConditionExpression=condition,
                ExpressionAttributeNames={"#version": "version"},
                ExpressionAttributeValues=serialized(values),
            )
        except (
            self.client.exceptions.ConditionalCheckFailedException,
            self.client.exceptions.TransactionConflictException,
        ):
            return False
        return True

    def append(self, before: Work, after: Work, event: Event) -> bool:
        """Replace an item and keep the event that did it, both or neither."""
        condition, values = _unchanged(before)
        try:
            self.client.transact_write_items(
                TransactItems=[
                    {
                        "Put": {
                            "TableName": self.reviews,
                            "Item": serialized(after.row),
                            "ConditionExpression": condition,
                            "ExpressionAttributeNames": {"#version": "version"},
                            "ExpressionAttributeValues": serialized(values),
                        }
                    },
                    {
                        "Put": {
                            "TableName": self.events,
                            "Item": serialized(event_row(event, before.fab)),
                            "ConditionExpression": "attribute_not_exists(seq)",
                        }
                    },
                ]
            )
        except self.client.exceptions.TransactionCanceledException as error:
            codes = {each.get("Code") for each in error.response["CancellationReasons"]}
            if codes & _LOST:
                return False
            raise
        return True

    def waiting(
        self,
        fab: str,
        queue: Queue,
        limit: int,
        wanted: Filter | None = None,
        enough: Enough = bool,
    ) -> list[Work]:
        """Return first items of a queue that are wanted, `enough` of them if there are."""
        span = Span("by_turn", "fab_queue", f"{fab}/{queue.value}", "turn")
        return self._works(span, limit, wanted or Filter(), enough)

    def expired(
        self,
        fab: str,
        now_ms: int,
        limit: int,
        wanted: Filter | None = None,
        enough: Enough = bool,
    ) -> list[Work]:
        """Return items whose lease ran out, the longest ago first, `enough` of them if there are."""
        span = Span("by_turn", "fab_queue", f"{fab}/{Queue.HELD.value}", "turn", last=now_ms)
        return self._works(span, limit, wanted or Filter(), enough)

    def held_by(self, fab: str, name: str, now_ms: int) -> list[Work]:
        """Return items that somebody holds now, those that they may still undo among them."""
        span = Span("by_turn", "fab_queue", f"{fab}/{Queue.HELD.value}", "turn", first=now_ms + 1)
        page = Page(_MOST_HELD, wanted=Filter(equal={"holder": name}), evaluated=_MOST_HELD)
        rows, _ = query(self.client, self._items, span, page)
        return [work_of(row) for row in rows]

    def in_state(self, fab: str, state: State, page: Page) -> tuple[list[Work], Item | None]:
        """Return items in one state by the time they were opened, and the key to go on after."""
        rows, more = self.rows_in_state(fab, state, page)
        return self.named([str(row["item"]) for row in rows]), more

    def rows_in_state(
        self,
        fab: str,
        state: State,
        page: Page,
        *,
        opened: tuple[int | None, int | None] = (None, None),
        newest_first: bool = False,
    ) -> tuple[list[Item], Item | None]:
        """Return what the index holds of items in one state, and the key to go on after."""
        span = Span(
            "by_state",
            "fab_state",
            f"{fab}/{state.value}",
            "opened_at",
            *opened,
            newest_first=newest_first,
        )
        return query(self.client, self._items, span, page)

    def named(self, items: list[str]) -> list[Work]:
        """Return those of some items that there are, in this order."""
        works = self.read_all(items)
        return [works[item] for item in items if item in works]

    def rows_by_turn(self, fab: str, queue: Queue, page: Page) -> tuple[list[Item], Item | None]:
        """Return what the index holds of items as they are handed out, and the key to go on after."""
        span = Span("by_turn", "fab_queue", f"{fab}/{queue.value}", "turn")
        return query(self.client, self._items, span, page)

    def history(self, item: str) -> list[Event]:
        """Return all events of an item, the first first."""
        span = Span(None, "item", item, "seq")
        rows, _ = query(self.client, self._events, span, Page(limit=1000), consistent=True)
        return [event_of(row) for row in rows]

    def events_of(
        self, fab: str, span: tuple[int, int], page: Page, *, newest_first: bool = True
    ) -> tuple[list[Event], Item | None]:
        """Return a fab's events between two times in the order of time, and the key to go on after."""
        first, last = span
        asked = Span("by_time", "fab", fab, "at_ms", first, last, newest_first=newest_first)
        rows, more = query(self.client, self._events, asked, page)
        return [event_of(row) for row in rows], more

    def count(self, fab: str, state: State, most: int) -> tuple[int, bool]:
        """Return how many items are in a state, and whether there are more than could be counted."""
        total, start = 0, None
        while True:
            request: dict[str, Any] = {"ExclusiveStartKey": start} if start else {}
            found = self.client.query(
                TableName=self.reviews,
                IndexName="by_state",
                KeyConditionExpression="fab_state = :state",
                ExpressionAttributeValues=serialized({":state": f"{fab}/{state.value}"}),
                Select="COUNT",
                **request,
            )
            total, start = total + found["Count"], found.get("LastEvaluatedKey")
            if start is None or total >= most:
                return total, start is not None

    def _works(self, span: Span, limit: int, wanted: Filter, enough: Enough) -> list[Work]:
        page = Page(limit, wanted=wanted, most_calls=1, evaluated=_LOOKED_AT)
        works: list[Work] = []
        for _ in range(_MOST_LOOKS):
            rows, start = query(self.client, self._items, span, page)
            works += [work_of(row) for row in rows]
            if enough(works) or start is None:
                break
            page = replace(page, start=start)
        return works


def _unchanged(before: Work) -> tuple[str, dict[str, Value]]:
    """The version, and the lease: that is extended without a new version."""
    values: dict[str, Value] = {":version": before.review.version}
    if before.review.lease is None:
        return "#version = :version AND attribute_not_exists(holder)", values
    values |= {":holder": before.review.lease.holder, ":until": before.review.lease.until_ms}
    return "#version = :version AND holder = :holder AND lease_until = :until", values
