"""Who must not know what the model, or anybody else, said of a wafer: an answer is blind only if its giver never saw. Pure."""

from fabwafer.deeds import Rules
from fabwafer.history import Reading
from fabwafer.work_item import Review, State


def is_read_twice(review: Review, rules: Rules) -> bool:
    """Tell whether two people read it: drawn before anybody has seen it, and fixed by its first answer."""
    if review.readings:
        return review.second
    return rules.draws("second", review.item, rules.second_share)


def reads_blind(review: Review, name: str, rules: Rules) -> bool:
    """Tell whether who gets it gets no answer with it: both readers of an item, and who is checked with one."""
    if review.state is State.OPEN:
        return is_read_twice(review, rules)
    return review.wants_another(name)


def is_hidden(review: Review, name: str, now_ms: int, rules: Rules, *, looks: bool) -> bool:
    """Tell whether a reviewer must not see any answer: they may get it blind, or could take such an answer back.

    Args:
        review: The item.
        name: The reviewer.
        now_ms: When they look.
        rules: The deployment's.
        looks: Whether they decide disputes too, and so have to see those.
    """
    if review.state in {State.OPEN, State.SECOND}:
        return is_read_twice(review, rules)
    own_checks = (each for each in review.checks if each.reviewer == name)
    if any(_may_go(review, each, now_ms, rules) for each in (*review.readings, *own_checks)):
        return True
    if review.state is State.DISPUTED:
        return not looks and name not in review.readers
    return review.wants_another(name)


def is_final(review: Review, reading: Reading, now_ms: int, rules: Rules) -> bool:
    """Tell whether a blind answer stays: who gave it may have seen, by now, what others said.

    A first reading that waits for its second may go all the time, for its item is hidden all the time.
    """
    return _was_blind(review, reading) and not _may_go(review, reading, now_ms, rules)


def _may_go(review: Review, reading: Reading, now_ms: int, rules: Rules) -> bool:
    return _was_blind(review, reading) and now_ms < reading.at_ms + rules.undo_ms


def _was_blind(review: Review, reading: Reading) -> bool:
    between_two = review.second and len(review.readings) > 1 and not reading.adjudicates
    return reading in review.checks or between_two
