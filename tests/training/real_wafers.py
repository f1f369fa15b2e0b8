"""A sample of WM-811K, which lies beside the repository or is not there, in a file of its own."""

from pathlib import Path

import numpy as np

REAL = Path(__file__).parents[3] / "shared" / "data" / "wm811k_labelled.npz"


def write_sample(path: Path, lots: int, of_each: int) -> Path:
    """Write wafers of so many random lots, of each class no more than `of_each`."""
    generator = np.random.default_rng(811)
    with np.load(REAL) as archive:
        members = {name: archive[name] for name in archive.files}
    shapes, labels = members["shapes"].astype(int), members["labels"]
    starts = np.concatenate(([0], np.cumsum(shapes.prod(1))))
    known = generator.permutation(np.unique(members["lot"]))[:lots]
    candidates = generator.permutation(np.flatnonzero(np.isin(members["lot"], known)))
    chosen = np.sort(
        np.concatenate(
            [candidates[labels[candidates] == label][:of_each] for label in np.unique(labels)]
        )
    )
    flat = np.concatenate([members["flat"][starts[n] : starts[n + 1]] for n in chosen])
    some = {name: members[name][chosen] for name in ("shapes", "labels", "split", "lot", "row")}
    np.savez(path, flat=flat, classes=members["classes"], **some)
    return path
