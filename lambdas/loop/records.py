"""The papers of the loop: what was learned from, trained, decided and rolled out, and why. Frozen; times in epoch ms."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from fabwafer.fields import Count, ModelName, NotNegative, Sha256
from fabwafer.release import Comparison, Verdict

MODEL = "wafer-map"
"""The one line of models that a deployment keeps; a model is known as `wafer-map@<version>`."""


class Paper(BaseModel):
    """One paper: `kind` says which sort, `name` which of them, `version` how often it was revised."""

    model_config = ConfigDict(frozen=True, extra="forbid", regex_engine="python-re")
    kind: ClassVar[str]

    name: str
    version: Count = 0


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


class ModelState(StrEnum):
    """What became of a model."""

    REFUSED = "refused"
    AWAITING = "awaiting approval"
    APPROVED = "approved"
    REJECTED = "rejected"
    ROLLING_OUT = "rolling out"
    CURRENT = "current"
    ROLLED_BACK = "rolled back"
    RETIRED = "retired"


class ModelPaper(Paper):
    """One model version. `name` is name@version.

    Attributes:
        state: What became of it.
        created_ms: When it was registered.
        training: The number of the training it came of, None for a shipped one.
        dataset: The number of the dataset it learned from, None for a shipped one.
        begun_from: The model whose weights it began with.
        key: Of its signed bundle (a zip) in the models bucket.
        manifest_sha256: Of its manifest.
        signing_key: SHA-256 of the public key.
        package: The ARN of its SageMaker model package.
        comparison: Figures beside those of the model before; None for a shipped one.
        verdict: What the release rule said.
        promise: What its thresholds were certified for, as its manifest's metrics say it; empty if nobody wrote it down.
        decided_by: Who approved or rejected it; None for the rule alone.
        decided_ms: When.
    """

    kind: ClassVar[str] = "model"

    state: ModelState
    created_ms: Count
    training: str | None = None
    dataset: str | None = None
    begun_from: ModelName | None = None
    key: str
    manifest_sha256: Sha256
    signing_key: Sha256 | None = None
    package: str | None = None
    comparison: Comparison | None = None
    verdict: Verdict | None = None
    promise: dict[str, JsonValue] = {}
    decided_by: str | None = None
    decided_ms: Count | None = None


class LinePaper(Paper):
    """What the fleet is meant to run; `name` is MODEL. There is one rollout at a time.

    Attributes:
        current: The model that every ring without a rollout of its own runs.
        serial: The last one that was signed.
        component_version: Of com.fabwafer.Model with `current`, None before the first rollout.
        rollout: The number of the rollout under way, None if there is none.
    """

    kind: ClassVar[str] = "line"

    current: ModelName
    serial: Count
    component_version: str | None = None
    rollout: str | None = None


class DriftPaper(Paper):
    """The state of a fab's detectors; `name` is the fab. `state` is theirs to read, `shown` is for people.

    Attributes:
        cursor_ms: Predictions up to here were looked at.
        state: JSON of the detectors.
        shown: Detector -> what it watches, its statistic, its threshold, since when.
        alarms: The last 20, newest first: {"at_ms", "detector", "what", "figures"}.
    """

    kind: ClassVar[str] = "drift"

    cursor_ms: Count
    state: dict[str, JsonValue] = {}
    shown: dict[str, JsonValue] = {}
    alarms: Annotated[tuple[dict[str, JsonValue], ...], Field(max_length=20)] = ()


class BudgetPaper(Paper):
    """How many wafers were picked for review on a day beyond what triage sends; `name` is <fab>/<YYYY-MM-DD>."""

    kind: ClassVar[str] = "budget"

    picked: dict[str, Count] = {}
