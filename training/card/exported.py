"""What `training.export` told a bundle's manifest of how it was made, for the card."""

from collections.abc import Callable, Iterable

from pydantic import BaseModel, ConfigDict, Field

_LSWMD = ".pkl"
_WM811K = {"eda58cc2d8c2e7645ce388d5277f99aac3b75e0d8d15a5c425bc922b5d8c7982"}
"""Digests of labelled wafers of WM-811K in other forms than LSWMD.pkl."""


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


class BothGraphs(_Told):
    """A figure of both graphs."""

    int8: float
    fp32: float


class Gate(_Told):
    """What the gate saw before it let int8 pass."""

    splits: list[str]
    wafers: int
    same_decisions: float
    of_class: dict[str, int]
    found: dict[str, BothGraphs]
    macro_f1: BothGraphs
    ece: BothGraphs
    latency_ms: BothGraphs
    machine: str


class Exported(_Told):
    """The part of a manifest's metrics that evaluation does not give."""

    promise: Promise
    gate: Gate
    size_bytes: int
    multiply_adds: int
    epochs: int


class Source(_Told):
    """Data by its form and the digest of what can be learned from it, and in `sources` what it was made of."""

    form: str = ""
    digest: str = ""
    sources: tuple["Source", ...] = ()

    def is_wm811k(self, of_sources: Callable[[Iterable[bool]], bool]) -> bool:
        """Tell whether it is WM-811K; data that was made of others by `all` or `any` of these."""
        made_so = bool(self.sources) and of_sources(e.is_wm811k(of_sources) for e in self.sources)
        return self.form == _LSWMD or self.digest in _WM811K or made_so


class Data(Source):
    """What it learned from."""

    digest: str = Field(alias="sha256")
    wafers: int
    split_seed: int
    parts: dict[str, int]
