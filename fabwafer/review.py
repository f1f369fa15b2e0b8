"""a person's answer -> an event and the label that counts: blind second readings, disputes, what settles. Pure."""

from dataclasses import replace

from fabwafer.blindness import is_final, is_read_twice
from fabwafer.deeds import (
    Change,
    Deed,
    Question,
    Rules,
    refusal,
    require_free,
    require_version,
)
from fabwafer.history import Act, Answer, Event, Reading, sealed
from fabwafer.work_item import Lease, Review, State


def answer(review: Review, deed: Deed, given: Answer, question: Question, rules: Rules) -> Change:
    """Take an answer.

    The first settles an item, unless it is drawn for a second reader; the second settles it by agreeing, and
    disputes it otherwise. About a honeypot it changes no label.

    Raises:
        ConflictError: If the item has changed, is in other hands, or no answer of this person is wanted.
    """
    require_version(review, deed.version)
    require_free(review, deed.reviewer, deed.at_ms)
    if not review.may_read(deed.reviewer):
        raise refusal(review, "an item still to be read; send it back to have it read anew")
    if review.is_honeypot:
        checks = (*review.checks, _reading(review, deed, given))
        after = replace(review, checks=checks, lease=None)
        return _changed(review, after, deed, question, Act.CHECK)
    if not review.readings:
        review = replace(review, second=is_read_twice(review, rules))
    after = _pooled(replace(review, readings=_with(review, deed, given), lease=None), rules)
    if after.state is State.SECOND:
        after = replace(after, lease=Lease(deed.reviewer, deed.at_ms + rules.undo_ms))
    return _changed(review, after, deed, question, Act.ANSWER)


def adjudicate(
    review: Review, deed: Deed, given: Answer, question: Question, rules: Rules
) -> Change:
    """Decide between two answers.

    Raises:
        ConflictError: If the item has changed, is in other hands, is not disputed, or one answer is their own.
    """
    require_version(review, deed.version)
    require_free(review, deed.reviewer, deed.at_ms)
    if not review.may_adjudicate(deed.reviewer):
        raise refusal(review, "a disputed item that you have not answered yourself")
    readings = _with(review, deed, given, adjudicates=True)
    after = _pooled(replace(review, readings=readings, lease=None), rules)
    return _changed(review, after, deed, question, Act.ADJUDICATE)


def undo(review: Review, deed: Deed, question: Question, rules: Rules) -> Change:
    """Take one's last answer back: the item is as it was before, and in one's hands unless a whole batch goes back.

    Raises:
        ConflictError: If the item has changed, is in other hands, the last answer is not theirs, or it was blind and
            its time is over.
    """
    require_version(review, deed.version)
    require_free(review, deed.reviewer, deed.at_ms)
    alone = deed.batch is None
    held = Lease(deed.reviewer, deed.at_ms + rules.lease_ms) if alone else None
    if deed.reviewer in review.readers[-1:]:
        undone = review.readings[-1]
        after = replace(review, readings=review.readings[:-1], pooled=False, lease=held)
    elif deed.reviewer in review.checked[-1:]:
        undone = review.checks[-1]
        after = replace(review, checks=review.checks[:-1], lease=held)
    else:
        raise refusal(review, "an item whose last answer is yours")
    if is_final(review, undone, deed.at_ms, rules):
        raise refusal(review, f"a blind answer of the last {rules.undo_ms // 1000} s")
    change = _changed(review, after, deed, question, Act.UNDO)
    event = replace(change.event, undoes=undone.seq, before=undone.answer)
    return _resealed(change, event)


def send_back(review: Review, deed: Deed, question: Question) -> Change:
    """Have an item read anew by anybody: its answers no longer count, and the deed's note says why.

    Raises:
        ConflictError: If the item has changed, is in other hands, or nobody has answered it.
    """
    require_version(review, deed.version)
    require_free(review, deed.reviewer, deed.at_ms)
    if not review.readings:
        raise refusal(review, "an item that somebody has answered")
    after = replace(
        Review(review.item, review.version, comment=deed.note),
        event_ids=review.event_ids,
        head=review.head,
    )
    return _changed(review, after, deed, question, Act.SEND_BACK)


def _reading(review: Review, deed: Deed, given: Answer, *, adjudicates: bool = False) -> Reading:
    return Reading(
        deed.reviewer,
        given,
        deed.at_ms,
        len(review.event_ids) + 1,
        bulk=deed.batch is not None,
        note=deed.note,
        adjudicates=adjudicates,
    )


def _with(
    review: Review, deed: Deed, given: Answer, *, adjudicates: bool = False
) -> tuple[Reading, ...]:
    return (*review.readings, _reading(review, deed, given, adjudicates=adjudicates))


def _pooled(review: Review, rules: Rules) -> Review:
    """Two people who agreed, or one who decided, and none of them in bulk: only then the answer is known."""
    sure = review.state is State.SETTLED and len(review.readings) > 1
    bulk = any(reading.bulk for reading in review.readings)
    picked = rules.draws("pool", review.item, rules.honeypot_pool)
    return replace(review, pooled=sure and picked and not bulk)


def _changed(before: Review, after: Review, deed: Deed, question: Question, act: Act) -> Change:
    standing = before.readings[-1] if before.readings else None
    latest = after.checks if act is Act.CHECK else after.readings
    event = Event(
        item=before.item,
        seq=len(before.event_ids) + 1,
        id=deed.id,
        act=act,
        reviewer=deed.reviewer,
        at_ms=deed.at_ms,
        before=standing.answer if standing else None,
        before_by=standing.reviewer if standing else None,
        before_bulk=standing.bulk if standing else False,
        after=latest[-1].answer if latest else None,
        settled=after.state is State.SETTLED,
        note=deed.note,
        batch=deed.batch,
        took_ms=deed.took_ms,
        prediction=question.prediction,
        reason=question.reason,
        model=question.model,
        previous=before.head,
    )
    final = replace(after, version=before.version + 1, event_ids=(*before.event_ids, deed.id))
    return _resealed(Change(final, event), event)


def _resealed(change: Change, event: Event) -> Change:
    whole = sealed(event)
    return Change(replace(change.review, head=whole.hash), whole)
