"""The papers of the loop in the papers table: read, kept once, revised only by who saw the latest."""

from dataclasses import dataclass
from typing import TypeVar

from lambdas.loop.records import Paper
from lambdas.records import Item
from lambdas.stores.papers import PaperTable

_P = TypeVar("_P", bound=Paper)


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


def _row(paper: Paper) -> Item:
    return {
        "kind": paper.kind,
        "name": paper.name,
        "version": paper.version,
        "body": paper.model_dump_json(),
    }
