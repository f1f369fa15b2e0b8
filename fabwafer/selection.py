"""Wafers that the model was sure of -> those a person should see all the same: the strangest, and the most varied. Pure.

Doubt finds what a model knows that it does not know. What it takes for something familiar by mistake is found here: by
novelty, and by covering the space of its features, which has no need of a probability.
"""

import base64
import binascii
import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from fabwafer.errors import ContractError
from fabwafer.triage import ReviewReason

Vector = Sequence[float]


@dataclass(frozen=True)
class Candidate:
    """A wafer as its model saw it.

    Attributes:
        item: Its id.
        model: Who saw it: novelty and features of two models cannot be compared. None for an unnamed one.
        novelty: Its distance from what the model knows, None if the model does not tell.
        vector: Its features at length 1, None if the model does not tell.
    """

    item: str
    model: str | None = None
    novelty: float | None = None
    vector: Vector | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Pick:
    """A wafer that a person should see, and why."""

    item: str
    reason: ReviewReason


def read_embedding(text: str) -> tuple[float, ...] | None:
    """Return the features of a prediction's `embedding` as a vector of length 1; None if all are zero.

    A message scales each wafer's features by their largest, so only their direction can be compared.

    Raises:
        ContractError: If it is no base64.
    """
    try:
        signed = array("b", base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise ContractError("embedding", text, "base64") from error
    length = math.hypot(*signed)
    return tuple(each / length for each in signed) if length else None


def released(budget: int, share: float, picked: int) -> int:
    """Return how many wafers may be picked now.

    Args:
        budget: A day's.
        share: How much (0..1) of it is released by now.
        picked: How many were picked on this day.
    """
    return max(0, math.ceil(budget * share) - picked)


def pick(
    candidates: Sequence[Candidate], covered: Sequence[Candidate], count: int
) -> tuple[Pick, ...]:
    """Pick wafers for review, half of them for novelty and half for diversity.

    What one half cannot fill, because models tell no novelty or no features, goes to the other.

    Args:
        candidates: Wafers that nobody is asked about.
        covered: Wafers that somebody is, or was, asked about.
        count: How many to pick at most.

    Returns:
        The picks, those for novelty first, in the order in which they were picked; no item twice.
    """
    novel = strangest(candidates)
    strange = novel[: (count + 1) // 2]
    taken = {each.item for each in strange}
    rest = [each for each in candidates if each.item not in taken]
    varied = spread(rest, [*covered, *strange], count - len(strange))
    taken |= {each.item for each in varied}
    more = [each for each in novel if each.item not in taken][: count - len(taken)]
    return (
        *(Pick(each.item, ReviewReason.NOVEL) for each in [*strange, *more]),
        *(Pick(each.item, ReviewReason.DIVERSE) for each in varied),
    )


def strangest(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return those whose novelty is known, the most novel first; several models take turns."""
    by_model: dict[str, list[Candidate]] = {}
    for each in candidates:
        if each.novelty is not None:
            by_model.setdefault(each.model or "", []).append(each)
    ranked = [sorted(by_model[name], key=_by_novelty) for name in sorted(by_model)]
    return [each for turn in zip_longest(*ranked) for each in turn if each is not None]


def spread(
    candidates: Sequence[Candidate], covered: Iterable[Candidate], count: int
) -> list[Candidate]:
    """Return up to so many candidates, each the one farthest from all that are covered or were chosen before it.

    Greedy k-centre (Gonzalez 1985): the largest distance of a candidate to its nearest centre is at most twice the
    least that any choice of as many would leave. With what is covered as the first centres it is the core-set method
    of Sener and Savarese (2018). Costs candidates x (covered + count) distances.

    Candidates without features, and copies of what is covered, are never chosen. Of equals the first is.
    """
    left = [each for each in candidates if each.vector is not None]
    gaps = [math.inf] * len(left)
    for centre in covered:
        _cover(left, gaps, centre)
    chosen: list[Candidate] = []
    while len(chosen) < count and any(gap > 0 for gap in gaps):
        chosen.append(left[max(range(len(left)), key=gaps.__getitem__)])
        _cover(left, gaps, chosen[-1])
    return chosen


def radius(candidates: Iterable[Candidate], centres: Iterable[Candidate]) -> float:
    """Return the largest distance (0..2) of a candidate with features to its nearest centre; inf if one has none."""
    left = [each for each in candidates if each.vector is not None]
    gaps = [math.inf] * len(left)
    for centre in centres:
        _cover(left, gaps, centre)
    return max(gaps, default=0.0)


def _cover(left: Sequence[Candidate], gaps: list[float], centre: Candidate) -> None:
    if centre.vector is None:
        return
    for place, each in enumerate(left):
        if each.vector is not None and _are_comparable(each, centre):
            gaps[place] = min(gaps[place], math.dist(each.vector, centre.vector))


def _are_comparable(one: Candidate, other: Candidate) -> bool:
    """A model that was trained anew may have as many features: they mean something else."""
    same_size = len(one.vector or ()) == len(other.vector or ())
    return one.model == other.model and same_size


def _by_novelty(candidate: Candidate) -> tuple[float, str]:
    return -(candidate.novelty or 0.0), candidate.item
