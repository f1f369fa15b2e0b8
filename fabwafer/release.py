"""Candidate and current model on the same wafers -> their figures, and the verdict's form; `release_rule` decides.

A training job measures both and leaves them as `Comparison` in its file release.json.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from fabwafer.fields import Count, Fraction, ModelName, NotNegative

COMPARISON = "release.json"
"""What a training job leaves in its model folder beside the bundle."""


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", regex_engine="python-re")


class LabelWorth(_Figures):
    """How well a label is told; precision is None where it was never called, recall where it never occurs."""

    wafers: Count
    called: Count
    recall: Fraction | None
    precision: Fraction | None
    f1: Fraction | None


class Worth(_Figures):
    """What a model is worth on a set of wafers whose truth is known.

    Attributes:
        wafers: How many.
        macro_f1: Mean F1 of the labels that occur.
        accuracy: Share that is right.
        ece: Expected calibration error, 15 bins.
        accepted: Share that asks for no person.
        escapes: Of the wafers with a defect the share that passes as normal without a person.
        labels: Figures by label, of every label that occurs or is called.
    """

    wafers: Count
    macro_f1: Fraction
    accuracy: Fraction
    ece: Fraction
    accepted: Fraction
    escapes: Fraction
    labels: dict[str, LabelWorth]


class Pair(_Figures):
    """Both models on the same wafers; `current` is None where there is none to compare with."""

    candidate: Worth
    current: Worth | None = None


class Routed(_Figures):
    """What triage would do with some wafers under one model's answers and thresholds."""

    alerts: Count
    reviews: Count
    refused: Count
    by_label: dict[str, Count]


class Replay(_Figures):
    """The last days' archived wafers through both models: what a release would have changed.

    Attributes:
        wafers: How many.
        candidate: What it would have sent where.
        current: What today's model sends where.
        changed: Wafers whose label differs.
        examples: At most 50 of those, as {"item", "fab", "camera", "current", "candidate", "probability"}.
    """

    wafers: Count
    candidate: Routed
    current: Routed
    changed: Count
    examples: Annotated[tuple[dict[str, str | float], ...], Field(max_length=50)] = ()


class Cost(_Figures):
    """What a model costs on the machine that trained it: bytes, and the median time of a wafer on one thread."""

    size_bytes: Count
    latency_ms: NotNegative


class Comparison(_Figures):
    """All that a release is decided by.

    Attributes:
        candidate: name@version.
        current: name@version of the model in use, None for a first one.
        test: The frozen test set.
        recent: Recently reviewed wafers that neither model learned from; None if there are none.
        replay: Recently archived wafers, reviewed or not; None if none were given.
        candidate_cost: The candidate's.
        current_cost: The current model's, on the same machine.
        left_out: How many wafers that were given do not count, by reason.
    """

    candidate: ModelName
    current: ModelName | None = None
    test: Pair
    recent: Pair | None = None
    replay: Replay | None = None
    candidate_cost: Cost
    current_cost: Cost | None = None
    left_out: dict[str, Count] = Field(default_factory=dict)

    def stale(self, in_use: str) -> str | None:
        """Return why it says nothing of a candidate beside the model in use (name@version), None if it does."""
        if self.current == in_use:
            return None
        return f"compared with {self.current}, but {in_use} is in use by now"


class Verdict(_Figures):
    """Whether a candidate is released, and what speaks against it: each reason names figure, value and limit."""

    passed: bool
    reasons: tuple[str, ...] = ()
