"""The figures of a rollout's stage, as its paper keeps them: for the next look, for people, for the record."""

from collections.abc import Mapping
from typing import Annotated, Self, cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from fabwafer.fields import Count, Finite, Fraction, NotNegative
from fabwafer.guards import Guard
from fabwafer.pulse import Condition
from lambdas.loop.rollout_records import StageLog


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", regex_engine="python-re")


class GuardFigures(_Figures):
    """A guarded figure: `fabwafer.guards.Guard`."""

    name: str
    wafers: Count
    rate: Finite
    expected: Finite
    limit: Finite
    wealth: NotNegative
    needed: NotNegative
    reached: Count | None = None
    cleared: bool = False

    @classmethod
    def of(cls, guard: Guard) -> Self:
        """Return a guard as kept, rounded to what anybody reads."""
        return cls(
            name=guard.name,
            wafers=guard.wafers,
            rate=round(guard.rate, 4),
            expected=round(guard.expected, 4),
            limit=round(guard.limit, 4),
            wealth=float(f"{min(guard.wealth, 1e12):.4g}"),
            needed=guard.needed,
            reached=guard.reached,
            cleared=guard.cleared,
        )


class DeviceFigures(_Figures):
    """A device of the ring, as far as looks have followed it; times in epoch ms."""

    condition: Condition
    heard_ms: Count | None = None
    excused_ms: Count = 0
    started_ms: int | None = None
    restarts: Count = 0
    ran: bool = False
    deployment: str | None = None
    problem: str | None = None
    problem_since_ms: Count | None = None


class WaferFigures(_Figures):
    """What the candidate said of the stage's wafers; shares are 0..1, None where there is nothing to share.

    Attributes:
        wafers: Seen by it.
        fabs: How many of them in each fab.
        labels: How often it called each label.
        labels_current: The same of the model before, of those wafers that both saw.
        reviews: Share for which it asks a person.
        alerts: Share that it alerts about.
        agreement: Share of those that both call alike.
        answered: Wafers that people have settled.
        right: How many of those the candidate calls as they do, and
        right_current: how many the model before, None where it saw none.
        edge_ms: Median time of a wafer.
    """

    wafers: Count = 0
    fabs: dict[str, Count] = {}
    labels: dict[str, Count] = {}
    labels_current: dict[str, Count] = {}
    reviews: Fraction | None = None
    alerts: Fraction | None = None
    agreement: Fraction | None = None
    answered: Count = 0
    right: Count = 0
    right_current: Count | None = None
    edge_ms: NotNegative | None = None


class StageFigures(_Figures):
    """All that a stage is judged by.

    Attributes:
        state: How it stands, in words.
        deployments: Those of this stage, by thing group.
        statuses: How Greengrass says that they fare.
        wanted: Wafers that it takes.
        seen: What the candidate said.
        before: What the model before said, earlier or elsewhere; empty beside it.
        guards: Figures with their limits.
        devices: By thing.
        offline: Devices not heard of lately.
        behind: Devices that are heard of, and have not taken the candidate up.
        uncovered: Fabs of the other rings that have no canary: what the candidate does there shows only afterwards.
        learned: Labels that it tells and the model before does not.
        looked_ms: When it was looked at last, epoch ms.
        paused_ms: How long it has stood in a pause.
        told: Whether people were told how the rollout ended.
        component_version: Of the model before, signed anew: it runs beside in the canary's stage, and is the way back.
        key: Of its bundle.
        given: How often the way back was deployed, and
        given_ms: when last, epoch ms.
    """

    state: str = ""
    deployments: dict[str, str] = {}
    statuses: dict[str, str] = {}
    wanted: Count = 0
    seen: WaferFigures = WaferFigures()
    before: WaferFigures = WaferFigures()
    guards: Annotated[tuple[GuardFigures, ...], Field(max_length=100)] = ()
    devices: dict[str, DeviceFigures] = {}
    offline: Count = 0
    behind: Count = 0
    uncovered: tuple[str, ...] = ()
    learned: tuple[str, ...] = ()
    looked_ms: Count | None = None
    paused_ms: Count = 0
    told: bool = False
    component_version: str | None = None
    key: str | None = None
    given: Count = 0
    given_ms: Count | None = None

    @classmethod
    def of(cls, log: StageLog) -> Self:
        """Return the figures of a stage."""
        return cls.model_validate(log.figures)

    @property
    def kept(self) -> dict[str, JsonValue]:
        """Return them as the paper keeps them."""
        return cast("dict[str, JsonValue]", self.model_dump(mode="json", exclude_none=True))

    @property
    def facts(self) -> Mapping[str, JsonValue]:
        """Return what a notice tells of them."""
        told = {"wanted", "seen", "before", "guards", "offline", "behind", "uncovered"}
        facts = cast("dict[str, JsonValue]", self.model_dump(mode="json", include=told))
        return facts | {
            "devices": {name: each.condition.value for name, each in self.devices.items()}
        }
