"""How much the wafers of a lot resemble each other: a beta-binomial for each defect of WM-811K, by maximum likelihood.

Only whole lots of the published Test part count: in the Training part wafers were chosen for their label, many lots
have a single one left, and what was chosen looks like clustering (Edge-Ring 0.95 there, 0.38 in whole lots).
"""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

KEPT = Path(__file__).with_name("clustering.json")
LEAST_WAFERS = 20
_TEST = 1
_ROUNDS = 40
_STEPS = 21


@dataclass(frozen=True)
class Clustering:
    """One label's share of wafers, the correlation of two wafers of a lot, and how many lots had 0, 1, 2 ... of it."""

    rate: float
    clustering: float
    lots_by_hits: tuple[int, ...] = ()


@dataclass(frozen=True)
class Estimate:
    """What was estimated, and from what."""

    source: str
    method: str
    lots: int
    wafers: int
    labels: dict[str, Clustering]

    @property
    def median(self) -> float:
        """Return the median clustering of the labels."""
        return float(np.median([each.clustering for each in self.labels.values()]))


def estimate(data: Path) -> Estimate:
    """Estimate from a file in the layout of WM-811K."""
    with np.load(data) as file:
        labels, split, lots = file["labels"], file["split"], file["lot"]
        classes = [str(each) for each in file["classes"]]
    whole, sizes = whole_lots(lots[split == _TEST])
    found: dict[str, Clustering] = {}
    for number, name in enumerate(classes):
        if name != "none":
            own = (labels[split == _TEST] == number) & (whole >= 0)
            found[name] = fit(np.bincount(whole[own], minlength=len(sizes)), sizes)
    return Estimate(
        source=f"WM-811K, published Test part, lots with at least {LEAST_WAFERS} labelled wafers",
        method="beta-binomial, maximum likelihood",
        lots=len(sizes),
        wafers=int(sizes.sum()),
        labels=found,
    )


def whole_lots(lots: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return for each wafer the position of its lot, -1 if that is not whole, and the lots' sizes."""
    _, inverse, sizes = np.unique(lots, return_inverse=True, return_counts=True)
    kept = sizes >= LEAST_WAFERS
    place = np.where(kept, np.cumsum(kept) - 1, -1)
    return place[inverse], sizes[kept]


def fit(hits: NDArray[np.intp], sizes: NDArray[np.intp]) -> Clustering:
    """Return the most likely rate and clustering: each in turn, in ever smaller steps."""
    pairs, counts = np.unique(np.stack([hits, sizes]), axis=1, return_counts=True)

    def likelihood(rate: float, clustering: float) -> float:
        size = (1 - clustering) / clustering
        a, b = rate * size, (1 - rate) * size
        start = math.lgamma(size) - math.lgamma(a) - math.lgamma(b)
        return sum(
            float(count)
            * (start + math.lgamma(x + a) + math.lgamma(n - x + b) - math.lgamma(n + size))
            for x, n, count in zip(*pairs, counts, strict=True)
        )

    rate, clustering = float(hits.sum() / sizes.sum()), 0.05
    for step in range(_ROUNDS):
        factors = np.exp(np.linspace(-1, 1, _STEPS) * 0.85**step)
        rate = max((min(rate * f, 0.9) for f in factors), key=lambda r: likelihood(r, clustering))
        clustering = max(
            (min(clustering * f, 0.95) for f in factors), key=lambda c: likelihood(rate, c)
        )
    by_hits = tuple(int(each) for each in np.bincount(hits))
    return Clustering(round(float(rate), 5), round(float(clustering), 4), by_hits)


def keep(found: Estimate) -> None:
    """Write an estimate where the simulation reads it."""
    fresh = KEPT.with_suffix(".part")
    fresh.write_text(json.dumps(asdict(found), indent=2) + "\n")
    fresh.rename(KEPT)


def kept() -> Estimate:
    """Return the estimate that the simulation works with."""
    read = json.loads(KEPT.read_text())
    labels = {
        name: Clustering(**each | {"lots_by_hits": tuple(each["lots_by_hits"])})
        for name, each in read["labels"].items()
    }
    return Estimate(**read | {"labels": labels})
