"""Predictions of a ring's cameras -> what the candidate and the model in use say of each, and what people settled on."""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from fabwafer.expectation import Baseline
from fabwafer.guards import Opinion, Seen
from fabwafer.history import Verdict
from fabwafer.work_item import State
from lambdas.loop.figures import WaferFigures
from lambdas.policies import Policies
from lambdas.records import Item, item_id
from lambdas.review.records import Work, int_of
from lambdas.stores.pages import Filter, Page, Span
from lambdas.stores.reviews import WorkTable
from lambdas.stores.wafers import WaferTable

_CLOCK_MS = 300_000
"""How far a camera's clock may go wrong between two heartbeats."""
_CALLS = 20
_FEWEST_A_CAMERA = 20


@dataclass(frozen=True)
class Sighter:
    """Reads what was predicted, and what people said of it."""

    wafers: WaferTable
    work: WorkTable
    policies: Policies

    def beside(
        self, cameras: Mapping[str, int], model: str, since_ms: int, most: int
    ) -> list[Seen]:
        """Return wafers that a model saw beside the one in use, as they arrived.

        Args:
            cameras: <fab>/<camera> -> how much its clock is behind, ms.
            model: name@version.
            since_ms: Wafers that arrived before are left out.
            most: About how many wafers to return at most.
        """
        rows = self._since(cameras, since_ms, most, Filter(equal={"shadow.model": model}))
        return self._seen(rows, shadowed=True)

    def decided(
        self, cameras: Mapping[str, int], model: str, since_ms: int, most: int, beside: str | None
    ) -> list[Seen]:
        """Return wafers that a model decided, with what another said that ran beside it; arguments as of `beside`."""
        rows = self._since(cameras, since_ms, most, Filter(equal={"model": model}))
        return self._seen(rows, other=beside)

    def before(self, cameras: Iterable[str], model: str, until_ms: int, most: int) -> list[Seen]:
        """Return the last wafers that a model decided before a moment, of some cameras."""
        named = list(cameras)
        wanted = Filter(equal={"model": model})
        page = Page(_each(most, named), wanted=wanted, most_calls=2)
        rows = [
            row
            for camera in named
            for row in self.wafers.find(
                Span(
                    "by_camera", "fab_camera", camera, "timestamp", last=until_ms, newest_first=True
                ),
                page,
            )[0]
        ]
        return self._seen(rows)

    def _since(
        self, cameras: Mapping[str, int], since_ms: int, most: int, wanted: Filter
    ) -> list[Item]:
        arrived = replace(wanted, at_least={"received_ms": since_ms})
        page = Page(_each(most, list(cameras)), wanted=arrived, most_calls=_CALLS)
        rows: list[Item] = []
        for camera, behind_ms in cameras.items():
            first = since_ms - max(0, behind_ms) - _CLOCK_MS
            span = Span("by_camera", "fab_camera", camera, "timestamp", first=first)
            rows += self.wafers.find(span, page)[0]
        return rows

    def _seen(
        self, rows: Sequence[Item], *, shadowed: bool = False, other: str | None = None
    ) -> list[Seen]:
        """Read opinions; the candidate's are the shadow's, or those in use and `other` names a shadow that counts."""
        names = [item_id(str(row["imgid"]), int_of(row["timestamp"])) for row in rows]
        works = self.work.read_all(names)
        seen = [
            self._one(row, works.get(name), shadowed=shadowed, other=other)
            for name, row in zip(names, rows, strict=True)
        ]
        return sorted(seen, key=lambda each: each.at_ms)

    def _one(self, row: Item, work: Work | None, *, shadowed: bool, other: str | None) -> Seen:
        said, before = (_shadow(row), row) if shadowed else (row, _shadow(row))
        known = shadowed or (other is not None and before.get("model") == other)
        return Seen(
            candidate=self._opinion(said),
            current=self._opinion(before) if known else None,
            truth=_truth(work),
            asked=work is not None,
            edge_ms=_number(said, "edge_ms"),
            at_ms=int_of(row["received_ms"]),
        )

    def _opinion(self, said: Mapping[str, object]) -> Opinion:
        model = said.get("model")
        policy = self.policies.of(str(model) if model else None)
        label, probability = str(said["prediction"]), _number(said, "probability") or 0.0
        refused = said.get("refused")
        words = None if refused is None else str(refused)
        sure = probability >= policy.alert and words is None
        return Opinion(
            label=label,
            accepted=policy.accepts(label, probability, _number(said, "novelty"), words),
            alert=sure and label != policy.normal,
        )


def figures_of(seen: Sequence[Seen]) -> WaferFigures:
    """Return the figures of some wafers."""
    pairs = [(each, each.current) for each in seen if each.current is not None]
    answered = [each for each in seen if each.truth is not None]
    times = [each.edge_ms for each in seen if each.edge_ms is not None]
    return WaferFigures(
        wafers=len(seen),
        labels=dict(Counter(each.candidate.label for each in seen)),
        labels_current=dict(Counter(other.label for _, other in pairs)),
        reviews=_share(not each.candidate.accepted for each in seen),
        alerts=_share(each.candidate.alert for each in seen),
        agreement=_share(each.candidate.label == other.label for each, other in pairs),
        answered=len(answered),
        right=sum(each.candidate.label == each.truth for each in answered),
        right_current=sum(
            each.current.label == each.truth for each in answered if each.current is not None
        )
        if pairs
        else None,
        edge_ms=round(statistics.median(times), 2) if times else None,
    )


def baseline_of(seen: Sequence[Seen]) -> Baseline:
    """Return what the model before did with some wafers."""
    answered = [each for each in seen if each.truth is not None]
    times = [each.edge_ms for each in seen if each.edge_ms is not None]
    return Baseline(
        wafers=len(seen),
        abstained=sum(not each.candidate.accepted for each in seen),
        alerts=sum(each.candidate.alert for each in seen),
        labels=Counter(each.candidate.label for each in seen),
        answered=len(answered),
        overridden=sum(each.candidate.label != each.truth for each in answered),
        edge_ms=statistics.median(times) if times else None,
    )


def _share(flags: Iterable[bool]) -> float | None:
    values = list(flags)
    return round(sum(values) / len(values), 4) if values else None


def _each(most: int, cameras: Sequence[str]) -> int:
    return max(_FEWEST_A_CAMERA, most // max(1, len(cameras)))


def _shadow(row: Item) -> Mapping[str, object]:
    return cast("Mapping[str, object]", row.get("shadow", {}))


def _number(said: Mapping[str, object], name: str) -> float | None:
    value = said.get(name)
    return None if value is None else float(str(value))


def _truth(work: Work | None) -> str | None:
    """One label that people settled on; several at once, a bad picture or an unknown pattern judge no model."""
    if work is None or work.review.state is not State.SETTLED:
        return None
    answer = work.review.answer
    if answer is None or answer.verdict is not Verdict.LABELS or len(answer.labels) != 1:
        return None
    return answer.labels[0]
