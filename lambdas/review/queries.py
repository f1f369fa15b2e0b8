"""What clients of the review API may ask for in an address."""

from enum import StrEnum
from functools import partial
from re import fullmatch
from typing import Annotated, TypeAlias
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from fabwafer.errors import ContractError
from fabwafer.fields import Finite, Fraction, Lot, ModelName, Name
from fabwafer.work_item import State
from lambdas.review.bodies import Label, Moment, is_drawn, is_item

_MOST = 100
DAY_MS = 86_400_000
MOST_DAYS = 92

Cursor = Annotated[str, Field(min_length=1, max_length=1000, description="from the page before")]


class _Query(BaseModel):
    model_config = ConfigDict(frozen=True, regex_engine="python-re")

    fab: Name


class _Paged(_Query):
    limit: Annotated[int, Field(ge=1, le=_MOST)] = 50
    cursor: Cursor | None = None


class Order(StrEnum):
    """In which order the backlog is listed."""

    URGENT = "urgent"
    OLDEST = "oldest"
    NEWEST = "newest"
    NOVEL = "novel"
    UNSURE = "unsure"


class BacklogQuery(_Paged):
    """Which of the items to list."""

    state: State = State.OPEN
    order: Order = Order.OLDEST
    label: Label | None = None
    camera: Name | None = None
    lot: Lot | None = None
    min_probability: Fraction | None = None
    max_probability: Fraction | None = None
    min_novelty: Finite | None = None
    max_novelty: Finite | None = None
    opened_from_ms: Moment | None = None
    opened_to_ms: Moment | None = None
    holder: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=128,
            description="what this person holds, whatever its state; by the end of the lease",
        ),
    ] = None


class WaferQuery(_Paged):
    """Which wafers to find; newest first."""

    camera: Name | None = None
    lot: Lot | None = None
    label: Label | None = None
    model: ModelName | None = None
    from_ms: Moment | None = None
    to_ms: Moment | None = None
    min_probability: Fraction | None = None
    max_probability: Fraction | None = None
    min_novelty: Finite | None = None
    max_novelty: Finite | None = None
    holder: Annotated[
        str | None, Field(min_length=1, max_length=128, description="what this person holds")
    ] = None


class LotQuery(_Query):
    """Which lot."""

    lot: Lot
    cursor: Cursor | None = None


class RatesQuery(_Query):
    """Which wafers to count, by day."""

    camera: Name | None = None
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = 14
    until_ms: Moment | None = None


class DaysQuery(_Query):
    """How many days (UTC) to look at, today the last."""

    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = 28


class AuditQuery(_Paged):
    """Which events to list; newest first."""

    reviewer: Annotated[str | None, Field(min_length=1, max_length=128)] = None
    from_ms: Moment | None = None
    to_ms: Moment | None = None


class FabQuery(_Query):
    """Which fab."""


class LabelsQuery(_Query):
    """Whose labels."""

    model: ModelName | None = None


def _item(value: str) -> str:
    if not is_item(value):
        raise ContractError("item", value, "<imgid>~<timestamp>")
    return value


def _drawn(field: str, value: str) -> str:
    if not is_drawn(value):
        raise ContractError(field, value, "8 to 64 of A-Z a-z 0-9 _ -")
    return value


def _model(value: str) -> str:
    """A client may write the @ as %40."""
    try:
        return _MODEL_NAME.validate_python(unquote(value))
    except ValidationError as error:
        raise ContractError("model", value, "<name>@<version>") from error


def _number(value: str) -> str:
    if not fullmatch(r"[0-9]{6}", value):
        raise ContractError("number", value, "six digits")
    return value


_MODEL_NAME: TypeAdapter[str] = TypeAdapter(ModelName, config=ConfigDict(regex_engine="python-re"))

ItemPath: TypeAlias = Annotated[str, Path(description="<imgid>~<timestamp>"), AfterValidator(_item)]
BatchPath: TypeAlias = Annotated[
    str, Path(description="the batch's id"), AfterValidator(partial(_drawn, "batch"))
]
ExportPath: TypeAlias = Annotated[
    str, Path(description="the export's id"), AfterValidator(partial(_drawn, "export"))
]
LabelPath: TypeAlias = Annotated[str, Path(description="a canonical label")]
ModelPath: TypeAlias = Annotated[str, Path(description="<name>@<version>"), AfterValidator(_model)]
NumberPath: TypeAlias = Annotated[str, Path(description="six digits"), AfterValidator(_number)]
