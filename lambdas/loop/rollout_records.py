"""The papers of rollouts: where a model's way to the cameras stands, what happened on it and why. Times in epoch ms."""

from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from fabwafer.fields import Count, ModelName
from lambdas.loop.records import Paper


class Stage(StrEnum):
    """Where a rollout is; the last three are ends."""

    SHADOW = "shadow"
    CANARY = "canary"
    EARLY = "early"
    EVERYONE = "everyone"
    DONE = "done"
    ROLLED_BACK = "rolled back"
    ABORTED = "aborted"

    @property
    def is_end(self) -> bool:
        """Tell whether no ring is under way any more."""
        return self in (Stage.DONE, Stage.ROLLED_BACK, Stage.ABORTED)


class Wish(StrEnum):
    """What a person wants of a rollout."""

    GO_ON = "go on"
    PAUSE = "pause"
    ABORT = "abort"


class StageLog(BaseModel):
    """One stage of a rollout: when, how it ended and the figures it was judged by."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: Stage
    entered_ms: Count
    left_ms: Count | None = None
    outcome: str | None = None
    figures: dict[str, JsonValue] = {}


class RolloutPaper(Paper):
    """One rollout. `name` is its number, six digits.

    Attributes:
        model: What is rolled out.
        previous: What ran before, and runs again after a way back.
        stage: Where it is.
        wish: What a person wants of it.
        wished_by: Who.
        serial: Of the candidate's signature.
        component_version: Of com.fabwafer.Model with the candidate.
        started_ms: When.
        ended_ms: When, None while it is under way.
        stages: What happened, oldest first; the last one is `stage` while it is under way.
        deployments: Greengrass deployment ids by thing group, of the latest in each.
        reason: Why it went back or was aborted.
        blamed: Whether it went back for what the model itself did; otherwise a person may let it try again.
        returns: Whether the model ran everywhere before, and comes back because a person wants it.
    """

    kind: ClassVar[str] = "rollout"

    model: ModelName
    previous: ModelName
    stage: Stage
    wish: Wish = Wish.GO_ON
    wished_by: str | None = None
    serial: Count
    component_version: str
    started_ms: Count
    ended_ms: Count | None = None
    stages: tuple[StageLog, ...] = ()
    deployments: dict[str, str] = Field(default_factory=dict)
    reason: str | None = None
    blamed: bool = False
    returns: bool = False
