"""What is kept of trainings: what they learned from, how they fare, whether another is due. Frozen; times in epoch ms."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from fabwafer.fields import Count, ModelName, NotNegative, Sha256
from lambdas.loop.records import Paper


class DatasetPaper(Paper):
    """A dataset version: immutable. `name` is its number, six digits.

    Attributes:
        created_ms: When it was written.
        key: Of its manifest in the models bucket; its folder has pictures.manifest and lineage.json beside it.
        sha256: Of the manifest.
        labels: Reviewed wafers in it, by label.
        reviewers: Answers in it, by reviewer.
        conflicting: Items left out because readers disagree and nobody has adjudicated.
        unsettled: Items left out because they wait for a second reading.
        excluded: Items left out for another reason (bad image, unknown pattern, several labels, no picture), by reason.
        last_event_ms: Answers up to here were looked at.
        previous: The number of the dataset before, None for the first.
    """

    kind: ClassVar[str] = "dataset"

    created_ms: Count
    key: str
    sha256: Sha256
    labels: dict[str, Count]
    reviewers: dict[str, Count]
    conflicting: Count
    unsettled: Count
    excluded: dict[str, Count]
    last_event_ms: Count
    previous: str | None = None

    @property
    def wafers(self) -> int:
        """Return how many reviewed wafers are in it."""
        return sum(self.labels.values())


class TrainingState(StrEnum):
    """How a training fares; the last four are ends."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"
    TIMED_OUT = "timed out"


class TrainingPaper(Paper):
    """One training job. `name` is the number of its dataset, six digits.

    Attributes:
        job: SageMaker's name of it.
        state: How it fares.
        why: The reasons it was started for, in words.
        by: The person who asked for it, None for the schedule.
        stopped_by: The person who asked for its end, None if nobody did.
        dataset: The dataset's number.
        started_ms: When.
        ended_ms: When, None while it runs.
        failure: What SageMaker says of a failure.
        progress: The last lines of its log, oldest first, at most 20.
        model: The candidate that came of it.
        estimated_cost_usd: Before it started.
        cost_usd: By its billable seconds, after.
        told: Whether a notice of its end is out.
    """

    kind: ClassVar[str] = "training"

    job: str
    state: TrainingState
    why: tuple[str, ...]
    by: str | None = None
    stopped_by: str | None = None
    dataset: str
    started_ms: Count
    ended_ms: Count | None = None
    failure: str | None = None
    progress: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    model: ModelName | None = None
    estimated_cost_usd: NotNegative | None = None
    cost_usd: NotNegative | None = None
    told: bool = False


class NeedPaper(Paper):
    """Whether to train, as last looked at; `name` is MODEL. Written at every tick, shown in the portal.

    Attributes:
        looked_ms: When.
        due: Whether a training starts now.
        reasons: Why, or why not yet, in words ("needs 120 more labels").
        new_labels: Settled answers since the last dataset, by label.
        wanted: How many new labels start a training.
        next_run_ms: When the schedule starts one at the latest, None without a schedule.
        spent_usd: This month.
        cap_usd: A month's cap, None without one.
        estimated_cost_usd: Of the next training, None before the first.
    """

    kind: ClassVar[str] = "need"

    looked_ms: Count
    due: bool
    reasons: tuple[str, ...]
    new_labels: dict[str, Count]
    wanted: Count
    next_run_ms: Count | None = None
    spent_usd: NotNegative = 0.0
    cap_usd: NotNegative | None = None
    estimated_cost_usd: NotNegative | None = None
