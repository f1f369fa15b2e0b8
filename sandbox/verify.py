"""What the cameras logged, and what the cloud ended up with -> what is wrong with it. Pure.

Expectations are computed anew from the journals with the bundle's thresholds, by none of the code that decided.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fabwafer.triage import Policy
from sandbox.cameras import Logged
from sandbox.subscriber import AlertMessage

Wafer = tuple[str, int]
"""Image id and timestamp."""
_SHOWN = 3


@dataclass(frozen=True)
class Played:
    """One wafer that a camera says it captured."""

    fab: str
    camera: str
    logged: Logged

    @property
    def wafer(self) -> Wafer:
        """Return its key."""
        return self.logged.imgid, self.logged.timestamp

    @property
    def key(self) -> str:
        """Return where its picture belongs, by the contract's words."""
        day = datetime.fromtimestamp(self.logged.timestamp / 1000, UTC)
        name = f"{self.logged.imgid}-{self.logged.timestamp}.png"
        return f"{self.fab}/{self.camera}/{day:%Y/%m/%d}/{name}"


@dataclass(frozen=True)
class Picture:
    """A picture in the bucket."""

    sha256: str
    archived_ms: int


@dataclass(frozen=True)
class Found:
    """What the cloud ended up with.

    Attributes:
        stored: The items of the predictions table.
        archived: Every picture, by its key.
        alerts: What the alert topic sent.
        reviews: The items of the reviews table.
        quarantined: The objects of the quarantine bucket.
        leftovers: Messages that a queue still holds, by the queue's output name; empty ones may be left out.
    """

    stored: Sequence[Mapping[str, Any]]
    archived: Mapping[str, Picture]
    alerts: Sequence[AlertMessage]
    reviews: Sequence[Mapping[str, Any]]
    quarantined: Sequence[Mapping[str, Any]]
    leftovers: Mapping[str, int]

    def alerted(self) -> list[Wafer]:
        """Return every wafer named in an alert, as often as it is named."""
        return [
            (each.imgid, each.timestamp) for message in self.alerts for each in message.alert.wafers
        ]


@dataclass(frozen=True)
class Expected:
    """The wafers that each effect must have, by the journals, and how many there must be, if that is known."""

    alerts: frozenset[Wafer]
    reviews: frozenset[Wafer]
    wafers: int | None = None


def expect(
    played: Iterable[Played], policy: Policy, audit_rate: float, wanted: int | None = None
) -> Expected:
    """Decide for every wafer whether somebody is to be told and whether somebody is to look.

    Of a picture that its camera refused nobody is told, and somebody looks.
    """
    wafers = list(played)
    return Expected(
        alerts=frozenset(each.wafer for each in wafers if _is_sure_defect(each.logged, policy)),
        reviews=frozenset(
            each.wafer
            for each in wafers
            if _is_doubtful(each.logged, policy) or _is_sampled(each, audit_rate)
        ),
        wafers=wanted,
    )


def _is_sure_defect(logged: Logged, policy: Policy) -> bool:
    if logged.refused is not None:
        return False
    return logged.prediction != policy.normal and logged.probability >= policy.alert


def _is_doubtful(logged: Logged, policy: Policy) -> bool:
    unsure = logged.probability < policy.accept.get(logged.prediction, policy.accept_default)
    known = policy.novelty is None or logged.novelty is None or logged.novelty <= policy.novelty
    return unsure or not known or logged.refused is not None


def _is_sampled(played: Played, rate: float) -> bool:
    name = f"{played.fab}/{played.camera}/{played.logged.imgid}/{played.logged.timestamp}"
    return int(hashlib.sha256(name.encode()).hexdigest()[:16], 16) / 2**64 < rate


def discrepancies(played: Sequence[Played], expected: Expected, found: Found) -> list[str]:
    """Return one line for everything that is not as it must be; an empty list is success."""
    wafers = [each.wafer for each in played]
    stored = [(str(item["imgid"]), int(item["timestamp"])) for item in found.stored]
    reviewed = [(str(item["imgid"]), int(item["timestamp"])) for item in found.reviews]
    return [
        *_too_few(wafers, expected),
        *_repeats("captured", wafers),
        *_differences("stored", wafers, stored),
        *_differences("archived", [each.key for each in played], list(found.archived)),
        *_differences("alerted", expected.alerts, found.alerted()),
        *_differences("up for review", expected.reviews, reviewed),
        *_altered(played, found),
        *_quarantined(found.quarantined),
        *(
            f"{count} messages are left in {queue}"
            for queue, count in found.leftovers.items()
            if count
        ),
    ]


def _too_few(wafers: Sequence[Wafer], expected: Expected) -> list[str]:
    captured = len(set(wafers))
    if expected.wafers in (None, captured):
        return []
    return [f"{captured} of {expected.wafers} wafers were captured: see the cameras' logs (--keep)"]


def _differences(what: str, wanted: Iterable[Any], got: Sequence[Any]) -> list[str]:
    missing, surplus = set(wanted) - set(got), set(got) - set(wanted)
    lines = []
    if missing:
        lines.append(f"{len(missing)} wafers are not {what} and should be: {_some(missing)}")
    if surplus:
        lines.append(f"{len(surplus)} wafers are {what} and should not be: {_some(surplus)}")
    return [*lines, *_repeats(what, got)]


def _repeats(what: str, got: Iterable[Any]) -> list[str]:
    repeated = [wafer for wafer, times in Counter(got).items() if times > 1]
    return (
        [f"{len(repeated)} wafers are {what} more than once: {_some(repeated)}"] if repeated else []
    )


def _altered(played: Iterable[Played], found: Found) -> list[str]:
    by_wafer = {(item["imgid"], int(item["timestamp"])): item for item in found.stored}
    differing, other_picture = [], []
    for each in played:
        item = by_wafer.get(each.wafer)
        if item and _facts(item) != (
            each.fab,
            each.camera,
            each.logged.prediction,
            each.logged.probability,
        ):
            differing.append(each.wafer)
        picture = found.archived.get(each.key)
        if picture and picture.sha256 != each.logged.sha256:
            other_picture.append(each.key)
    return [
        *(
            [f"{len(differing)} records say another thing than their camera: {_some(differing)}"]
            if differing
            else []
        ),
        *(
            [f"{len(other_picture)} pictures are not as captured: {_some(other_picture)}"]
            if other_picture
            else []
        ),
    ]


def _facts(item: Mapping[str, Any]) -> tuple[Any, ...]:
    return item["fab"], item["camera"], item["prediction"], float(item["probability"])


def _quarantined(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    reasons = [
        f"{each['field']}: expected {each['expected']}, got {each['value']}" for each in messages
    ]
    return [f"{len(messages)} messages are quarantined: {_some(reasons)}"] if messages else []


def _some(values: Iterable[Any]) -> str:
    listed = sorted(map(str, values))
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more
