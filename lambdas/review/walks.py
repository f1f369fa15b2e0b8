"""Lists without what their reader must not be told: a cursor names a row, so a page goes on after one that it shows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from lambdas.records import Item
from lambdas.review.showing import is_masked
from lambdas.review.visit import Role, Visit
from lambdas.stores.pages import Page
from lambdas.work_records import Work

_LOOK_ROWS = 100
_MOST_LOOKS = 20

Row = TypeVar("Row")
Found: TypeAlias = list[tuple[Row, Work | None]]
"""Rows, each with the work item of its wafer."""


@dataclass(frozen=True)
class Walk(Generic[Row]):
    """How a list is gone through.

    Attributes:
        read: Page -> rows, and the key to go on after.
        key: Row -> its key, as a cursor keeps it.
        item: Key -> the wafer that the row is about.
    """

    read: Callable[[Page], tuple[list[Row], Item | None]]
    key: Callable[[Row], Item]
    item: Callable[[Item], str]

    def page(
        self, visit: Visit, limit: int, start: Item | None, *, tells: bool
    ) -> tuple[Found[Row], Item | None]:
        """Return rows, and the key of the cursor.

        Args:
            visit: Whose list it is.
            limit: Rows at most.
            start: The key to go on after.
            tells: Whether a row's being in the list tells what a blind reader must not know.
        """
        if tells and Role.REVIEWER in visit.caller.roles:
            return self._shown(visit, limit, start)
        rows, end = self.read(Page(limit, start))
        return self._with_works(visit, rows), end

    def _shown(
        self, visit: Visit, limit: int, start: Item | None
    ) -> tuple[Found[Row], Item | None]:
        shown: Found[Row] = []
        end = start
        for _ in range(_MOST_LOOKS):
            rows, end = self.read(Page(_LOOK_ROWS, end, most_calls=1))
            found = self._with_works(visit, rows)
            shown += [(row, work) for row, work in found if not is_masked(visit, work)]
            if end is None or len(shown) >= limit:
                break
        page = shown[:limit]
        if page:
            more = end is not None or len(shown) > limit
            return page, self.key(page[-1][0]) if more else None
        hidden = end and is_masked(visit, visit.desk.work.read(self.item(end)))
        return page, None if hidden else end

    def _with_works(self, visit: Visit, rows: list[Row]) -> Found[Row]:
        items = [self.item(self.key(row)) for row in rows]
        works = visit.desk.work.read_all(sorted(set(items)))
        return [(row, works.get(item)) for row, item in zip(rows, items, strict=True)]
