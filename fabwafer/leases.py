"""Whose an item is: handed out, kept, given back, and back by itself when its time is over. Pure."""

from dataclasses import replace

from fabwafer.deeds import Rules, refusal, require_free, require_version
from fabwafer.work_item import MAX_SKIPPED, Lease, Review


def lease(review: Review, name: str, now_ms: int, rules: Rules) -> Review:
    """Hand an item out; to its holder again without change but of time.

    Raises:
        ConflictError: If it is in somebody else's hands, or no answer of this person is wanted.
    """
    require_free(review, name, now_ms)
    if not (review.may_read(name) or review.may_adjudicate(name)):
        raise refusal(review, "an item still to be read")
    again = review.holder(now_ms) == name
    return replace(
        review,
        version=review.version if again else review.version + 1,
        lease=Lease(name, now_ms + rules.lease_ms),
    )


def extend(review: Review, name: str, version: int, now_ms: int, rules: Rules) -> Review:
    """Let somebody keep what they hold, also if the lease ran out and nobody else came.

    Raises:
        ConflictError: If it is no longer theirs.
    """
    require_version(review, version)
    if review.lease is None or review.lease.holder != name:
        raise refusal(review, "an item that you hold")
    return replace(review, lease=Lease(name, now_ms + rules.lease_ms))


def release(
    review: Review, name: str, version: int, *, anyones: bool, skips: bool = False
) -> Review:
    """Give an item back; `anyones` lets somebody else's lease go too.

    Who `skips` it gets it again only when nothing else is left for them. The last twenty who did are remembered.

    Raises:
        ConflictError: If it is not theirs, or has changed.
    """
    require_version(review, version)
    if review.lease is None or not (anyones or review.lease.holder == name):
        raise refusal(review, "an item that you hold")
    skipped = review.skipped
    if skips and review.lease.holder == name:
        skipped = (*(each for each in skipped if each != name), name)[-MAX_SKIPPED:]
    return replace(review, version=review.version + 1, lease=None, skipped=skipped)


def brings_honeypot(item: str, name: str, rules: Rules) -> bool:
    """Tell whether somebody who gets this item is to be checked along with it."""
    return rules.draws(f"check/{name}", item, rules.honeypot_share)
