"""Every settled label of use -> a dataset version: what is learned from, on whose word, and what it is compared on.

A version is built in memory by reading alone, so that two who build at once disturb nobody; who may train writes it. Its
files are never written over. The manifest's hash names it; base data stays apart, and lineage.json lists it by hash.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fabwafer.datasets import SETTLE_MS, Use, may_judge
from fabwafer.errors import ContractError
from fabwafer.work_item import State
from lambdas.loop.answers import Answers, Settled
from lambdas.loop.manifests import Line, jsonl, pictures_manifest, with_digests
from lambdas.loop.recents import Recents
from lambdas.loop.training_records import DatasetPaper
from lambdas.stores.model_files import ModelBucket

MANIFEST = "manifest.jsonl"
PICTURES = "pictures.manifest"
LINEAGE = "lineage.json"
_MOST_BYTES = 1024**3
_BASE = ("base/", "test/")
_JSON, _LINES = "application/json", "application/x-ndjson"


@dataclass(frozen=True)
class Version:
    """A dataset version before it is written.

    Attributes:
        paper: What is kept of it.
        items: The wafers in it, sorted.
        recent: How many recent wafers lie beside it.
        files: Key in the models bucket -> content; the last one makes it whole.
    """

    paper: DatasetPaper
    items: tuple[str, ...]
    recent: int
    files: dict[str, bytes]


@dataclass(frozen=True)
class Builder:
    """Builds dataset versions, and writes them."""

    answers: Answers
    recents: Recents
    files: ModelBucket

    def build(self, number: str, previous: str | None, now_ms: int) -> Version:
        """Return the version that all answers up to now make; one given just now waits for the next.

        Raises:
            ContractError: If there is nothing in it.
        """
        cut_ms = now_ms - SETTLE_MS
        settled = sorted(self.answers.settled(cut_ms), key=lambda each: each.item)
        learned = [each for each in settled if each.use is Use.LEARN]
        judging = [
            each for each in settled if each.use is Use.JUDGE and may_judge(each.work.review)
        ]
        lines, missing = with_digests([each.described() for each in learned], self.recents.archive)
        if not lines:
            raise ContractError("dataset", f"{len(settled)} settled items", "one of use at least")
        recent = self.recents.lines(judging, now_ms)
        manifest = jsonl(lines)
        paper = DatasetPaper(
            name=number,
            created_ms=now_ms,
            key=f"{_folder(number)}{MANIFEST}",
            sha256=hashlib.sha256(manifest).hexdigest(),
            labels=dict(sorted(Counter(line["labels"][0] for line in lines).items())),
            reviewers=dict(
                sorted(Counter(who for line in lines for who in line["reviewers"]).items())
            ),
            conflicting=self.answers.unfinished(State.DISPUTED),
            unsettled=self.answers.unfinished(State.SECOND),
            excluded=_excluded(settled, missing),
            last_event_ms=cut_ms,
            previous=previous,
        )
        items = tuple(line["item"] for line in lines)
        lineage = self._lineage(paper, _chosen(learned, items), judging)
        return Version(paper, items, len(recent), self._contents(paper, lines, recent, lineage))

    def write(self, version: Version) -> None:
        """Write a version's files; the same again changes nothing.

        Raises:
            ContractError: If other files of its number are there: what is written stays as it is.
        """
        for key, content in version.files.items():
            if not self.files.put_new(key, content, _JSON if key.endswith(".json") else _LINES):
                there = self.files.read(key, len(content))
                if there != content:
                    raise ContractError(key, "another content", "a number that was never used")

    def items(self, paper: DatasetPaper) -> tuple[str, ...]:
        """Return the wafers of a version that was written, as its manifest names them.

        Raises:
            ContractError: If the manifest is not there, or larger than one is.
        """
        manifest = self.files.read(paper.key, _MOST_BYTES)
        if manifest is None:
            raise ContractError("dataset", paper.key, "the manifest that was written")
        return tuple(json.loads(line)["item"] for line in manifest.splitlines())

    def _contents(
        self, paper: DatasetPaper, lines: list[Line], recent: list[Line], lineage: Line
    ) -> dict[str, bytes]:
        images, folder = self.recents.archive.name, _folder(paper.name)
        files: dict[str, bytes] = {}
        if recent:
            files[recent_manifest(paper.name)] = jsonl(recent)
            files[recent_pictures(paper.name)] = _pictures(images, recent)
        files[f"{folder}{LINEAGE}"] = json.dumps(lineage, indent=1, sort_keys=True).encode()
        files[dataset_pictures(paper.name)] = _pictures(images, lines)
        files[paper.key] = jsonl(lines)
        return files

    def _lineage(
        self, paper: DatasetPaper, learned: Iterable[Settled], judging: Iterable[Settled]
    ) -> Line:
        base = [each for prefix in _BASE for each in self.files.below(prefix)]
        return {
            **paper.model_dump(exclude={"version", "name", "key"}),
            "dataset": paper.name,
            "base": [vars(each) for each in base],
            "answers": {each.item: _answer(each) for each in learned},
            "held_out": {
                "share_of_lots": self.answers.held_out,
                "why": "no model learns from them: candidate and current are compared on them",
                "items": [each.item for each in judging],
            },
        }


def labels_folder(number: str) -> str:
    """Return the prefix of a dataset's files."""
    return _folder(number)


def dataset_pictures(number: str) -> str:
    """Return the key of a dataset's list of pictures."""
    return f"{_folder(number)}{PICTURES}"


def recent_manifest(number: str) -> str:
    """Return the key of the recent wafers' manifest."""
    return f"recent/{number}/{MANIFEST}"


def recent_pictures(number: str) -> str:
    """Return the key of the recent wafers' list of pictures."""
    return f"recent/{number}/{PICTURES}"


def _folder(number: str) -> str:
    return f"datasets/{number}/"


def _pictures(bucket: str, lines: Iterable[Line]) -> bytes:
    return pictures_manifest(bucket, (line["image"] for line in lines))


def _excluded(settled: Sequence[Settled], missing: int) -> dict[str, int]:
    counts = Counter(each.use.value for each in settled if each.use is not Use.LEARN)
    counts[Use.NO_PICTURE.value] += missing
    return {reason: count for reason, count in sorted(counts.items()) if count}


def _chosen(learned: Iterable[Settled], items: Sequence[str]) -> list[Settled]:
    wanted = set(items)
    return [each for each in learned if each.item in wanted]


def _answer(settled: Settled) -> dict[str, Any]:
    review = settled.work.review
    return {
        "label": settled.label,
        "head": review.head,
        "readings": [
            {"seq": each.seq, "reviewer": each.reviewer, "at_ms": each.at_ms, "bulk": each.bulk}
            for each in review.readings
        ],
    }
