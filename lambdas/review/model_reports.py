"""What the review API tells about models: their figures beside those of the model before, and where they come from.

Times are epoch milliseconds, shares and probabilities 0..1.
"""

from typing import Annotated

from pydantic import Field

from fabwafer.fields import Fraction
from fabwafer.release import Cost, Pair, Routed
from lambdas.loop.records import ModelState
from lambdas.review.views import View


class DatasetView(View):
    """What people answered and a model learned from, beside the base data."""

    dataset: str
    created_ms: int
    sha256: Annotated[str, Field(description="of its manifest")]
    wafers: int
    labels: dict[str, int]
    reviewers: Annotated[
        dict[str, int] | None,
        Field(description="answers by reviewer; told to who may see every fab"),
    ] = None
    conflicting: Annotated[int, Field(description="left out: readers disagree")]
    unsettled: Annotated[int, Field(description="left out: a second reading is missing")]
    excluded: Annotated[dict[str, int], Field(description="left out, by reason")]
    previous: str | None = None


class ModelSummary(View):
    """A model version, and what became of it."""

    model: str
    state: ModelState
    created_ms: int
    training: str | None = None
    dataset: str | None = None
    begun_from: str | None = None
    compared_with: Annotated[str | None, Field(description="the model in use at the time")] = None
    macro_f1: Annotated[Fraction | None, Field(description="on the frozen test set")] = None
    macro_f1_before: Annotated[
        Fraction | None, Field(description="of the model that it was compared with")
    ] = None
    passed: Annotated[bool | None, Field(description="what the release rule said")] = None
    reasons: Annotated[tuple[str, ...], Field(description="what speaks against it")] = ()
    decided_by: Annotated[str | None, Field(description="none for the rule alone")] = None
    decided_ms: int | None = None


class ModelList(View):
    """The models of the line, newest first, and what the fleet is meant to run."""

    models: tuple[ModelSummary, ...]
    current: str | None = None
    serial: Annotated[int | None, Field(description="the last that was signed")] = None
    rollout: Annotated[str | None, Field(description="the one under way")] = None


class ChangedWafer(View):
    """An archived wafer that the candidate names differently."""

    item: str
    fab: str
    camera: str
    current: str
    candidate: str
    probability: Fraction


class ReplayView(View):
    """The last days' archived wafers through both models; the examples are of the caller's fabs."""

    wafers: int
    candidate: Routed
    current: Routed
    changed: int
    examples: tuple[ChangedWafer, ...] = ()


class ModelDetail(ModelSummary):
    """All about a model version; a shipped one has no figures of another beside its own."""

    manifest_sha256: str
    signing_key: Annotated[str | None, Field(description="SHA-256 of the public key")] = None
    package: str | None = None
    test: Pair | None = None
    recent: Pair | None = None
    replay: ReplayView | None = None
    candidate_cost: Cost | None = None
    current_cost: Cost | None = None
    learned_from: DatasetView | None = None
    ancestors: Annotated[
        tuple[str, ...], Field(description="whose weights it began with, the nearest first")
    ] = ()
    rollouts: Annotated[tuple[str, ...], Field(description="of it, newest first")] = ()
