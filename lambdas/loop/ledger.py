"""The papers of the loop in the papers table: read, kept once, revised only by who saw the latest."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from fabwafer.errors import ConflictError
from lambdas.loop.records import Paper
from lambdas.records import Item
from lambdas.stores.papers import PaperTable

_P = TypeVar("_P", bound=Paper)
_ATTEMPTS = 20
"""The line is revised by whoever signs a bundle, a rollout by every look at it."""


@dataclass(frozen=True)
class Ledger:
    """Typed papers; what two functions revise at once only one of them gets."""

    papers: PaperTable

    def read(self, sort: type[_P], name: str) -> _P | None:
        """Return a paper, None if there is none."""
        found = self.papers.read(sort.kind, name)
        return None if found is None else sort.model_validate_json(str(found["body"]))

    def all(self, sort: type[_P], limit: int = 100) -> list[_P]:
        """Return the latest papers of a sort, those with the highest names first."""
        rows = self.papers.latest(sort.kind, limit)
        return [sort.model_validate_json(str(row["body"])) for row in rows]

    def keep_new(self, paper: Paper) -> bool:
        """Keep a paper unless there is one of its name; tell whether it was kept."""
        return self.papers.put_new(_row(paper))

    def revise(self, paper: _P) -> _P | None:
        """Keep a paper in the place of the version it was made from; None if there is another by now.

        Returns the paper as kept, with its version one higher.
        """
        newer = paper.model_copy(update={"version": paper.version + 1})
        return newer if self.papers.revise(_row(newer), paper.version) else None

    def change(self, sort: type[_P], name: str, decide: Callable[[_P], _P | None]) -> _P | None:
        """Revise a paper that others revise, too: decide by the latest, and again if somebody was faster.

        Args:
            sort: Of the paper.
            name: Its name.
            decide: The latest -> what is to take its place, None to leave it. It may be asked several times.

        Returns:
            The paper as it is now; None if there is none.

        Raises:
            ConflictError: If others were always faster.
        """
        version = 0
        for _ in range(_ATTEMPTS):
            paper = self.read(sort, name)
            newer = None if paper is None else decide(paper)
            if paper is None or newer is None:
                return paper
            version, kept = paper.version, self.revise(newer)
            if kept is not None:
                return kept
        raise ConflictError(sort.kind, name, "a paper that stands still for a moment", version)


def _row(paper: Paper) -> Item:
    return {
        "kind": paper.kind,
        "name": paper.name,
        "version": paper.version,
        "body": paper.model_dump_json(),
    }
