"""A suspicion against a model -> 40 random wafers for people -> confirmed, dismissed or never answered. Pure.

The audit sample of every day is too thin: 3 % of 200 wafers are six labels.
"""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

AUDIT_LABELS = 40
_CONFIRMING = 0.05
_LEAST_ERROR = 0.01
_PATIENCE_MS = 3 * 86_400_000
_ENOUGH = 20


class Outcome(StrEnum):
    """How an audit ends; while it is open it has not."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    UNANSWERED = "unanswered"


@dataclass(frozen=True)
class Audit:
    """A burst audit.

    Attributes:
        suspicion: What rang, in words.
        begun_ms: When.
        items: The wafers' ids.
        usual_error: The share that the model itself expects to get wrong.
        right: Settled answers that agree with the model.
        wrong: Settled answers that do not; an unknown pattern is one.
        unusable: Bad images.
        outcome: How it stands.
    """

    suspicion: str
    begun_ms: int
    items: tuple[str, ...]
    usual_error: float
    right: int = 0
    wrong: int = 0
    unusable: int = 0
    outcome: Outcome = Outcome.OPEN


def sample(items: Iterable[str]) -> tuple[str, ...] | None:
    """Return 40 of these wafers by a hash of their ids; None if there are not so many yet."""
    drawn = sorted(set(items), key=lambda item: hashlib.sha256(item.encode()).digest())
    return tuple(drawn[:AUDIT_LABELS]) if len(drawn) >= AUDIT_LABELS else None


def wrong_to_confirm(labels: int, usual_error: float) -> int:
    """Return how many wrong ones of an audit's labels confirm that a model got worse.

    So few that a model which errs as usual has fewer with a probability of 95 %.
    """
    rate = max(usual_error, _LEAST_ERROR)
    tail, wrong = 1.0, 0
    while tail > _CONFIRMING and wrong <= labels:
        tail -= math.comb(labels, wrong) * rate**wrong * (1 - rate) ** (labels - wrong)
        wrong += 1
    return wrong


def outcome(audit: Audit, now_ms: int) -> Outcome:
    """Return how an audit stands.

    It ends as soon as the answers are enough, or after three days with those there are.
    """
    usable = len(audit.items) - audit.unusable
    if usable and audit.wrong >= wrong_to_confirm(usable, audit.usual_error):
        return Outcome.CONFIRMED
    answered = audit.right + audit.wrong
    if answered >= usable:
        return Outcome.DISMISSED if answered >= _ENOUGH else Outcome.UNANSWERED
    if now_ms - audit.begun_ms < _PATIENCE_MS:
        return Outcome.OPEN
    if answered < _ENOUGH:
        return Outcome.UNANSWERED
    enough = audit.wrong >= wrong_to_confirm(answered, audit.usual_error)
    return Outcome.CONFIRMED if enough else Outcome.DISMISSED
