"""Figures -> their 95 % intervals: a bootstrap over lots, for wafers of a lot err together. NumPy alone."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
RESAMPLES = 1000
_SEED = 20260101


@dataclass(frozen=True)
class Draws:
    """Lots drawn with replacement 1000 times, the same ones whenever the same lots are asked for.

    Attributes:
        lot: For each wafer the position of its lot.
        times: (1000, lots): how often each lot was drawn.
    """

    lot: Ints
    times: Ints

    @classmethod
    def of(cls, lots: Ints) -> "Draws":
        """Draw from the lots of some wafers."""
        known, lot = np.unique(lots, return_inverse=True)
        even = np.full(len(known), 1 / len(known))
        generator = np.random.default_rng(_SEED)
        return cls(lot, generator.multinomial(len(known), even, RESAMPLES))

    def totals(self, column: Ints, columns: int, weights: Floats | None = None) -> Floats:
        """Return (1000, columns): in each draw how many wafers each column has, or the sum of their weights."""
        lots = self.times.shape[1]
        by_lot = np.bincount(self.lot * columns + column, weights, lots * columns)
        totals: Floats = (self.times @ by_lot.reshape(lots, columns)).astype(np.float64)
        return totals


def interval(samples: Floats) -> JsonValue:
    """Return where 95 % of a figure's draws lie, lowest and highest; draws that have no such figure are NaN.

    None if all are the same, as those of one lot: they say nothing of how sure the figure is.
    """
    found = samples[~np.isnan(samples)]
    if not len(found) or np.ptp(found) == 0:
        return None
    low, high = np.percentile(found, (2.5, 97.5))
    return [float(low), float(high)]
