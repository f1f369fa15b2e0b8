"""What the shipped model says of real lots, whole and spoilt, through the shipped detector of a model that got worse.

Lots are whole ones of WM-811K that the model never learned from, drawn again and again in random order. Spoilt ones are
the same wafers measured badly: the labels stay true, so that what an audit would find is known.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.drift.clustering import whole_lots
from bench.drift.process import LOT, MONTH_LOTS
from edge_component.classifier import Classifier
from fabwafer.burst_audit import AUDIT_LABELS, wrong_to_confirm
from fabwafer.model_drift import (
    Doubtful,
    Rules,
    Watched,
    after_lot,
    usual_error,
)
from training.data.lots import Split, split_of

BUNDLE = Path(__file__).parents[2] / "models" / "wafer-map"
_TEST = 1
_TOLD = 0.001
_SETTLING = 20
_PATIENCE = 400
Dies = NDArray[np.uint8]


@dataclass(frozen=True)
class Lot:
    """A lot as the model saw it, and which of its answers are wrong."""

    wafers: list[Doubtful]
    wrong: list[bool]
    labels: list[str]


@dataclass(frozen=True)
class Worse:
    """What a way of getting worse looked like.

    Attributes:
        wrong: Share of wafers that the model gets wrong.
        wafers: Until suspicion, on average; as many as looked for if never.
        found: Share of suspicions within that time.
        confirmed: Share of audits that confirm.
    """

    wrong: float
    wafers: float
    found: float
    confirmed: float


def saw(
    data: Path, spoil: Callable[[np.random.Generator, Dies], Dies] | None, most: int
) -> list[Lot]:
    """Classify up to so many whole lots, each wafer spoilt first if asked for."""
    rng = np.random.default_rng(811)
    classifier = Classifier.load(BUNDLE)
    with np.load(data) as file:
        flat, shapes = file["flat"], file["shapes"].astype(int)
        labels, split, numbers = file["labels"], file["split"], file["lot"]
        classes = [str(each) for each in file["classes"]]
    starts = np.r_[0, np.cumsum(shapes.prod(1))]
    own = np.flatnonzero(split == _TEST)
    place, sizes = whole_lots(numbers[own])
    unseen = [
        lot
        for lot in range(len(sizes))
        if split_of(int(numbers[own[np.argmax(place == lot)]])) is not Split.TRAIN
    ]
    found = []
    for lot in rng.permutation(unseen)[:most]:
        wafers, wrong, truths = [], [], []
        for wafer in own[place == lot]:
            dies = flat[starts[wafer] : starts[wafer + 1]].reshape(shapes[wafer])
            seen = classifier.classify([dies if spoil is None else spoil(rng, dies)])[0]
            told = {name: score for name, score in seen.scores.items() if score >= _TOLD}
            wafers.append(Doubtful(seen.label, told))
            truths.append(classes[labels[wafer]])
            wrong.append(seen.label != truths[-1])
        found.append(Lot(wafers, wrong, truths))
    return found


def noisy(rng: np.random.Generator, dies: Dies) -> Dies:
    """Return a wafer of which a tester misread one die in twenty."""
    flipped = (rng.random(dies.shape) < 0.05) & (dies > 0)
    return np.where(flipped, 3 - dies, dies).astype(np.uint8)


def striped(rng: np.random.Generator, dies: Dies) -> Dies:
    """Return one wafer in ten with a pattern that the model never saw: every fifth row fails."""
    if rng.random() >= 0.1:
        return dies
    rows = (np.arange(dies.shape[0]) % 5 == 0)[:, None]
    return np.where(rows & (dies == 1), 2, dies).astype(np.uint8)


def checked(rng: np.random.Generator, dies: Dies) -> Dies:
    """Return one wafer in five with another: blocks of four by four dies fail in turn."""
    if rng.random() >= 0.2:
        return dies
    rows, columns = (np.arange(side) // 4 for side in dies.shape)
    fails = (rows[:, None] + columns) % 2 == 0
    return np.where(fails & (dies == 1), 2, dies).astype(np.uint8)


SPOILT: dict[str, Callable[[np.random.Generator, Dies], Dies]] = {
    "one wafer in ten with stripes, a pattern it never saw": striped,
    "one wafer in five with a chequered pattern": checked,
    "one die in twenty misread": noisy,
}


def suspicions(rng: np.random.Generator, lots: list[Lot], rules: Rules, months: int) -> int:
    """Return how often a model that is as good as ever is suspected in so many months."""
    return sum(_month(rng, lots, lots, rules) for _ in range(months))


def after(
    rng: np.random.Generator, lots: list[Lot], others: list[Lot], rules: Rules, months: int
) -> float:
    """Return how often a model that learned from some lots is suspected in a month of others, on average."""
    return sum(_month(rng, lots, others, rules) for _ in range(months)) / months


def confirmed(rng: np.random.Generator, lots: list[Lot], rules: Rules, audits: int) -> float:
    """Return the share of audits that find a model worse than it was on other lots like the ones it learned from."""
    usual = usual_error(_learned(rng, lots, rules))
    return _confirmed(rng, lots, usual, audits)


def worse(
    rng: np.random.Generator, lots: list[Lot], spoilt: list[Lot], rules: Rules, runs: int
) -> Worse:
    """Return how soon a model that got worse is suspected, and how often an audit then confirms."""
    delays, usual = [], 0.0
    for _ in range(runs):
        watched = _learned(rng, lots, rules)
        usual = usual_error(watched)
        for number in range(_SETTLING):
            watched = after_lot(watched, _drawn(rng, lots).wafers, number, rules)
        if not watched.cusum.rings:
            delays.append(_delay(rng, spoilt, watched, rules))
    return Worse(
        wrong=float(np.mean([each for lot in spoilt for each in lot.wrong])),
        wafers=float(np.mean(delays)),
        found=float(np.mean([each < _PATIENCE * LOT for each in delays])),
        confirmed=_confirmed(rng, spoilt, usual, 1000),
    )


def tripled(lots: list[Lot], label: str) -> list[Lot]:
    """Return lots of which those with a true label come three times as often: another mix, the same model."""
    return [lot for lot in lots for _ in range(3 if label in lot.labels else 1)]


def _month(rng: np.random.Generator, lots: list[Lot], others: list[Lot], rules: Rules) -> int:
    rings = 0
    watched = _learned(rng, lots, rules)
    for number in range(MONTH_LOTS):
        before = watched.cusum.rings
        watched = after_lot(watched, _drawn(rng, others).wafers, number, rules)
        rings += watched.cusum.rings and not before
    return rings


def _delay(rng: np.random.Generator, lots: list[Lot], watched: Watched, rules: Rules) -> int:
    for number in range(_PATIENCE):
        watched = after_lot(watched, _drawn(rng, lots).wafers, number, rules)
        if watched.cusum.rings:
            return (number + 1) * LOT
    return _PATIENCE * LOT


def _learned(rng: np.random.Generator, lots: list[Lot], rules: Rules) -> Watched:
    watched = Watched()
    for number in range(rules.arm_lots):
        watched = after_lot(watched, _drawn(rng, lots).wafers, number, rules)
    return watched


def _drawn(rng: np.random.Generator, lots: list[Lot]) -> Lot:
    return lots[int(rng.integers(len(lots)))]


def _confirmed(rng: np.random.Generator, lots: list[Lot], usual: float, audits: int) -> float:
    wrong = np.array([each for lot in lots for each in lot.wrong])
    least = wrong_to_confirm(AUDIT_LABELS, usual)
    return float(np.mean(rng.choice(wrong, (audits, AUDIT_LABELS)).sum(1) >= least))
