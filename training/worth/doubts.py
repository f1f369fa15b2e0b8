"""Measures of pictures and a policy -> which are novel, which are refused. NumPy alone, as evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue

from fabwafer.triage import Policy, Refusal

Bools = npt.NDArray[np.bool_]
Measures = Mapping[Refusal, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Doubts:
    """What speaks against a picture, whatever its label's probability; one value a picture each.

    Attributes:
        measured: What the graph measured.
        novel: Beyond the policy's novelty.
        reasons: For each why it is refused, as a position in the policy's `refusal`, -1 if it is not.
    """

    measured: Measures
    novel: Bools
    reasons: npt.NDArray[np.int64]

    @property
    def refused(self) -> Bools:
        """Tell which are refused."""
        return self.reasons >= 0

    @property
    def any(self) -> Bools:
        """Tell which a person must see for one of the two."""
        return self.novel | self.refused


def doubts_of(measured: Measures, policy: Policy, count: int) -> Doubts:
    """Judge `count` pictures as triage does; a measure that the graph does not have refuses nothing."""
    novel = np.zeros(count, bool)
    if policy.novelty is not None and Refusal.NOVELTY in measured:
        novel = measured[Refusal.NOVELTY] > policy.novelty
    reasons = np.full(count, -1)
    for position, (reason, threshold) in reversed(list(enumerate(policy.refusal.items()))):
        if reason in measured:
            reasons[measured[reason] > threshold] = position
    return Doubts(measured, novel, reasons)


def shares(doubts: Doubts, sure: Bools) -> dict[str, JsonValue]:
    """Return how many pictures are novel, are refused, and would go by unseen (`sure`) but for that."""
    alone = sure & doubts.novel & ~doubts.refused
    return {
        "novel": float(doubts.novel.mean()),
        "reviewed_for_novelty_alone": float(alone.mean()),
        "refused": float(doubts.refused.mean()),
        "refused_wafers": int(doubts.refused.sum()),
    }
