"""The files that a model's report is made of, as `training.worth.files` names them: checked, never typed by hand."""

import statistics
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field, RootModel

_FROZEN = ConfigDict(frozen=True, extra="ignore")


class _Figures(BaseModel):
    model_config = _FROZEN


class ClassFigures(_Figures):
    """Figures of one class."""

    precision: float
    recall: float
    f1: float
    support: int


class Binary(_Figures):
    """Defect or not: by the decision, and over all thresholds."""

    recall: float
    precision: float
    precision_at_high_recall: float = Field(alias="precision_at_recall_98.7")
    recall_at_high_precision: float = Field(alias="recall_at_precision_97")


class Accepting(_Figures):
    """What nobody would look at, and how wrong that is."""

    coverage: float
    risk: float
    escapes: float
    wrong_defect_calls: float


Span = tuple[float, float] | None
"""95 %, bootstrap over lots; None where draws of lots do not tell."""


class ClassIntervals(_Figures):
    """Of one class."""

    recall: Span
    f1: Span


class BinaryIntervals(_Figures):
    """Of `Binary`."""

    recall: Span
    precision: Span
    precision_at_high_recall: Span = Field(alias="precision_at_recall_98.7")
    recall_at_high_precision: Span = Field(alias="recall_at_precision_97")


class Intervals(_Figures):
    """Of `Overall`."""

    macro_f1: Span
    accuracy: Span
    ece: Span
    classes: dict[str, ClassIntervals]
    binary: BinaryIntervals


class Overall(_Figures):
    """What is reported of both graphs."""

    macro_f1: float
    accuracy: float
    ece: float
    classes: dict[str, ClassFigures]
    binary: Binary
    interval_95: Intervals


class Bin(_Figures):
    """Wafers of about the same confidence."""

    confidence: float
    accuracy: float
    interval_95: Span
    wafers: int


class WorstError(_Figures):
    """A wafer decided wrongly."""

    row: int
    label: str
    prediction: str
    probability: float


class Changed(_Figures):
    """Decisions changed by turning and mirroring: share of views, share of wafers with such a view."""

    views: float
    wafers: float


class Evaluated(Overall):
    """Figures of a model on wafers whose labels are known."""

    sha256: str
    manifest: str | None
    data: str
    split: str | None
    left_out: dict[str, int]
    wafers: int
    lots: int
    majority_baseline: float
    accepting: Accepting
    confusion: list[list[int]]
    reliability: list[Bin]
    coverage_risk: list[tuple[float, float]]
    worst_errors: list[WorstError]
    changed_by_symmetry: Changed | None = None


class Measured(Evaluated):
    """The same with the float graph's beside."""

    fp32: Overall
    macro_f1_lost_interval_95: Span
    same_decision_as_fp32: float


class Family(_Figures):
    """Pictures of one kind that are no wafer map."""

    pictures: int
    refused: int


class Families(Family):
    """Such pictures of several kinds."""

    families: dict[str, Family]


class Refusals(Families):
    """Pictures of kinds in view when the measures were shaped, of kinds drawn later, and wafers taken for one."""

    manifest: str | None
    data: str
    wafers: int
    wafers_refused: int
    not_seen_in_development: Families | None = None


class Point(_Figures):
    """A network taught with a share of the labels; `method` says what the unlabelled rest was used for."""

    share: float = Field(gt=0, le=1)
    method: str
    macro_f1: float
    labels: int | None = None
    interval_95: Span = None


class LearningCurve(_Figures):
    """Points over the share of labels, the lots that they were measured on, and what was taught."""

    split: str
    architecture: str = ""
    points: list[Point] = Field(min_length=1)

    def mean(self, method: str) -> dict[float, float]:
        """Return share -> macro-F1, the mean over seeds, by ascending share."""
        shares = sorted({each.share for each in self.points if each.method == method})
        return {share: statistics.mean(self._at(share, method)) for share in shares}

    def _at(self, share: float, method: str) -> Sequence[float]:
        return [e.macro_f1 for e in self.points if e.method == method and e.share == share]

    @property
    def methods(self) -> list[str]:
        """Return the methods in the order of their first points."""
        return list(dict.fromkeys(each.method for each in self.points))


class ProtocolFigures(_Figures):
    """What one way of sharing the wafers out came to."""

    protocol: str
    train: int
    test: int
    lots_on_both_sides: int
    macro_f1: float
    interval_95: tuple[float, float]


class Protocols(_Figures):
    """The same short training by several protocols."""

    steps: int
    protocols: list[ProtocolFigures] = Field(min_length=1)


class Times(_Figures):
    """Percentiles in milliseconds."""

    p50: float
    p99: float


class Round(_Figures):
    """What one process measured: from a decoded wafer, from the bytes of a PNG."""

    wafer: Times
    png: Times
    peak_mb: float


class BenchLine(_Figures):
    """One line of the bench."""

    manifest: str | None = None
    network: str
    weights: str
    engine: str
    ours: bool
    size_bytes: int
    rounds: list[Round]


class Bench(RootModel[list[BenchLine]]):
    """The shipped bundle and what it was measured against."""
