"""The deployment's settings -> the rules of reviewing, with the key that its draws depend on."""

from fabwafer.deeds import Rules
from lambdas.settings import ReviewRules
from lambdas.stores.keys import DrawKey


def rules_of(settings: ReviewRules) -> Rules:
    """Return the rules; what draws the items that two people read comes from KMS, and nobody sees it."""
    return Rules(
        second_share=settings.second_share,
        honeypot_pool=settings.honeypot_pool,
        honeypot_share=settings.honeypot_share,
        lease_ms=settings.lease_s * 1000,
        undo_ms=settings.undo_s * 1000,
        key=DrawKey(settings.draw_key_id).derived("draws of reviewing"),
    )
