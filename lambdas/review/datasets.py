"""A dataset version as shown: who may see every fab also learns whose answers are in it."""

from lambdas.loop.training_records import DatasetPaper
from lambdas.review.model_reports import DatasetView
from lambdas.review.visit import Visit


def dataset_view(visit: Visit, number: str | None) -> DatasetView | None:
    """Return a dataset by its number, None if there is none."""
    paper = visit.desk.ledger.read(DatasetPaper, number) if number else None
    if paper is None:
        return None
    return DatasetView(
        dataset=paper.name,
        wafers=paper.wafers,
        reviewers=paper.reviewers if visit.sees_every_fab else None,
        **paper.model_dump(
            include={
                *("created_ms", "sha256", "labels", "conflicting"),
                *("unsettled", "excluded", "previous"),
            }
        ),
    )
