"""Which answers of people a model learns from, which it is judged by, and which say nothing. Pure.

An answer counts once its item is settled: by one reader where one is enough, by two who agree, or by an adjudicator.
What is told of several patterns at once, of none that is known or of a picture that shows no wafer has no one label, and
stays out. An answer given in bulk teaches, but never judges: it was looked at less. A honeypot's answer is its item's;
the checks made with it are about reviewers, unless most of them contradict it: then it is in doubt, and stays out.

A share of the lots is held out by hash, for ever: no model ever learns from them, so any two can be compared on them.
"""

from enum import StrEnum

from fabwafer.deeds import draw
from fabwafer.history import Answer, Verdict
from fabwafer.work_item import Review

SETTLE_MS = 30_000
"""An answer is let be for so long before a dataset takes it: it may be taken back, or not be written yet."""
_FEWEST_CHECKS = 2


class Use(StrEnum):
    """What becomes of a settled item; all but the first two leave it out of datasets."""

    LEARN = "learned from"
    JUDGE = "held out to judge by"
    UNKNOWN = "unknown pattern"
    BAD_IMAGE = "bad image"
    SEVERAL = "several labels"
    DOUBTED = "checks contradict it"
    NO_PICTURE = "no picture"


def use_of(review: Review, group: str, held_out: float) -> Use:
    """Return what becomes of a settled item.

    Args:
        review: The item.
        group: What stays together, `<fab>/<lot>`, or the item where no lot is known.
        held_out: Share (0..1) of the groups that no model learns from.

    Raises:
        TypeError: If the item is not settled.
    """
    answer = review.answer
    if answer is None:
        raise TypeError(f"{review.item}: expected a settled item, got {review.state}")
    if answer.verdict is not Verdict.LABELS:
        return Use.UNKNOWN if answer.verdict is Verdict.UNKNOWN else Use.BAD_IMAGE
    if len(answer.labels) != 1:
        return Use.SEVERAL
    if _is_doubted(review, answer):
        return Use.DOUBTED
    if draw("held out", group) < held_out:
        return Use.JUDGE
    return Use.LEARN


def may_judge(review: Review) -> bool:
    """Tell whether a held-out item's answer is sure enough to judge models by: nobody gave it in bulk."""
    return not any(reading.bulk for reading in review.readings)


def settled_ms(review: Review) -> int:
    """Return when the answer that settled an item was given, epoch ms; 0 for one without."""
    return review.readings[-1].at_ms if review.readings else 0


def _is_doubted(review: Review, answer: Answer) -> bool:
    against = sum(check.answer != answer for check in review.checks)
    return len(review.checks) >= _FEWEST_CHECKS and 2 * against > len(review.checks)
