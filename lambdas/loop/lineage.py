"""A dataset version's wafers -> papers by wafer, so that a wafer finds what learned from it.

`lineage.json` of a dataset is the truth and lists wafers by dataset; these papers are the same the other way round, and
may be written again at any time. A paper's kind is `learned/<item>`, so that a large dataset fills many partitions.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lambdas.loop.ledger import Ledger
from lambdas.loop.records import ModelPaper
from lambdas.loop.training_records import DatasetPaper, TrainingPaper
from lambdas.records import Item
from lambdas.stores.papers import PaperTable

_MOST_DATASETS = 100
_THREADS = 10
"""As many connections as a client keeps."""


@dataclass(frozen=True)
class Lesson:
    """A dataset that holds a wafer, and what came of it; None for what does not exist (yet)."""

    number: str
    dataset: DatasetPaper | None
    training: TrainingPaper | None
    model: ModelPaper | None


def remember(papers: PaperTable, items: Iterable[str], dataset: str) -> None:
    """Keep that a dataset holds these wafers; again changes nothing. Takes dynamodb:PutItem."""
    rows: list[Item] = [{"kind": _kind(item), "name": dataset} for item in items]
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(papers.put, rows))


def learned(papers: PaperTable, item: str) -> tuple[str, ...]:
    """Return the numbers of the datasets that hold a wafer, the latest first. Takes dynamodb:Query."""
    return tuple(str(row["name"]) for row in papers.latest(_kind(item), _MOST_DATASETS))


def lessons(ledger: Ledger, item: str) -> tuple[Lesson, ...]:
    """Return what was learned from a wafer, the latest first: dataset, its training, the model that came of it."""
    return tuple(_lesson(ledger, number) for number in learned(ledger.papers, item))


def _lesson(ledger: Ledger, number: str) -> Lesson:
    training = ledger.read(TrainingPaper, number)
    model = training.model if training else None
    return Lesson(
        number=number,
        dataset=ledger.read(DatasetPaper, number),
        training=training,
        model=ledger.read(ModelPaper, model) if model else None,
    )


def _kind(item: str) -> str:
    return f"learned/{item}"
