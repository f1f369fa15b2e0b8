"""What `training.export` told a bundle's manifest of how it was made, for the card."""

from pydantic import BaseModel, ConfigDict


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Threshold(_Told):
    """A threshold and what it is certified for."""

    value: float
    observed: float
    bound: float
    wafers: int


class Certified(_Told):
    """How often something happens to wafers, and how often at most."""

    share: float
    bound: float
    wafers: int
    lots: int


class Novelty(_Told):
    """What novelty sends to people."""

    method: str
    threshold: float
    novel: Certified
    reviewed_for_it_alone: Certified


class Refusal(_Told):
    """What is refused, by measure, and how rarely that happens to a wafer."""

    thresholds: dict[str, float]
    wafers_refused: Certified


class Promise(_Told):
    """What the thresholds promise."""

    method: str
    assumptions: str
    confidence: float
    max_escapes: float
    max_wrong_defect_calls: float
    temperature: float
    thresholds: dict[str, Threshold]
    novelty: Novelty | None = None
    refusal: Refusal | None = None


class Pair(_Told):
    """A figure of both graphs."""

    int8: float
    fp32: float


class Gate(_Told):
    """What the gate saw before it let int8 pass."""

    splits: list[str]
    wafers: int
    same_decisions: float
    of_class: dict[str, int]
    found: dict[str, Pair]
    macro_f1: Pair
    ece: Pair
    latency_ms: Pair
    machine: str


class Exported(_Told):
    """The part of a manifest's metrics that evaluation does not give."""

    promise: Promise
    gate: Gate
    size_bytes: int
    multiply_adds: int
    epochs: int


class Data(_Told):
    """What it learned from."""

    sha256: str
    wafers: int
    split_seed: int
    parts: dict[str, int]
