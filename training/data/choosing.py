"""A set of wafers -> what a training is to learn from: without some labels, of some lots, with what people reviewed."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fabwafer.errors import ContractError
from fabwafer.labels import LabelSet
from training.data.lots import Split
from training.data.manifest import SUFFIX, read_manifest
from training.data.maps import Ints, Kind, Maps
from training.data.sources import join, source_of
from training.data.wafers import WaferSet, splits

LEAST = 10
_LOTS_SEED = "lots"
_NOT_WANTED = "of a label that is not wanted"
_UNKNOWN = "of a label that the model does not know"
_OTHER_LOT = "of other lots"
_TOO_RARE = "too few to learn: {}"


@dataclass(frozen=True)
class Choice:
    """What of the data counts.

    Attributes:
        classes: The labels of pictures, if they are known; others are refused.
        without: Labels that the data is to be without.
        lots: Share of its training lots that is enough.
        reviewed: A manifest of reviewed pictures, or a folder with one: all of it counts, and its labels may be new.
        pictures: Folder that its pictures' paths are relative to, if it is not the manifest's.
        least: A new label needs so many wafers in training lots; one with fewer is left out.
    """

    classes: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    lots: float = 1.0
    reviewed: Path | None = None
    pictures: Path | None = None
    least: int = LEAST


def chosen(wafers: WaferSet, choice: Choice) -> WaferSet:
    """Return what of the data before the reviewed wafers counts.

    Raises:
        ContractError: If a label or the share of lots is none.
    """
    if choice.without:
        wafers = without(wafers, choice.without)
    return share_of_lots(wafers, choice.lots) if choice.lots != 1 else wafers


def read_reviewed(path: Path, pictures: Path | None, kind: Kind) -> WaferSet:
    """Read reviewed wafers.

    Raises:
        ContractError: If it is no manifest, or says itself what is wrong with it.
    """
    source = source_of(path)
    if source.suffix != SUFFIX:
        raise ContractError("--reviewed", str(source), f"a manifest ({SUFFIX})")
    return read_manifest(source, kind, pictures=pictures)


def widened(wafers: WaferSet, reviewed: WaferSet, least: int) -> WaferSet:
    """Return both together; of equal maps the reviewed one teaches. New labels need `least` wafers to be learned.

    Raises:
        ContractError: If the reviewed wafers are of another kind, or two labels differ by case alone.
    """
    both = join([wafers, reviewed], ["--data", "--reviewed"], grow=True)
    return learnable(both, wafers.classes, least)


def some_of(wafers: WaferSet, indices: Ints, reasons: Mapping[str, int]) -> WaferSet:
    """Return the wafers at `indices`; how many are gone is counted by reason."""
    chosen = [wafers.maps[int(index)] for index in indices]
    return replace(
        wafers,
        maps=Maps.of(chosen, wafers.maps.kind),
        labels=wafers.labels[indices],
        lots=wafers.lots[indices],
        rows=wafers.rows[indices],
        left_out=dict(Counter(wafers.left_out) + Counter(reasons)),
    )


def without(wafers: WaferSet, labels: Sequence[str], reason: str = _NOT_WANTED) -> WaferSet:
    """Return the set as if nobody had ever heard of some labels: neither their wafers nor their names.

    Raises:
        ContractError: If the set does not know one of them.
    """
    for label in labels:
        if label not in wafers.classes:
            raise ContractError("--without", label, f"one of {', '.join(wafers.classes)}")
    kept = [n for n, name in enumerate(wafers.classes) if name not in labels]
    position = np.full(len(wafers.classes), -1)
    position[kept] = np.arange(len(kept))
    indices = np.flatnonzero(position[wafers.labels] >= 0)
    rest = some_of(wafers, indices, {reason: len(wafers) - len(indices)})
    return replace(
        rest, labels=position[rest.labels], classes=tuple(wafers.classes[n] for n in kept)
    )


def known_to(wafers: WaferSet, labels: LabelSet) -> WaferSet:
    """Return the set without the labels that a model does not know, in whatever spelling."""
    foreign = [name for name in wafers.classes if not _knows(labels, name)]
    return without(wafers, foreign, _UNKNOWN) if foreign else wafers


def _knows(labels: LabelSet, name: str) -> bool:
    try:
        labels.canonical(name)
    except ContractError:
        return False
    return True


def share_of_lots(wafers: WaferSet, share: float) -> WaferSet:
    """Return the wafers of about so many training lots, by a hash of their number, and those of all other lots.

    Whole lots leave the prior as it is; what measures and certifies stays whole, for its figures depend on its size.

    Raises:
        ContractError: If it is no share.
    """
    if not 0 < share <= 1:
        raise ContractError("--lots", share, "a share above 0, at most 1")
    lots, lot = np.unique(wafers.lots, return_inverse=True)
    learned = [wafers.split_of(each) is Split.TRAIN for each in lots.tolist()]
    drawn = [_draw(each) < share for each in lots.tolist()]
    indices = np.flatnonzero((~np.array(learned) | np.array(drawn))[lot])
    return some_of(wafers, indices, {_OTHER_LOT: len(wafers) - len(indices)})


def _draw(lot: int) -> float:
    """Return a number in 0..1 of a lot, apart from that which decides its split."""
    hashed = hashlib.blake2b(f"{_LOTS_SEED}/{lot}".encode(), digest_size=8).digest()
    return int.from_bytes(hashed) / 2**64


def learnable(wafers: WaferSet, known: Sequence[str], least: int) -> WaferSet:
    """Return the set without the labels that are not `known` and have under `least` wafers in training lots.

    A label of a handful of wafers, all of them in lots of other splits perhaps, would be a head without a lesson.
    """
    parts = splits(wafers)
    there = np.bincount(wafers.labels[parts[Split.TRAIN]], minlength=len(wafers.classes))
    for name, count in zip(wafers.classes, there.tolist(), strict=True):
        if name not in known and count < least:
            wafers = without(wafers, [name], _TOO_RARE.format(name))
    return wafers
