"""Any deeds of any people in any order: nothing is lost, nothing is held by two, and every label has its events."""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from review_deeds import BAD_IMAGE, NOW_MS, POOLED, QUESTION, UNKNOWN, item, says

from fabwafer.deeds import Deed
from fabwafer.errors import ConflictError
from fabwafer.history import Act, is_intact, readings
from fabwafer.leases import extend, lease, release
from fabwafer.review import adjudicate, answer, send_back, undo
from fabwafer.work_item import Queue, State

PEOPLE = st.sampled_from(["ann", "bob", "cyd", "eve"])
ANSWERS = st.sampled_from([says("Loc"), says("Loc"), says("Loc", "Scratch"), UNKNOWN, BAD_IMAGE])
BULK = st.sampled_from([False, False, False, True])
QUICK = replace(POOLED, undo_ms=1)
SHARES = st.sampled_from([0.0, 1.0])


class ReviewMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.review = item()
        self.now_ms = NOW_MS
        self.events = []
        self.states_before = {}

    def deed(self, who, **changes):
        number = len(self.events)
        return replace(Deed(f"deed-{number}", who, self.review.version, self.now_ms), **changes)

    def do(self, decide):
        before = self.review
        try:
            change = decide()
        except ConflictError:
            assert self.review == before
            return
        assert change.review.version == before.version + 1
        self.states_before[change.event.seq] = before
        self.review = change.review
        self.events.append(change.event)

    @rule(seconds=st.sampled_from([1, 6, 61]))
    def time_passes(self, seconds):
        self.now_ms += seconds * 1000

    @rule(who=PEOPLE)
    def take(self, who):
        holder = self.review.holder(self.now_ms)
        try:
            self.review = lease(self.review, who, self.now_ms, QUICK)
        except ConflictError:
            return
        assert holder in (None, who)
        assert self.review.holder(self.now_ms) == who

    @rule(who=PEOPLE)
    def keep(self, who):
        version = self.review.version
        try:
            self.review = extend(self.review, who, version, self.now_ms, QUICK)
        except ConflictError:
            return
        assert self.review.version == version

    @rule(who=PEOPLE, anyones=st.booleans())
    def give_back(self, who, anyones):
        try:
            self.review = release(self.review, who, self.review.version, anyones=anyones)
        except ConflictError:
            return
        assert self.review.lease is None

    @rule(who=PEOPLE, given=ANSWERS, share=SHARES, bulk=BULK)
    def says(self, who, given, share, bulk):
        rules = replace(QUICK, second_share=share)
        deed = self.deed(who, batch="batch" if bulk else None)
        self.do(lambda: answer(self.review, deed, given, QUESTION, rules))

    @rule(who=PEOPLE, given=ANSWERS)
    def decides(self, who, given):
        self.do(lambda: adjudicate(self.review, self.deed(who), given, QUESTION, QUICK))

    @rule(who=PEOPLE)
    def regrets(self, who):
        count = len(self.events)
        self.do(lambda: undo(self.review, self.deed(who), QUESTION, QUICK))
        if len(self.events) > count:
            undone = self.states_before[self.events[-1].undoes]
            assert self.review.readings == undone.readings
            assert self.review.state is undone.state

    @rule(who=PEOPLE)
    def sends_back(self, who):
        self.do(lambda: send_back(self.review, self.deed(who, note="again"), QUESTION))

    @rule(who=PEOPLE, behind=st.integers(1, 3), given=ANSWERS)
    def answers_what_is_past(self, who, behind, given):
        stale = self.deed(who, version=self.review.version - behind)
        count = len(self.events)
        self.do(lambda: answer(self.review, stale, given, QUESTION, QUICK))
        assert len(self.events) == count

    @invariant()
    def the_label_follows_from_the_events_alone(self):
        assert readings(self.events) == self.review.readings

    @invariant()
    def the_chain_is_whole(self):
        assert is_intact(self.events, self.review.head, len(self.review.event_ids))

    @invariant()
    def nobodys_answer_counts_twice(self):
        assert len(set(self.review.readers)) == len(self.review.readers)

    @invariant()
    def what_is_not_settled_waits_somewhere(self):
        if self.review.state is not State.SETTLED:
            assert self.review.queue is not None

    @invariant()
    def what_waits_for_anybody_is_held_by_nobody_but_who_may_take_it_back(self):
        if self.review.queue is not Queue.HELD and self.review.lease is not None:
            assert self.review.lease.holder in self.review.readers

    @precondition(lambda self: self.review.state is State.DISPUTED)
    @invariant()
    def a_dispute_has_two_sides(self):
        assert len({reading.answer for reading in self.review.readings}) == 2

    @invariant()
    def no_answer_is_lost_but_by_undo_and_sending_back(self):
        given = sum(event.act in (Act.ANSWER, Act.ADJUDICATE) for event in self.events)
        gone = any(event.act in (Act.UNDO, Act.SEND_BACK) for event in self.events)
        assert gone or given == len(self.review.readings)


TestReviewMachine = ReviewMachine.TestCase
TestReviewMachine.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
