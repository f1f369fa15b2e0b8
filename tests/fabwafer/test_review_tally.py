"""Sums of events: the same whichever way the events are cut into days and pieces."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from review_deeds import NOW_MS, POOLED, QUESTION, TWO, deed, item, says

from fabwafer import oversight
from fabwafer.agreement import pairs, report
from fabwafer.errors import ConflictError
from fabwafer.history import Answer, Event, Verdict
from fabwafer.review import adjudicate, answer, send_back, undo
from fabwafer.tally import added, counted, day_of, reaching_back, read, written

AUDIT = replace(QUESTION, reason="audit")
DAY_MS = 86_400_000
ANSWERS = [says("Loc"), says("Donut", "Loc"), Answer(Verdict.BAD_IMAGE), Answer(Verdict.UNKNOWN)]
ACTS = {
    "answer": lambda review, done, given, rules: answer(review, done, given, AUDIT, rules),
    "adjudicate": lambda review, done, given, rules: adjudicate(review, done, given, AUDIT, rules),
    "undo": lambda review, done, _, rules: undo(review, done, AUDIT, rules),
    "send back": lambda review, done, *_: send_back(review, done, AUDIT),
}


def lived(deeds, rules=TWO) -> list[Event]:
    """What happens when people do this, one deed an hour; what an item does not allow is left out."""
    works, events = {}, []
    for hour, (number, act, who, said) in enumerate(deeds):
        review = works.get(number, replace(item(), item=f"img{number}~1763699999000"))
        done = deed(
            review,
            who,
            at_ms=NOW_MS + hour * 3_600_000,
            took_ms=hour % 2 * 2000,
            batch="batch" if hour % 5 == 0 else None,
        )
        try:
            change = ACTS[act](review, done, ANSWERS[said], rules)
        except ConflictError:
            continue
        works[number], events = change.review, [*events, change.event]
    return events


DEEDS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from([*["answer"] * 3, *ACTS]),
        st.sampled_from(["ann", "bob", "cyd"]),
        st.integers(0, 3),
    ),
    max_size=60,
)


@given(DEEDS, st.sampled_from([TWO, POOLED]), st.sets(st.integers(0, 60)))
def test_sums_of_pieces_are_the_sum_of_all(deeds, rules, cuts):
    events = lived(deeds, rules)
    history = {event.item: [e for e in events if e.item == event.item] for event in events}
    borders = sorted({0, len(events), *(cut for cut in cuts if cut < len(events))})
    pieces = [events[first:last] for first, last in pairwise(borders)]
    tallies = [
        counted(piece, {name: history[name] for name in reaching_back(piece)}) for piece in pieces
    ]
    assert added(tallies, "") == counted(events)


@given(DEEDS, st.sampled_from([TWO, POOLED]))
def test_nothing_is_taken_back_more_often_than_it_was_given(deeds, rules):
    assert all(count > 0 for count in counted(lived(deeds, rules)).values())


@given(DEEDS)
def test_what_is_settled_is_what_the_items_say(deeds):
    events = lived(deeds)
    last: dict[str, bool] = {event.item: event.settled for event in events}
    assert oversight.settled(counted(events)) == sum(last.values())


@given(DEEDS)
def test_sums_are_read_as_they_were_written(deeds):
    tally = counted(lived(deeds))
    assert read(written(tally)) == tally


def test_what_is_taken_back_the_day_after_counts_on_neither_day():
    events = lived(
        [(0, "answer", "ann", 0)] + [(1, "undo", "bob", 0)] * 24 + [(0, "undo", "ann", 0)]
    )
    first, taken = events
    assert day_of(first.at_ms) < day_of(taken.at_ms)

    later = counted([taken], {taken.item: events})

    assert reaching_back([taken]) == [taken.item]
    assert added([counted([first]), later], "") == {}
    assert added([later], day_of(taken.at_ms)) == {}


def test_a_pair_that_came_often_counts_as_often():
    deeds = [
        (number, "answer", who, said)
        for number in range(3)
        for who, said in (("ann", 0), ("bob", 0 if number else 1))
    ]
    found = pairs(counted(lived(deeds)))
    figure = report(found).overall
    assert sum(pair.times for pair in found) == figure.pairs == 3
    assert (figure.bulk_pairs, figure.percent) == (2, 0.75)  # two in bulk, one of them agreed
