"""The last days' archived wafers, those with a held-out answer labelled: what candidate and current are compared on.

No model ever learns from what is held out, so both are new to it. A wafer whose picture is not archived stays out, or the
training job would fail for want of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lambdas.loop.answers import Settled
from lambdas.loop.manifests import with_digests
from lambdas.records import Item, item_id
from lambdas.stores.model_files import PictureArchive
from lambdas.stores.pages import Page, Span
from lambdas.stores.wafers import WaferTable

_DAY_MS = 86_400_000
_PAGE = 1_000


@dataclass(frozen=True)
class Recents:
    """Chooses recent wafers.

    Attributes:
        wafers: Predictions.
        archive: Pictures.
        fabs: Whose.
        days: How far back.
        most: Wafers at most, of each fab its share, the newest.
    """

    wafers: WaferTable
    archive: PictureArchive
    fabs: tuple[str, ...]
    days: float
    most: int

    def lines(self, judging: Iterable[Settled], now_ms: int) -> list[dict[str, Any]]:
        """Return manifest lines of recent wafers, by item."""
        first_ms = now_ms - round(self.days * _DAY_MS)
        told = {
            each.item: each.described()
            for each in judging
            if int(str(each.work.row["timestamp"])) >= first_ms
        }
        share = max(1, self.most // max(1, len(self.fabs)))
        for fab in self.fabs:
            for row in self._newest(fab, first_ms, now_ms, share):
                line = _line(row)
                told.setdefault(line["item"], line)
        chosen = sorted(told.values(), key=lambda line: line["item"])
        kept, _ = with_digests(chosen, self.archive)
        return kept

    def _newest(self, fab: str, first_ms: int, now_ms: int, most: int) -> list[Item]:
        span = Span("by_fab", "fab", fab, "timestamp", first_ms, now_ms, newest_first=True)
        rows, start = self.wafers.find(span, Page(min(_PAGE, most)))
        while start is not None and len(rows) < most:
            more, start = self.wafers.find(span, Page(min(_PAGE, most - len(rows)), start))
            rows += more
        return rows


def _line(row: Item) -> dict[str, Any]:
    told: dict[str, Any] = {
        name: str(row[name])
        for name in ("imgid", "fab", "camera", "lot", "model", "prediction")
        if name in row
    }
    timestamp = int(str(row["timestamp"]))
    return told | {
        "item": item_id(told["imgid"], timestamp),
        "timestamp": timestamp,
        "image": str(row["image_key"]),
    }
