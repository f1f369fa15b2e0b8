"""MQTT topics: `fabwafer/<fab>/<camera>/img|prediction[/<imgid>]` and `fabwafer/<fab>/<camera>/status`."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from fabwafer.errors import ContractError

ROOT = "fabwafer"
# `$(?!\n)` ends a text in Python and in JSON Schema alike; a bare `$` lets a line end through in Python.
NAME_PATTERN = r"^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,64}$(?!\n)"
IMGID_PATTERN = r"^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,128}$(?!\n)"

_NAME = re.compile(NAME_PATTERN)
_IMGID = re.compile(IMGID_PATTERN)


class Kind(StrEnum):
    """What a topic carries."""

    IMAGE = "img"
    PREDICTION = "prediction"
    STATUS = "status"


@dataclass(frozen=True)
class Topic:
    """One parsed topic; `str(topic)` is the text to publish to."""

    fab: str
    camera: str
    kind: Kind
    imgid: str | None = None

    def __post_init__(self) -> None:
        """Refuse names that the grammar does not allow."""
        check_name("fab", self.fab)
        check_name("camera", self.camera)
        if self.imgid is not None:
            check_imgid(self.imgid)

    def __str__(self) -> str:
        """Return the topic's text."""
        levels = [ROOT, self.fab, self.camera, self.kind.value]
        return "/".join(levels if self.imgid is None else [*levels, self.imgid])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a topic's text.

        Raises:
            ContractError: If the text is no topic of ours.
        """
        root, *levels = text.split("/")
        if root != ROOT or not 3 <= len(levels) <= 4:
            raise ContractError(
                "topic", text, f"{ROOT}/<fab>/<camera>/img|prediction|status[/<imgid>]"
            )
        fab, camera, kind, *imgid = levels
        if kind not in set(Kind):
            raise ContractError("topic", text, "img, prediction or status as the fourth level")
        if imgid and kind == Kind.STATUS:
            raise ContractError("topic", text, "no level after status")
        return cls(fab, camera, Kind(kind), imgid[0] if imgid else None)


def filters(kind: Kind) -> tuple[str, ...]:
    """Return the topic filters of the AWS IoT rules for one kind.

    In AWS IoT `a/#` does not match `a`, hence two. `#` rather than `+`, so that an image id with slashes in it
    is seen and quarantined instead of vanishing.
    """
    short = f"{ROOT}/+/+/{kind.value}"
    return (short,) if kind is Kind.STATUS else (short, f"{short}/#")


def check_name(field: str, value: str) -> str:
    """Return a fab's or camera's name, or raise `ContractError` naming `field`."""
    if not _NAME.match(value):
        raise ContractError(field, value, "1 to 64 of A-Z a-z 0-9 _ . -")
    return value


def check_imgid(value: str) -> str:
    """Return an image id, or raise `ContractError`."""
    if not _IMGID.match(value):
        raise ContractError("imgid", value, "1 to 128 of A-Z a-z 0-9 _ . -")
    return value
