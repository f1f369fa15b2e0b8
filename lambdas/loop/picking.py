"""Yesterday's accepted wafers of a fab -> requests to reviewers, within the day's budget."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from fabwafer.deeds import draw
from fabwafer.errors import ContractError
from fabwafer.selection import Candidate, pick, read_embedding, released, strangest
from lambdas.batch import QueueRefusedError
from lambdas.loop.ledger import Ledger
from lambdas.loop.records import BudgetPaper
from lambdas.loop.review_requests import request_body
from lambdas.records import Item, item_of
from lambdas.stores.channels import Queue
from lambdas.stores.pages import Page, Span
from lambdas.stores.reviews import WorkTable
from lambdas.stores.wafers import WaferTable

_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
_MOST_ROWS = 20_000
"""Of a fab that makes more in a day the newest are looked at."""
_MOST_STRANGE = 200
_MOST_VARIED = 600
_MOST_COVERED = 300
"""Of larger days a sample: distances cost their product, some seconds of a small function."""
_PER_SEND = 10


@dataclass(frozen=True)
class Picked:
    """What came of looking at a fab: how many wafers there were, and how many were picked by reason."""

    fab: str
    wafers: int
    picked: dict[str, int]


@dataclass(frozen=True)
class Picker:
    """Picks wafers of a fab for review.

    Attributes:
        wafers: Predictions.
        reviews: Work items.
        ledger: Budgets.
        queue: Of requests to reviewers.
        budget: Wafers of a fab on a day (UTC).
        spread_h: The hours over which a day's budget is released; 0 for all of it at once.
    """

    wafers: WaferTable
    reviews: WorkTable
    ledger: Ledger
    queue: Queue
    budget: int
    spread_h: int

    def pick(self, fab: str, now_ms: int) -> Picked:
        """Pick what the budget allows; a second run at the same time picks nothing.

        The budget is used up before requests are sent: a fault between the two costs picks, never adds any.

        Raises:
            QueueRefusedError: If the queue did not take every request.
        """
        paper = self._paper(fab, now_ms)
        count = released(self.budget, self._share(now_ms), sum(paper.picked.values()))
        if not count:
            return Picked(fab, 0, {})
        rows = self._recent(fab, now_ms)
        candidates, covered, full = self._known(rows)
        picks = pick(candidates, covered, count)
        counts = Counter(each.reason.value for each in picks)
        spent = paper.model_copy(update={"picked": dict(Counter(paper.picked) + counts)})
        if self.ledger.revise(spent) is None:
            return Picked(fab, len(rows), {})
        self._send([request_body(full[each.item], each.reason) for each in picks])
        return Picked(fab, len(rows), dict(counts))

    def _paper(self, fab: str, now_ms: int) -> BudgetPaper:
        day = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y-%m-%d")
        new = BudgetPaper(name=f"{fab}/{day}")
        self.ledger.keep_new(new)
        return self.ledger.read(BudgetPaper, new.name) or new

    def _share(self, now_ms: int) -> float:
        if not self.spread_h:
            return 1.0
        return min(1.0, now_ms % _DAY_MS / (self.spread_h * _HOUR_MS))

    def _recent(self, fab: str, now_ms: int) -> list[Item]:
        """Return a day's rows as the index has them: without features and heat maps."""
        first = now_ms - _DAY_MS
        span = Span("by_fab", "fab", fab, "timestamp", first, now_ms, newest_first=True)
        rows, start = self.wafers.find(span, Page(_MOST_ROWS))
        while start is not None and len(rows) < _MOST_ROWS:
            more, start = self.wafers.find(span, Page(_MOST_ROWS - len(rows), start))
            rows += more
        return rows

    def _known(
        self, rows: Sequence[Item]
    ) -> tuple[list[Candidate], list[Candidate], dict[str, Item]]:
        """Return a sample of what may be picked, one of what is covered, and the whole rows of both by item.

        Triage marks what it asks about in the prediction; what was picked before has a work item only.
        """
        asked = _sample((item_of(row) for row in rows if "review" in row), _MOST_COVERED)
        accepted = [row for row in rows if "review" not in row]
        strange = strangest(map(_candidate, accepted))[:_MOST_STRANGE]
        varied = _sample(map(item_of, accepted), _MOST_VARIED)
        shortlist = list(dict.fromkeys([*(each.item for each in strange), *varied]))
        full = self.wafers.read_all([*shortlist, *asked])
        under_review = self.reviews.read_all(shortlist)
        found = {item: _candidate(row) for item, row in full.items()}
        free = [found[item] for item in shortlist if item in found and item not in under_review]
        covered = [found[item] for item in [*asked, *under_review] if item in found]
        return free, covered, full

    def _send(self, bodies: Sequence[str]) -> None:
        chunks = [bodies[n : n + _PER_SEND] for n in range(0, len(bodies), _PER_SEND)]
        refused = [self.queue.send(chunk) for chunk in chunks]
        if any(refused):
            raise QueueRefusedError(self.queue.url)


def _sample(items: Iterable[str], most: int) -> list[str]:
    """Return the same ones at every run, whatever came between."""
    return sorted(items, key=lambda item: draw("pick", item))[:most]


def _candidate(row: Item) -> Candidate:
    return Candidate(
        item=item_of(row),
        model=cast("str | None", row.get("model")),
        novelty=_float(row.get("novelty")),
        vector=_vector(row.get("embedding")),
    )


def _vector(embedding: object) -> tuple[float, ...] | None:
    """What cannot be read is as good as missing: the wafer may still be picked for its novelty."""
    try:
        return None if embedding is None else read_embedding(str(embedding))
    except ContractError:
        return None


def _float(value: object) -> float | None:
    if value is None:
        return None
    number = float(str(value))
    return number if math.isfinite(number) else None
