"""The types of fields: what a name, a moment, a probability may be, wherever it stands."""

import math
from typing import Annotated

from pydantic import BeforeValidator, Field

from fabwafer.topics import IMGID_PATTERN, NAME_PATTERN

_FIRST_MILLISECOND = 100_000_000_000  # as seconds the year 5138, as milliseconds March 1973
_LAST_MILLISECOND = 253_402_300_799_999  # the year 9999
_S3_URI = r"^s3://([a-z0-9.-]{3,63})/([^\x00-\x1f]{1,1024})$(?!\n)"


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
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$(?!\n)")]
ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}@[A-Za-z0-9_.+-]{1,32}$(?!\n)")]
Lot = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,64}$(?!\n)")]
Wafer = Annotated[int, Field(ge=0, le=9999)]
S3Uri = Annotated[str, Field(pattern=_S3_URI)]
