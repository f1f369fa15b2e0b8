"""A fab's wafers -> what rings: its process by label, its cameras by figure, its models by doubt. Pure.

Thresholds are those that `python -m bench.drift` found for a reference fab; docs/drift.md has what they promise.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from fabwafer import camera_drift, model_drift, process_drift
from fabwafer.lots_under_way import Lot, Seen, ended, with_wafer

REFERENCE_LOTS_PER_DAY = 20
"""The fab that the thresholds were found for: 500 wafers a day in lots of 25."""
PROCESS_THRESHOLD = 7.0
CAMERA_THRESHOLD = 9.0
MODEL_THRESHOLD = 7.0
_FEWEST_LOTS = 5
"""Below that the thresholds stay: the exponential no longer holds for low ones."""
_QUIET_MS = 6 * 3600 * 1000
_MOST_MODELS = 4


@dataclass(frozen=True)
class Rules:
    """How the three detectors watch a fab."""

    process: process_drift.Rules
    camera: camera_drift.Rules
    model: model_drift.Rules

    @classmethod
    def of(cls, lots_per_day: float) -> "Rules":
        """Return the rules of a fab with so many lots a day.

        The time between false alarms grows with the exponential of a threshold that is in nats.
        """
        more = math.log(max(lots_per_day, _FEWEST_LOTS) / REFERENCE_LOTS_PER_DAY)
        return cls(
            process_drift.Rules(PROCESS_THRESHOLD + more),
            camera_drift.Rules(CAMERA_THRESHOLD + more / 2),
            model_drift.Rules(MODEL_THRESHOLD + more),
        )


@dataclass(frozen=True)
class Model:
    """A model in a fab: its doubt, and when it was last at work."""

    last_ms: int = 0
    doubt: model_drift.Watched = field(default_factory=model_drift.Watched)


@dataclass(frozen=True)
class Fab:
    """What is known of a fab; JSON keeps it between two looks."""

    lots: dict[str, Lot] = field(default_factory=dict)
    labels: dict[str, process_drift.Watched] = field(default_factory=dict)
    cameras: dict[str, dict[str, camera_drift.Watched]] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)


def after_wafers(
    fab: Fab, wafers: Iterable[Seen], labels: Iterable[str], now_ms: int, rules: Rules
) -> Fab:
    """Return what is known of a fab after some more wafers.

    Args:
        fab: What was known.
        wafers: The new ones, those of a camera in order of time.
        labels: The defects that the models know, whether or not they were seen.
        now_ms: When; a lot without a wafer for six hours has ended.
        rules: How to watch.
    """
    fresh = {name: process_drift.Watched() for name in labels if name not in fab.labels}
    fab = replace(fab, labels=fab.labels | fresh)
    for seen in wafers:
        lots, over = with_wafer(fab.lots, seen)
        fab = _after_lots(replace(fab, lots=lots), over, rules)
    lots, over = ended(fab.lots, now_ms - _QUIET_MS)
    return _early(_after_lots(replace(fab, lots=lots), over, rules), rules)


def without_model(fab: Fab, model: str) -> Fab:
    """Return a fab that learns what is usual for a model anew."""
    return replace(fab, models={name: each for name, each in fab.models.items() if name != model})


def _after_lots(fab: Fab, lots: Iterable[Lot], rules: Rules) -> Fab:
    for lot in lots:
        fab = replace(
            fab,
            labels=_after_labels(fab.labels, lot, rules.process),
            cameras=_after_pictures(fab.cameras, lot, rules.camera),
            models=_after_models(fab.models, lot, rules),
        )
    return fab


def _after_labels(
    labels: Mapping[str, process_drift.Watched], lot: Lot, rules: process_drift.Rules
) -> dict[str, process_drift.Watched]:
    after = dict(labels)
    for label in labels:
        for calls in lot.of(label):
            after[label] = process_drift.after_lot(after[label], calls, lot.last_ms, rules)
    return after


def _after_pictures(
    cameras: Mapping[str, dict[str, camera_drift.Watched]], lot: Lot, rules: camera_drift.Rules
) -> dict[str, dict[str, camera_drift.Watched]]:
    if lot.pictures < rules.least_wafers:
        return dict(cameras)
    known = cameras.get(lot.camera, {})
    after = camera_drift.after_group(known, lot.means(), lot.last_ms, rules)
    return dict(cameras) | {lot.camera: after}


def _after_models(models: Mapping[str, Model], lot: Lot, rules: Rules) -> dict[str, Model]:
    after = dict(models)
    for name, wafers in lot.doubts.items():
        known = after.get(name, Model()).doubt
        doubt = model_drift.after_lot(known, wafers, lot.last_ms, rules.model)
        after[name] = Model(lot.last_ms, doubt)
    latest = sorted(after, key=lambda name: after[name].last_ms)[-_MOST_MODELS:]
    return {name: after[name] for name in latest}


def _early(fab: Fab, rules: Rules) -> Fab:
    """A lot under way may ring before it ends."""
    under_way = [lot for lot in fab.lots.values() if lot.wafers]
    if not under_way:
        return fab
    at_ms = max(lot.last_ms for lot in under_way)
    labels = {
        label: process_drift.within_lot(
            each,
            [calls for lot in under_way for calls in lot.of(label)],
            at_ms,
            rules.process,
        )
        for label, each in fab.labels.items()
    }
    return replace(fab, labels=labels)
