"""A release's replay -> how often the new model will usually call each label, before it has decided a lot. Pure.

Both models saw the same wafers, so what the replay counts otherwise is the model and not the process.
"""

from dataclasses import replace

from fabwafer.fab_watch import Fab
from fabwafer.process_drift import Known, Rules, Watched
from fabwafer.release import Comparison, Replay
from fabwafer.usual_rate import Baseline

_FEWEST = 1000
"""Wafers of a replay that says anything: with fewer the new model's rates are learned from its own lots."""
_PRIOR = 5.0
"""Calls that both models are thought to share beyond those counted: two calls instead of one are no twofold rise."""


def with_release(fab: Fab, comparison: Comparison, rules: Rules) -> Fab:
    """Return a fab that knows a released model's usual rates by those of the model before.

    They count as little as such that have just been learned, so that the model's own lots soon outweigh the replay. A
    label of which nothing is known under the model before, or something under the new one, stays as it is.

    Args:
        fab: What was known.
        comparison: Of the new model (its candidate) with the one before (its current).
        rules: How labels are watched.
    """
    replay = comparison.replay
    if replay is None or replay.wafers < _FEWEST or comparison.current is None:
        return fab
    labels = {}
    for label, watched in fab.labels.items():
        usual = watched.of(comparison.current).usual
        if rules.know(usual) and comparison.candidate not in watched.models:
            watched = _with(watched, comparison.candidate, _expected(usual, label, replay, rules))
        labels[label] = watched
    return replace(fab, labels=labels)


def _expected(usual: Baseline, label: str, replay: Replay, rules: Rules) -> Baseline:
    known = Baseline().plus(usual, rules.arm_lots)
    new, old = (each.by_label.get(label, 0) for each in (replay.candidate, replay.current))
    prior = _PRIOR * known.wafers / replay.wafers
    return known.with_hits((known.hits + prior) * (new + _PRIOR) / (old + _PRIOR) - prior)


def _with(watched: Watched, model: str, usual: Baseline) -> Watched:
    return replace(watched, models=watched.models | {model: Known(usual)})
