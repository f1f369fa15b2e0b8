"""exports queue -> a file in the exports bucket, complete: every wafer of the span, whatever became of it."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from fabwafer.blindness import is_hidden
from fabwafer.deeds import Rules
from lambdas.batch import Batch, PartialResponse, SqsEvent
from lambdas.pictures import MAX_PICTURE_BYTES
from lambdas.review.bodies import ExportFormat
from lambdas.review.export_events import exported_events, write_events
from lambdas.review.export_forms import Written, write
from lambdas.review.export_papers import KIND, ExportOrder, export_key
from lambdas.review.export_rows import ExportRow, Hidden, export_rows
from lambdas.review.rules import rules_of
from lambdas.settings import WriteExportSettings
from lambdas.stores.buckets import ExportBucket, ImageBucket
from lambdas.stores.papers import PaperTable
from lambdas.stores.reviews import WorkTable
from lambdas.stores.wafers import WaferTable
from lambdas.telemetry import Telemetry, observed
from lambdas.work_records import Work

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MOST_WAFERS = 100_000
"""With pictures of 2 kB 200 MB; the function's disk and time hold several times that."""
_PROBLEM = "it could not be written; it is tried again, three times in all"
_CONTENT_TYPES = {ExportFormat.CSV: "text/csv", ExportFormat.EVENTS: "application/x-ndjson"}


class TooManyWafersError(Exception):
    """An export that would not fit; the message says what would."""


@dataclass(frozen=True)
class Exporter:
    """Writes one export at a time."""

    wafers: WaferTable
    reviews: WorkTable
    papers: PaperTable
    images: ImageBucket
    exports: ExportBucket
    rules: Rules
    most_wafers: int = MOST_WAFERS
    clock: Callable[[], float] = time.time

    def export(self, body: str) -> ExportOrder:
        """Write an export unless it is written; its paper says how it ended, and how the try before did."""
        order = ExportOrder.model_validate_json(body)
        paper = self.papers.read(KIND, order.export)
        if paper is None or paper["state"] == "done":
            return order
        try:
            kept = self._kept(order)
        except TooManyWafersError as error:
            self.papers.put({**paper, "state": "failed", "problem": str(error)})
            return order
        except Exception:  # said to whoever waits, and raised for the queue to bring it again
            self.papers.put({**paper, "state": "failed", "problem": _PROBLEM})
            raise
        done = {name: value for name, value in paper.items() if name != "problem"}
        self.papers.put({**done, "state": "done", **kept})
        return order

    def _kept(self, order: ExportOrder) -> dict[str, str | int]:
        hidden = partial(self._is_hidden, order, round(self.clock() * 1000))
        key = export_key(order)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "export"
            written = self._written(order, hidden, path)
            content_type = _CONTENT_TYPES.get(order.wish.format, "application/zip")
            self.exports.put(key, path, content_type)
            size_bytes = path.stat().st_size
        return {
            "key": key,
            "wafers": written.wafers,
            "picture_count": written.pictures,
            "size_bytes": size_bytes,
        }

    def _written(self, order: ExportOrder, hidden: Hidden, path: Path) -> Written:
        if order.wish.format is ExportFormat.EVENTS:
            return Written(write_events(exported_events(order.wish, self.reviews, hidden), path), 0)
        found = export_rows(order.wish, self.wafers, self.reviews, hidden)
        return write(order.wish.format, _at_most(self.most_wafers, found), self._picture, path)

    def _is_hidden(self, order: ExportOrder, now_ms: int, work: Work) -> bool:
        name = order.requested_by
        return order.reads and is_hidden(work.review, name, now_ms, self.rules, looks=True)

    def _picture(self, key: str) -> bytes | None:
        return self.images.read(key, MAX_PICTURE_BYTES)


def _at_most(most: int, rows: Iterable[ExportRow]) -> Iterator[ExportRow]:
    for number, row in enumerate(rows):
        if number == most:
            raise TooManyWafersError(f"expected at most {most} wafers: ask for a shorter time")
        yield row


def handler(event: SqsEvent, context: "LambdaContext") -> PartialResponse:
    """Write the exports of a batch; one that fails comes again alone."""
    with observed("write_export", context) as telemetry:
        return write_batch(event, _exporter(), telemetry)


def write_batch(event: SqsEvent, exporter: Exporter, telemetry: Telemetry) -> PartialResponse:
    """Write exports one after the other: each may need the whole disk."""
    batch = Batch(event, telemetry)
    for _, order in batch.each(exporter.export, batch.bodies, threads=1):
        telemetry.count("Exports")
        telemetry.line("exported", fab=order.wish.fab, export=order.export)
    return batch.response()


@cache
def _exporter() -> Exporter:
    settings = WriteExportSettings()
    return Exporter(
        wafers=WaferTable(settings.predictions_table),
        reviews=WorkTable(settings.reviews_table, settings.events_table),
        papers=PaperTable(settings.papers_table),
        images=ImageBucket(settings.images_bucket),
        exports=ExportBucket(settings.exports_bucket),
        rules=rules_of(settings),
    )
