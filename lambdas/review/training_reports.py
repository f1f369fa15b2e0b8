"""What the review API tells about training: whether and when, and how a job fares; money in US dollars."""

from typing import Annotated

from pydantic import Field

from lambdas.loop.training_records import TrainingState
from lambdas.review.model_reports import DatasetView
from lambdas.review.views import View


class NeedView(View):
    """Whether to train, as last looked at."""

    looked_ms: int
    due: bool
    reasons: Annotated[tuple[str, ...], Field(description="why, or why not yet")]
    new_labels: Annotated[dict[str, int], Field(description="answers since the last dataset")]
    wanted: Annotated[int, Field(description="how many of them start a training")]
    next_run_ms: Annotated[int | None, Field(description="at the latest")] = None
    spent_usd: Annotated[float, Field(description="this month")] = 0.0
    cap_usd: Annotated[float | None, Field(description="a month's")] = None
    estimated_cost_usd: float | None = None


class TrainingSummary(View):
    """A training job; its number is that of its dataset."""

    training: str
    job: str
    state: TrainingState
    why: tuple[str, ...]
    by: Annotated[str | None, Field(description="who asked for it; none for the schedule")] = None
    started_ms: int
    ended_ms: int | None = None
    failure: str | None = None
    model: Annotated[str | None, Field(description="the candidate that came of it")] = None
    estimated_cost_usd: float | None = None
    cost_usd: float | None = None


class TrainingList(View):
    """The trainings, newest first, and whether there will be another."""

    need: Annotated[NeedView | None, Field(description="none before anybody has looked")] = None
    trainings: tuple[TrainingSummary, ...]


class TrainingDetail(TrainingSummary):
    """A training with what it learns from and what it says."""

    learned_from: DatasetView | None = None
    log: Annotated[tuple[str, ...], Field(description="its last lines, oldest first")] = ()


class TrainingAsked(View):
    """The wish was passed on; the answer is in the list of trainings, and in its need."""

    asked_ms: int
