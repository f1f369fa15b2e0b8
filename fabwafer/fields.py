"""The types of fields: what a name, a moment, a probability may be, wherever it stands."""

import math
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_core import ErrorDetails

from fabwafer.errors import ContractError
from fabwafer.topics import IMGID_PATTERN, NAME_PATTERN

_FIRST_MILLISECOND = 100_000_000_000  # as seconds the year 5138, as milliseconds March 1973
_LAST_MILLISECOND = 253_402_300_799_999  # the year 9999
_SHA256 = r"^[0-9a-f]{64}$(?!\n)"
_MODEL = r"^[A-Za-z0-9_.-]{1,64}@[A-Za-z0-9_.+-]{1,32}$(?!\n)"
_SHORT_TEXT = r"^[^\x00-\x1f\x7f]{1,64}$(?!\n)"
_S3_URI = r"^s3://([a-z0-9.-]{3,63})/([^\x00-\x1f]{1,1024})$(?!\n)"
_IN_WORDS = {
    NAME_PATTERN: "1 to 64 of A-Z a-z 0-9 _ . -",
    IMGID_PATTERN: "1 to 128 of A-Z a-z 0-9 _ . -",
    _SHA256: "64 hexadecimal digits",
    _MODEL: "<name>@<version>",
    _SHORT_TEXT: "1 to 64 characters, none of them a control character",
    _S3_URI: "s3://<bucket>/<key>",
}


def contract_error(error: ErrorDetails, field: str) -> ContractError:
    """Return what pydantic found in the words of the contract."""
    if error["type"] == "missing":
        return ContractError(field, None, "a value")
    return ContractError(field, error["input"], _expectation(error))


def _expectation(error: ErrorDetails) -> str:
    if error["type"] == "string_pattern_mismatch":
        pattern = error["ctx"]["pattern"]
        return _IN_WORDS.get(pattern, f"text that matches {pattern}")
    words = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return words.removeprefix("expected ")


def _to_milliseconds(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if not math.isfinite(value):
        return value
    return round(value * 1000) if abs(value) < _FIRST_MILLISECOND else round(value)


Name = Annotated[str, Field(pattern=NAME_PATTERN)]
ImageId = Annotated[str, Field(pattern=IMGID_PATTERN)]
Timestamp = Annotated[
    int, Field(ge=_FIRST_MILLISECOND, le=_LAST_MILLISECOND), BeforeValidator(_to_milliseconds)
]
"""Epoch milliseconds. Seconds are recognised, so what is older than March 1973 cannot be told."""
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Sha256 = Annotated[str, Field(pattern=_SHA256)]
ModelName = Annotated[str, Field(pattern=_MODEL)]
Lot = Annotated[str, Field(pattern=_SHORT_TEXT)]
Reason = Annotated[str, Field(pattern=_SHORT_TEXT)]
Wafer = Annotated[int, Field(ge=0, le=9999)]
S3Uri = Annotated[str, Field(pattern=_S3_URI)]
