"""What the review API tells about rollouts: the rings a model went through and the figures it was judged by."""

from typing import Annotated

from pydantic import Field

from fabwafer.pulse import Condition
from lambdas.loop.figures import GuardFigures, WaferFigures
from lambdas.loop.rollout_records import Stage, Wish
from lambdas.review.views import View


class DeviceStanding(View):
    """How a camera of a ring fares with the candidate."""

    fab: str
    camera: str
    condition: Condition
    problem: str | None = None
    restarts: int
    deployment: Annotated[str | None, Field(description="how Greengrass says that it went")] = None


class StageView(View):
    """One stage: when, how it ended, and its figures; those of a stage under way are the latest."""

    stage: Stage
    entered_ms: int
    left_ms: int | None = None
    outcome: str | None = None
    state: Annotated[str, Field(description="how it stands, in words")]
    wanted: Annotated[int, Field(description="how many wafers it takes")]
    seen: Annotated[WaferFigures, Field(description="what the candidate said")]
    before: Annotated[WaferFigures, Field(description="what the model before said")]
    guards: Annotated[tuple[GuardFigures, ...], Field(description="figures with their limits")]
    devices: Annotated[tuple[DeviceStanding, ...], Field(description="of the caller's fabs")]
    offline: Annotated[int, Field(description="devices not heard of lately")]
    uncovered: Annotated[tuple[str, ...], Field(description="fabs that have no canary")]
    statuses: Annotated[dict[str, str], Field(description="of deployments, by thing group")]
    learned: Annotated[tuple[str, ...], Field(description="labels new with the candidate")]


class RolloutSummary(View):
    """A rollout and how far it is."""

    rollout: str
    model: str
    previous: Annotated[str, Field(description="what runs again after a way back")]
    stage: Stage
    wish: Wish
    wished_by: str | None = None
    serial: int
    started_ms: int
    ended_ms: int | None = None
    reason: Annotated[str | None, Field(description="why it went back or was aborted")] = None
    blamed: Annotated[bool, Field(description="whether that was the model's own doing")]
    returns: Annotated[
        bool,
        Field(description="whether it ran everywhere before, and comes back by a person's wish"),
    ]


class RolloutList(View):
    """The rollouts, newest first."""

    rollouts: tuple[RolloutSummary, ...]


class RolloutDetail(RolloutSummary):
    """All about a rollout."""

    component_version: str
    stages: tuple[StageView, ...]
    deployments: Annotated[dict[str, str], Field(description="the latest, by thing group")]
    running: Annotated[
        dict[str, int], Field(description="cameras of the caller's fabs, by the model in use")
    ]
    shadowing: Annotated[
        int, Field(description="cameras of the caller's fabs that run it beside theirs")
    ]
