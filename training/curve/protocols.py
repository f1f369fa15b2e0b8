"""The same wafers shared out in three ways: what a figure is worth depends on it. For comparison with papers only.

- lots: this project's, by lot, no map equal to a turned or mirrored one of another part.
- published: WM-811K's own Training and Test parts, which share no lot but differ a lot (Edge-Ring 15.7 % and 0.9 %).
- random: wafer by wafer, as many papers do: lots, and now and then equal maps, are on both sides.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import numpy as np

from fabwafer.errors import ContractError
from training.data.lots import SHARES, Split, split_of
from training.data.maps import Ints, integers, read_members
from training.data.wafers import WaferSet, splits

_SEED = 59
_PUBLISHED = "split"


class Protocol(StrEnum):
    """How wafers are shared out."""

    LOTS = "lots"
    PUBLISHED = "published"
    RANDOM = "random"


def read_published(path: Path) -> Ints:
    """Return for each wafer of an npz 0 if it is published as Training, 1 as Test.

    Raises:
        ContractError: If the file does not tell, or tells anything else.
    """
    published = integers(path, read_members(path, (_PUBLISHED,)), _PUBLISHED)
    if not set(published.tolist()) <= {0, 1}:
        raise ContractError(f"{path}: {_PUBLISHED}", sorted(set(published.tolist())), "0 and 1")
    return published


def shared_out(protocol: Protocol, wafers: WaferSet, published: Ints) -> Mapping[Split, Ints]:
    """Return ascending positions of the wafers of train, validation and test; nobody calibrates here."""
    match protocol:
        case Protocol.LOTS:
            return splits(wafers)
        case Protocol.PUBLISHED:
            return _published(wafers, published)
        case Protocol.RANDOM:
            return _at_random(len(wafers))


def _published(wafers: WaferSet, published: Ints) -> Mapping[Split, Ints]:
    held_out = np.array([split_of(lot) is Split.VALIDATION for lot in wafers.lots.tolist()])
    return {
        Split.TRAIN: np.flatnonzero((published == 0) & ~held_out),
        Split.VALIDATION: np.flatnonzero((published == 0) & held_out),
        Split.TEST: np.flatnonzero(published == 1),
    }


def _at_random(count: int) -> Mapping[Split, Ints]:
    drawn = np.random.default_rng(_SEED).permutation(count)
    ends = np.cumsum([round(SHARES[split] * count) for split in (Split.TEST, Split.VALIDATION)])
    test, validation, train = np.split(drawn, ends)
    parts = {Split.TRAIN: train, Split.VALIDATION: validation, Split.TEST: test}
    return {split: np.sort(positions) for split, positions in parts.items()}
