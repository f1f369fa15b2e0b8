"""What clients send to answer: about one wafer, all that waits with them, many wafers alike."""

from dataclasses import dataclass
from typing import Annotated, Any, Self, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    model_validator,
)

from fabwafer.errors import ContractError
from fabwafer.fields import Name, contract_error
from fabwafer.history import Verdict
from fabwafer.work_item import MAX_ANSWERS, MAX_BULK
from lambdas.review.bodies import AnswerId, Body, HeldItem, ItemId, Label, Note, Version


class _Answered(Body):
    verdict: Verdict
    labels: Annotated[tuple[Label, ...], Field(max_length=9)] = ()
    note: Note | None = None

    @model_validator(mode="after")
    def _labels_go_with_the_verdict(self) -> Self:
        if (self.verdict is Verdict.LABELS) != bool(self.labels):
            raise ValueError("expected labels with the verdict labels, and with no other")
        return self


class AnswerBody(_Answered):
    """One person's answer about one wafer."""

    answer_id: AnswerId
    version: Version
    took_ms: Annotated[
        int | None, Field(ge=0, le=86_400_000, description="from picture drawn to key pressed")
    ] = None


class ItemAnswer(AnswerBody):
    """One answer of many, with the item that it is about."""

    item: ItemId


class _Named(BaseModel):
    model_config = ConfigDict(regex_engine="python-re")

    item: ItemId
    answer_id: AnswerId


@dataclass(frozen=True)
class SentAnswer:
    """One answer of many as it came: what it says, or what is wrong with it."""

    item: str
    answer_id: str
    body: AnswerBody | ContractError


def _sent(value: object) -> SentAnswer:
    """One bad answer must not keep the others from being taken; one without a name cannot be told about."""
    named = _Named.model_validate(value)
    told = {name: each for name, each in cast("dict[str, Any]", value).items() if name != "item"}
    try:
        body: AnswerBody | ContractError = AnswerBody.model_validate(told)
    except ValidationError as error:
        found = error.errors()[0]
        body = contract_error(found, ".".join(map(str, found["loc"])) or "body")
    return SentAnswer(named.item, named.answer_id, body)


class AnswersBody(Body):
    """What waits with a client; every answer is taken or refused for itself."""

    answers: Annotated[
        tuple[Annotated[SentAnswer, PlainValidator(_sent, json_schema_input_type=ItemAnswer)], ...],
        Field(min_length=1, max_length=MAX_ANSWERS),
    ]


class BulkBody(_Answered):
    """One answer about many wafers."""

    fab: Name
    items: Annotated[tuple[HeldItem, ...], Field(min_length=1, max_length=MAX_BULK)]

    @model_validator(mode="after")
    def _each_item_once(self) -> Self:
        if len({each.item for each in self.items}) != len(self.items):
            raise ValueError("expected each item once")
        return self


class BulkAnswerBody(BulkBody):
    """One answer about many wafers, to be kept under a batch's id."""

    batch: AnswerId


class UndoBatchBody(Body):
    """Taking a whole batch back."""

    answer_id: AnswerId
