"""Which labels people may answer: the model's, and those that a fab's label book has beyond it.

A label of the book that no model knows yet is how a new class begins: people answer it, a dataset takes it up, and the
model that learned from that dataset brings it.
"""

import re
from collections.abc import Iterable
from threading import Lock

from fabwafer.errors import ContractError
from fabwafer.triage import Policy
from lambdas.records import Item
from lambdas.stores.papers import PaperTable

MOST_LABELS = 100
"""In a fab's book: more than people can tell apart."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
"""It becomes a folder's name in exports, and a class in a manifest."""


def book_kind(fab: str) -> str:
    """Return the kind of the papers of a fab's label book; each one's name is its label."""
    return f"label/{fab}"


class Vocabulary:
    """The label books as far as one request has read them."""

    def __init__(self, papers: PaperTable) -> None:
        self._papers = papers
        self._lock = Lock()
        self._books: dict[str, tuple[str, ...]] = {}

    def extend(self, fab: str, policy: Policy) -> Policy:
        """Return a policy with the labels of a fab's book that it lacks, the first added first."""
        for label in self.book(fab):
            if _spelled(policy, label) is None:
                policy = policy.model_copy(update={"labels": (*policy.labels, label)})
        return policy

    def book(self, fab: str) -> tuple[str, ...]:
        """Return the labels that somebody in a fab has written about, the first added first."""
        with self._lock:
            if fab not in self._books:
                papers = self._papers.latest(book_kind(fab), MOST_LABELS)
                self._books[fab] = tuple(str(each["name"]) for each in sorted(papers, key=_age))
            return self._books[fab]

    def require_new(self, label: str, fab: str, policy: Policy, fabs: Iterable[str]) -> None:
        """Check a label that a fab's book is to have beyond a model.

        Args:
            label: As it is to be spelled, everywhere and for ever.
            fab: Whose book.
            policy: What may be answered there so far.
            fabs: Whose books must not spell it in another way: one model learns from all of them.

        Raises:
            ContractError: If it cannot be a label, or is one already in another spelling.
        """
        if not _NAME.fullmatch(label):
            raise ContractError("label", label, "a letter, then up to 31 of A-Z a-z 0-9 _ -")
        books = (self.extend(each, policy) for each in fabs)
        for known in (policy, *books):
            spelled = _spelled(known, label)
            if spelled not in {None, label}:
                raise ContractError("label", label, f"{spelled}, as it is spelled already")
        if len(self.book(fab)) >= MOST_LABELS:
            raise ContractError("label", label, f"at most {MOST_LABELS} labels in a book")


def _spelled(policy: Policy, label: str) -> str | None:
    try:
        return policy.label_set.canonical(label)
    except ContractError:
        return None


def _age(paper: Item) -> tuple[int, str]:
    return int(str(paper.get("added_ms", 0))), str(paper["name"])
