"""What a network learned from -> which labelled wafers may still measure it: of other lots, of other forms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fabwafer.errors import ContractError
from training.data.lots import Split
from training.data.maps import Ints, Kind
from training.data.sources import read_wafers
from training.data.wafers import WaferSet, splits

LEAST = 50
"""Wafers of fewer tell a good model from a bad one by chance."""
_LOT, _FORM = "of a lot that was learned from", "turned or mirrored copies of a learned wafer"


@dataclass(frozen=True)
class Learned:
    """Lots and forms of the training part; what only chose thresholds is none of it.

    Attributes:
        lots: Numbers of lots.
        digests: Of maps, alike for turned and mirrored ones.
    """

    lots: frozenset[int] = frozenset()
    digests: npt.NDArray[np.bytes_] = field(default_factory=lambda: np.empty(0, "S16"))

    @classmethod
    def of(cls, wafers: WaferSet) -> "Learned":
        """Return what a network that was trained on a set learned from."""
        lots = [lot for lot in np.unique(wafers.lots).tolist() if _teaches(wafers, lot)]
        return cls(frozenset(lots), wafers.maps.digests[splits(wafers)[Split.TRAIN]])

    @classmethod
    def read(cls, path: Path | None, kind: Kind) -> "Learned":
        """Return the same of a data file; nothing without one.

        Raises:
            ContractError: If it cannot be read.
        """
        return cls.of(read_wafers(path, kind)) if path else cls()

    def without(self, wafers: WaferSet, indices: Ints) -> tuple[Ints, Mapping[str, int]]:
        """Return the indices of wafers that were not learned from, and by reason how many others there are.

        Raises:
            ContractError: If so few are left that they measure nothing.
        """
        if not self.lots:
            return indices, {}
        of_lot = np.isin(wafers.lots[indices], list(self.lots))
        of_form = np.isin(wafers.maps.digests[indices], self.digests) & ~of_lot
        kept = indices[~of_lot & ~of_form]
        if len(kept) < LEAST:
            expected = f"at least {LEAST} wafers that were not learned from"
            raise ContractError("test", f"{len(kept)} of {len(indices)}", expected)
        counts = {_LOT: int(of_lot.sum()), _FORM: int(of_form.sum())}
        return kept, {reason: count for reason, count in counts.items() if count}


def _teaches(wafers: WaferSet, lot: int) -> bool:
    return wafers.split_of(lot) is Split.TRAIN
