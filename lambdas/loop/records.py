"""The papers of the loop: what they have in common, the models and what the fleet runs, drift. Frozen; times in epoch ms."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from fabwafer.fields import Count, ModelName, Sha256
from fabwafer.release import Comparison, Verdict

MODEL = "wafer-map"
"""The one line of models that a deployment keeps; a model is known as `wafer-map@<version>`."""


class Paper(BaseModel):
    """One paper: `kind` says which sort, `name` which of them, `version` how often it was revised."""

    model_config = ConfigDict(frozen=True, extra="forbid", regex_engine="python-re")
    kind: ClassVar[str]

    name: str
    version: Count = 0


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
