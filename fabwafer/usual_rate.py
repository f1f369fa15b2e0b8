"""How often a model calls a label in a fab, and how alike the wafers of a lot are: sums over lots. Pure.

Wafers of a lot resemble each other, so a lot's count of a label is beta-binomial: with `clustering` r (the correlation
of two wafers of a lot) n wafers tell as much as n / (1 + (n - 1) r) independent ones.
"""

from dataclasses import dataclass

USUAL_CLUSTERING = 0.04
"""The median of WM-811K's defect classes (bench/drift/clustering.json); a fab's own lots add to it."""
_USUAL_LOTS = 100
"""How many lots of a fab count as much as `USUAL_CLUSTERING`."""
_LOT = 25
_CLUSTERING = (0.01, 0.6)
_RAREST = 0.003
"""Below this rate a rise is judged as if the label were that frequent: two wafers are no excursion."""


@dataclass(frozen=True)
class Baseline:
    """Sums over lots, from which rate and clustering follow; `squares` is of hits * hits / wafers."""

    lots: float = 0.0
    wafers: float = 0.0
    hits: float = 0.0
    squares: float = 0.0

    @classmethod
    def of_lot(cls, hits: int, wafers: int) -> "Baseline":
        """Return what one lot of at least one wafer says."""
        return cls(1, wafers, hits, hits * hits / wafers)

    def plus(self, other: "Baseline", most_lots: float = float("inf")) -> "Baseline":
        """Return the sums of both; beyond so many lots all count less."""
        lots = self.lots + other.lots
        share = min(1.0, most_lots / lots) if lots else 1.0
        return Baseline(
            min(lots, most_lots),
            share * (self.wafers + other.wafers),
            share * (self.hits + other.hits),
            share * (self.squares + other.squares),
        )

    def with_hits(self, hits: float) -> "Baseline":
        """Return the same lots, as clustered as they are, with so many wafers of the label."""
        hits = min(max(hits, 0.0), self.wafers)
        rate = Baseline(self.lots, self.wafers, hits).rate
        spread = self._pearson * rate * (1 - rate)
        squares = spread + 2 * rate * hits - rate * rate * self.wafers
        return Baseline(self.lots, self.wafers, hits, squares)

    @property
    def rate(self) -> float:
        """Return the usual share of wafers, 0..1."""
        return max(_RAREST, (self.hits + 0.5) / (self.wafers + 1))

    @property
    def clustering(self) -> float:
        """Return the correlation of two wafers of a lot.

        By moments: Pearson's statistic over lots is expected to be lots + clustering * (wafers - lots).
        """
        usual = _USUAL_LOTS * (_LOT - 1)
        excess = self._pearson - self.lots
        found = (excess + USUAL_CLUSTERING * usual) / (self.wafers - self.lots + usual)
        return min(max(found, _CLUSTERING[0]), _CLUSTERING[1])

    @property
    def _pearson(self) -> float:
        rate = self.rate
        spread = self.squares - 2 * rate * self.hits + rate * rate * self.wafers
        return spread / (rate * (1 - rate))
