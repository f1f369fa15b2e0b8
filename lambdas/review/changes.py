"""One deed about one item: read, decide, keep; again if somebody else was faster, and never twice."""

from collections.abc import Callable

from fabwafer.deeds import Change
from fabwafer.errors import ContractError
from fabwafer.history import Answer, Verdict
from fabwafer.triage import Policy
from fabwafer.work_item import Review
from lambdas.review.visit import NotFoundError, Visit
from lambdas.work_records import Work

_ATTEMPTS = 4
_BUSY = "item {} changed while it was being changed: try again"


class BusyError(Exception):
    """Somebody else was faster each time; nothing was kept, and the same request again will do."""


def read_item(visit: Visit, item: str) -> Work:
    """Return an item as it is now.

    Raises:
        NotFoundError: If there is none in the caller's fabs.
    """
    work = visit.desk.work.read(item)
    if work is None or not visit.caller.sees(work.fab):
        raise NotFoundError(f"item {item}")
    return work


def change(
    visit: Visit, item: str, deed_id: str, decide: Callable[[Work], Change]
) -> tuple[Work, bool]:
    """Do a deed unless it was done before; return the item after it, and whether it was.

    Raises:
        ConflictError: If the item does not allow it.
        NotFoundError: If there is none in the caller's fabs.
        BusyError: If others leave it no moment alone.
    """
    for _ in range(_ATTEMPTS):
        work = read_item(visit, item)
        if deed_id in work.review.event_ids:
            return work, True
        decided = decide(work)
        after = work.after(decided.review)
        if visit.desk.work.append(work, after, decided.event):
            return after, False
    raise BusyError(_BUSY.format(item))


def move(visit: Visit, item: str, decide: Callable[[Work], Review]) -> Work:
    """Change whose an item is, which is no event.

    Raises:
        ConflictError: If the item does not allow it.
        NotFoundError: If there is none in the caller's fabs.
        BusyError: If others leave it no moment alone.
    """
    for _ in range(_ATTEMPTS):
        work = read_item(visit, item)
        after = work.after(decide(work))
        if visit.desk.work.save(work, after):
            return after
    raise BusyError(_BUSY.format(item))


def canonical_answer(verdict: Verdict, labels: tuple[str, ...], policy: Policy) -> Answer:
    """Return an answer in the words of the model that asked.

    Raises:
        ContractError: If a label is none of the model's, stands twice, or contradicts another.
    """
    known = policy.label_set
    try:
        names = sorted(known.canonical(label) for label in labels)
    except ContractError as error:
        expected = f"one of {', '.join(policy.labels)}"
        unknown = next(label for label in labels if not _is_known(policy, label))
        raise ContractError("labels", unknown, expected) from error
    if len(set(names)) != len(names):
        raise ContractError("labels", list(labels), "each label once")
    if policy.normal in names and len(names) > 1:
        raise ContractError("labels", list(labels), f"{policy.normal} alone, or defects")
    return Answer(verdict, tuple(names))


def _is_known(policy: Policy, label: str) -> bool:
    try:
        policy.label_set.canonical(label)
    except ContractError:
        return False
    return True
