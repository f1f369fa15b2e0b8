"""Items and deeds to start from."""

from dataclasses import replace

from fabwafer.deeds import Deed, Question, Rules
from fabwafer.history import Answer, Verdict
from fabwafer.work_item import Review

ONE = Rules(second_share=0, honeypot_pool=0, honeypot_share=0, lease_ms=60_000, undo_ms=5_000)
TWO = replace(ONE, second_share=1)
POOLED = replace(TWO, honeypot_pool=1, honeypot_share=1)
QUESTION = Question("Loc", "doubtful", "wafer-map@1.0.0")
NOW_MS = 1_763_700_000_000
ITEM = "img1~1763699999000"


def item() -> Review:
    return Review(ITEM)


def says(*labels: str) -> Answer:
    return Answer(Verdict.LABELS, tuple(sorted(labels)))


UNKNOWN, BAD_IMAGE = Answer(Verdict.UNKNOWN), Answer(Verdict.BAD_IMAGE)


def deed(review: Review, who: str, **changes) -> Deed:
    started = Deed(f"{who}-{review.version}-{len(review.event_ids)}", who, review.version, NOW_MS)
    return replace(started, **changes)
