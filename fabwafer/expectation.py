"""What a candidate was measured to do -> what it is expected to do on the line, and what counts as too much. Pure.

A candidate that learned a class must contradict the model in use: only what the comparison did not predict speaks
against it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from fabwafer.release import Comparison, Replay

LEARNED = 0.2
"""A label whose recall on the test set grew by this much was learned: to call it is no contradiction."""
_CONTRADICTED, _UNEXPLAINED = 0.10, 0.05
"""Expected of a candidate without a replay."""
_FEWEST_ANSWERS = 20
_OVERRIDDEN = 0.5
"""Of the wafers that people were asked about, where the model before has too few answers to compare with."""


@dataclass(frozen=True)
class Share:
    """A measured share (0..1), and of how many wafers: what is expected is no surer than that."""

    value: float
    wafers: int = 0

    def limit(self, slack: float) -> float:
        """Return what is too much: beyond the slack and twice the standard error; kept within 0..1."""
        spread = self.value * (1 - self.value)
        error = 2 * math.sqrt(max(spread, 0.0) / self.wafers) if self.wafers else 0.0
        return min(max(self.value, 0.0) + slack + error, (1 + max(self.value, 0.0)) / 2)


@dataclass(frozen=True)
class Baseline:
    """What the model before did, on the same cameras earlier and on the others now.

    Attributes:
        wafers: How many.
        abstained: For how many it asked a person.
        alerts: How many it alerted about.
        labels: How often it called each label.
        answered: How many people have answered.
        overridden: How many of those they called otherwise.
        edge_ms: The median time of a wafer, None if unknown.
    """

    wafers: int = 0
    abstained: int = 0
    alerts: int = 0
    labels: Mapping[str, int] | None = None
    answered: int = 0
    overridden: int = 0
    edge_ms: float | None = None


@dataclass(frozen=True)
class Expectation:
    """What is expected of a candidate, by all that is known before it decides anything.

    Attributes:
        learned: Labels that it tells and the model before did not.
        contradicted: Share of wafers that the two call differently.
        unexplained: The same without the calls of learned labels.
        abstained: Share for which it asks a person.
        alerts: Share that it alerts about.
        labels: Share of each label.
        overridden: Share of people's answers that differ from it.
        more_abstained: By how much more often it asks a person than the model before, of the same wafers.
        edge_ms: Median time of a wafer of the model before.
    """

    learned: frozenset[str]
    contradicted: Share
    unexplained: Share
    abstained: Share
    alerts: Share
    labels: Mapping[str, Share]
    overridden: Share
    more_abstained: float
    edge_ms: float | None


def expect(comparison: Comparison | None, baseline: Baseline) -> Expectation:
    """Return what to expect of a candidate; where replay and baseline differ, the larger share."""
    learned = _learned(comparison)
    replay = comparison.replay if comparison else None
    if replay is not None and not replay.wafers:
        replay = None
    contradicted, unexplained = _contradictions(replay, learned)
    asked, alerts = (replay.candidate.reviews, replay.candidate.alerts) if replay else (0, 0)
    answers = baseline.answered
    return Expectation(
        learned=learned,
        contradicted=contradicted,
        unexplained=unexplained,
        abstained=_larger(_of(asked, replay), _share(baseline.abstained, baseline.wafers)),
        alerts=_larger(_of(alerts, replay), _share(baseline.alerts, baseline.wafers)),
        labels=_labels(replay, baseline),
        overridden=_share(baseline.overridden, answers)
        if answers >= _FEWEST_ANSWERS
        else Share(_OVERRIDDEN),
        more_abstained=_more(replay),
        edge_ms=baseline.edge_ms,
    )


def _learned(comparison: Comparison | None) -> frozenset[str]:
    if comparison is None or comparison.test.current is None:
        return frozenset()
    before = comparison.test.current.labels
    recalls = {name: worth.recall for name, worth in before.items()}
    return frozenset(
        name
        for name, worth in comparison.test.candidate.labels.items()
        if (worth.recall or 0.0) - (recalls.get(name) or 0.0) >= LEARNED
    )


def _contradictions(replay: Replay | None, learned: frozenset[str]) -> tuple[Share, Share]:
    if replay is None:
        explained = 2 * LEARNED if learned else 0.0
        return Share(_CONTRADICTED + explained), Share(_UNEXPLAINED)
    new, old = replay.candidate.by_label, replay.current.by_label
    explained_count = sum(max(0, new.get(name, 0) - old.get(name, 0)) for name in learned)
    rest = max(0, replay.changed - explained_count)
    return _share(replay.changed, replay.wafers), _share(rest, replay.wafers)


def _labels(replay: Replay | None, baseline: Baseline) -> dict[str, Share]:
    counted = baseline.labels or {}
    replayed = replay.candidate.by_label if replay else {}
    return {
        name: _larger(
            _of(replayed.get(name, 0), replay), _share(counted.get(name, 0), baseline.wafers)
        )
        for name in {*counted, *replayed}
    }


def _more(replay: Replay | None) -> float:
    if replay is None:
        return 0.0
    return max(0.0, (replay.candidate.reviews - replay.current.reviews) / replay.wafers)


def _of(count: int, replay: Replay | None) -> Share:
    return _share(count, replay.wafers) if replay else Share(0.0)


def _share(count: int, wafers: int) -> Share:
    return Share(min(count / wafers, 1.0), wafers) if wafers else Share(0.0)


def _larger(one: Share, other: Share) -> Share:
    return max(one, other, key=lambda share: share.value)
