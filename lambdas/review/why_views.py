"""What the review API answers about the chain behind a wafer; times are epoch milliseconds, probabilities 0..1."""

from typing import Annotated

from pydantic import Field, JsonValue

from lambdas.review.views import ReviewView, View, WaferIdentity


class PictureLink(View):
    """The picture that was classified."""

    key: str
    sha256: Annotated[str | None, Field(description="as the camera told it")] = None
    archived_sha256: Annotated[str | None, Field(description="of the picture in the archive")] = (
        None
    )


class ModelLink(View):
    """The model that classified it, and who vouched for it; nothing but its name if no paper of it is kept."""

    model: str | None = None
    serial: Annotated[int | None, Field(description="of the signature that the camera checked")] = (
        None
    )
    state: str | None = None
    manifest_sha256: str | None = None
    signing_key: Annotated[str | None, Field(description="SHA-256 of the public key")] = None
    dataset: Annotated[str | None, Field(description="the number of what it learned from")] = None
    begun_from: str | None = None


class ThresholdLink(View):
    """What the model's answer was held against."""

    accept: Annotated[float, Field(description="its label needs no person from here")]
    alert: Annotated[float, Field(description="a defect alerts from here")]
    novelty: Annotated[float | None, Field(description="a person is asked above it")] = None
    refusal: Annotated[
        dict[str, float], Field(description="what is above one of them is no picture of a wafer")
    ]
    promise: Annotated[
        dict[str, JsonValue], Field(description="what the thresholds were certified for")
    ]


class RuleLink(View):
    """What triage made of it."""

    label: str
    probability: float
    defect: bool
    accepted: Annotated[bool, Field(description="by its thresholds it needs no person")]
    alerted: bool | None = None
    reason: Annotated[str | None, Field(description="why a person was asked")] = None


class LessonLink(View):
    """A dataset that holds the wafer, and the model that learned from it."""

    dataset: str
    created_ms: int | None = None
    sha256: str | None = None
    wafers: int | None = None
    training: Annotated[str | None, Field(description="how the training fares")] = None
    job: str | None = None
    model: str | None = None
    model_state: str | None = None


class Why(WaferIdentity):
    """The whole chain of a wafer; of one that the caller is to read blind only that it is waiting."""

    blind: bool = False
    picture: PictureLink | None = None
    model: ModelLink | None = None
    thresholds: ThresholdLink | None = None
    rule: RuleLink | None = None
    review: ReviewView | None = None
    learned: tuple[LessonLink, ...] = ()
    gaps: Annotated[tuple[str, ...], Field(description="links that are missing")] = ()
