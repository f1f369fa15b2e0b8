"""A lot's number -> train, validation, calibration or test: what its wafers are used for.

The split of a lot is a hash of its number: it never depends on which other lots a file holds, so unlabelled
wafers and next year's reviewed ones fall on the same side as the rest of their lot.
"""

import hashlib
import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from fabwafer.errors import ContractError

SPLIT_SEED = 811
"""Fixed, and apart from the training seed: another one makes published figures incomparable."""


class Split(StrEnum):
    """What the wafers of a lot are used for."""

    TRAIN = "train"
    VALIDATION = "validation"
    CALIBRATION = "calibration"
    TEST = "test"


SHARES = {
    Split.TEST: 0.15,
    Split.CALIBRATION: 0.10,
    Split.VALIDATION: 0.05,
    Split.TRAIN: 0.70,
}


def fixed_splits(path: Path, told: Iterable[tuple[int, Split | None]]) -> dict[int, Split]:
    """Return the split of each lot that has been told one.

    Raises:
        ContractError: If a lot is told two.
    """
    fixed: dict[int, Split] = {}
    for lot, split in told:
        if split and fixed.setdefault(lot, split) is not split:
            raise ContractError(f"{path}: lot", lot, f"in {fixed[lot]} or in {split}, not in both")
    return fixed


def lot_number(name: str) -> int:
    """Return a lot's number: that in `lot123` or `123`, as WM-811K numbers them, else a hash of its name."""
    numbered = re.fullmatch(r"(?:lot)?(\d{1,9})", name, re.IGNORECASE)
    if numbered:
        return int(numbered[1])
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) >> 1


def split_of(lot: int, seed: int = SPLIT_SEED) -> Split:
    """Return what a lot is for: train 70 %, test 15 %, calibration 10 %, validation 5 % of all lots."""
    draw = int.from_bytes(hashlib.blake2b(f"{seed}/{lot}".encode(), digest_size=8).digest()) / 2**64
    for split, share in SHARES.items():
        if draw < share:
            return split
        draw -= share
    return Split.TRAIN
