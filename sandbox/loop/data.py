"""Wafers of an npz file, or generated ones -> three parts by lot: what training starts from, what flows, what judges."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_component.patterns import generate_label
from edge_component.pictures import Grey
from fabwafer.labels import WM811K

Ints = npt.NDArray[np.int64]

_SHARES = {"base": 0.65, "flow": 0.15, "test": 0.2}
_LOT_WAFERS = 3
"""Small lots, so that a few thousand wafers have the many calibration lots that a promise takes."""
_GENERATED_LOTS = 5000
_FLOW_PER_LABEL = {"left out": 320, "normal": 320, "other": 60}
_FIRST_DEALT_LOT, _DEALT_LOT_WAFERS = 10_000_000, 25
"""Beyond every lot of a file: none of them is in another part."""
_MOST_NORMAL = {"base": 100_000, "flow": 320, "test": 2500}


@dataclass(frozen=True)
class Wafers:
    """Wafers in memory: `labels` are positions in `classes`; `dies` are uint8, 0 no die, 1 pass, 2 fail."""

    dies: list[Grey]
    lots: Ints
    numbers: Ints
    labels: Ints
    classes: tuple[str, ...]

    def take(self, rows: Ints) -> "Wafers":
        """Return those of these rows."""
        return Wafers(
            [self.dies[row] for row in rows],
            self.lots[rows],
            self.numbers[rows],
            self.labels[rows],
            self.classes,
        )

    def counts(self) -> dict[str, int]:
        """Return how many there are by label."""
        return {name: int((self.labels == n).sum()) for n, name in enumerate(self.classes)}


@dataclass(frozen=True)
class Parts:
    """The three parts; no lot is in two of them. Only `base` lacks the class that is left out."""

    base: Wafers
    flow: Wafers
    test: Wafers


def parts_of(wafers: Wafers, left_out: str, seed: int = 1) -> Parts:
    """Split by lot, leave a class out of what training starts from, and keep the normal ones few.

    What flows is richer in the class that is left out than a fab: a demonstration waits for its answers.
    """
    share = np.array([_share(lot) for lot in wafers.lots.tolist()])
    draw = np.random.default_rng(seed)
    normal = wafers.classes.index(WM811K.normal)
    missing = wafers.classes.index(left_out)
    has_missing = np.isin(wafers.lots, wafers.lots[wafers.labels == missing])
    share[has_missing & (share < _SHARES["base"])] = _SHARES["base"]  # they would lie idle there
    rows: dict[str, Ints] = {}
    first = 0.0
    for name, size in _SHARES.items():
        chosen = draw.permutation(np.flatnonzero((share >= first) & (share < first + size)))
        kept = _limited(wafers.labels[chosen], {normal: _MOST_NORMAL[name]})
        rows[name], first = chosen[kept], first + size
    base = rows["base"][wafers.labels[rows["base"]] != missing]
    limits = dict.fromkeys(range(len(wafers.classes)), _FLOW_PER_LABEL["other"])
    limits |= {normal: _FLOW_PER_LABEL["normal"], missing: _FLOW_PER_LABEL["left out"]}
    flow = rows["flow"][_limited(wafers.labels[rows["flow"]], limits)]
    base_part, test_part = (wafers.take(np.sort(each)) for each in (base, rows["test"]))
    return Parts(base_part, _dealt(wafers.take(flow), draw), test_part)


def without(wafers: Wafers, label: str) -> Wafers:
    """Return the wafers that do not have a label."""
    return wafers.take(np.flatnonzero(wafers.labels != wafers.classes.index(label)))


def only(wafers: Wafers, *labels: str) -> Wafers:
    """Return the wafers that have one of some labels."""
    wanted = [wafers.classes.index(label) for label in labels]
    return wafers.take(np.flatnonzero(np.isin(wafers.labels, wanted)))


def _dealt(wafers: Wafers, draw: np.random.Generator) -> Wafers:
    """Deal wafers into lots anew, each as mixed as all: the few that a stage sees stand for a fab's day."""
    mixed = wafers.take(draw.permutation(len(wafers.dies)))
    count = np.arange(len(mixed.dies))
    lots = _FIRST_DEALT_LOT + count // _DEALT_LOT_WAFERS
    return replace(mixed, lots=lots, numbers=count % _DEALT_LOT_WAFERS + 1)


def _share(lot: int) -> float:
    """Return where a lot falls between 0 and 1: another place than its split in training."""
    return int.from_bytes(hashlib.sha256(f"loop/{lot}".encode()).digest()[:8]) / 2**64


def _limited(labels: Ints, most: dict[int, int]) -> npt.NDArray[np.bool_]:
    """Return which rows to keep so that no label has more than its limit, the first ones first."""
    kept = np.ones(len(labels), dtype=bool)
    for label, limit in most.items():
        kept[np.flatnonzero(labels == label)[limit:]] = False
    return kept


def read(npz: Path) -> Wafers:
    """Read an npz file, in the layout that `edge_component.replay` documents.

    Raises:
        OSError: If it cannot be read.
        KeyError: If a part is missing.
    """
    with np.load(npz) as arrays:
        flat, shapes = arrays["flat"], arrays["shapes"].astype(int)
        ends = np.cumsum(shapes.prod(1))
        pieces = np.split(flat, ends[:-1])
        dies = [piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True)]
        classes = tuple(str(name) for name in arrays["classes"])
        return Wafers(
            dies,
            arrays["lot"].astype(np.int64),
            arrays["wafer"].astype(np.int64),
            arrays["labels"].astype(np.int64),
            classes,
        )


def generated(seed: int = 1) -> Wafers:
    """Return wafers of all labels in lots of their own."""
    draw = np.random.default_rng((seed, 2))
    classes = WM811K.names
    count = _GENERATED_LOTS * _LOT_WAFERS
    normal = classes.index(WM811K.normal)
    labels = np.where(draw.random(count) < 0.5, normal, draw.integers(len(classes), size=count))
    dies = [generate_label(classes[label], draw) for label in labels]
    lots = np.arange(count) // _LOT_WAFERS
    return Wafers(dies, lots, np.arange(count) % _LOT_WAFERS + 1, labels.astype(np.int64), classes)


def write(wafers: Wafers, npz: Path) -> Path:
    """Write an npz file; only labels that occur are among its classes."""
    present = sorted(set(wafers.labels.tolist()))
    position = {label: place for place, label in enumerate(present)}
    npz.parent.mkdir(parents=True, exist_ok=True)
    part = npz.with_name(f"{npz.stem}.part.npz")
    np.savez_compressed(
        part,
        flat=np.concatenate([each.ravel() for each in wafers.dies]),
        shapes=np.array([each.shape for each in wafers.dies], dtype=np.uint16),
        lot=wafers.lots,
        wafer=wafers.numbers.astype(np.uint16),
        labels=np.array([position[label] for label in wafers.labels.tolist()], dtype=np.uint8),
        classes=np.array([wafers.classes[label] for label in present]),
    )
    part.rename(npz)
    return npz
