"""Predictions of a ring's cameras -> what the candidate and the model in use say of each, and what people settled on."""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from fabwafer.expectation import Baseline
from fabwafer.guards import Opinion, Seen
from fabwafer.history import Verdict
from fabwafer.work_item import State
from lambdas.loop.figures import WaferFigures
from lambdas.loop.ring_wafers import Part, RingWafers
from lambdas.policies import Policies
from lambdas.records import Item, int_of, item_of
from lambdas.stores.reviews import WorkTable
from lambdas.work_records import Work


@dataclass(frozen=True)
class Sighter:
    """Reads what was predicted, and what people said of it."""

    wafers: RingWafers
    work: WorkTable
    policies: Policies

    def beside(self, part: Part, model: str) -> list[Seen]:
        """Return wafers that a model (name@version) saw beside the one in use, as they arrived."""
        return self._seen(self.wafers.since(part, {"shadow.model": model}), shadowed=True)

    def decided(self, part: Part, model: str, beside: str | None = None) -> list[Seen]:
        """Return wafers that a model decided, as they arrived, with what another said that ran beside it."""
        return self._seen(self.wafers.since(part, {"model": model}), other=beside)

    def before(self, part: Part, model: str) -> list[Seen]:
        """Return the last wafers that a model decided before a moment."""
        return self._seen(self.wafers.before(part, {"model": model}))

    def _seen(
        self, rows: Sequence[Item], *, shadowed: bool = False, other: str | None = None
    ) -> list[Seen]:
        """Read opinions; the candidate's are the shadow's, or those in use and `other` names a shadow that counts."""
        names = [item_of(row) for row in rows]
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
            fab=str(row["fab"]),
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
        fabs=dict(Counter(each.fab for each in seen)),
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
