"""Wafers of a set -> the network's input planes, computed once and kept on disk."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm  # type: ignore[import-untyped]

from training.data.maps import Codes, Ints, Maps
from training.data.wafers import WaferSet
from training.data.whole import whole
from training.network.model import Planes

CACHE = Path(".cache/planes")
_CHUNK, _CHUNK_VALUES = 512, 2**25
"""Maps that are made planes of at once, and the values that they may have together: 134 MB as float32."""


def cached_planes(wafers: WaferSet, side: int, folder: Path = CACHE) -> npt.NDArray[np.uint8]:
    """Return planes as a read-only memory map, uint8 (wafers, planes, side, side), 255 = the whole cell.

    An epoch over ready planes costs no resizing; one byte a value is exact to 0.2 % of a cell.
    """
    path = folder / f"{wafers.digest()[:16]}-{side}.npy"
    return kept(path, lambda: planes_of(wafers.maps, np.arange(len(wafers)), side))


def kept(path: Path, make: Callable[[], Codes]) -> Codes:
    """Return the planes in a file, as a read-only memory map; if it cannot be read, they are made and written first."""
    try:
        planes: Codes = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        with whole(path) as unfinished, unfinished.open("wb") as file:
            np.save(file, make())
        planes = np.load(path, mmap_mode="r")
    return planes


def planes_of(maps: Maps, indices: Ints, side: int) -> npt.NDArray[np.uint8]:
    """Return planes of the maps at `indices`, in that order."""
    module = Planes(side, maps.kind)
    planes = np.empty((len(indices), maps.kind.planes, side, side), np.uint8)
    shapes, group = np.unique(maps.shapes[indices], axis=0, return_inverse=True)
    with torch.inference_mode(), tqdm(total=len(indices), desc="planes", leave=False) as progress:
        for number in range(len(shapes)):
            members = np.flatnonzero(group == number)
            size = at_once(int(shapes[number].prod()) * maps.kind.channels)
            for chunk in np.split(members, range(size, len(members), size)):
                codes = np.stack([maps[int(i)] for i in indices[chunk]])
                planes[chunk] = (module(torch.from_numpy(codes)) * 255).round().byte().numpy()
                progress.update(len(chunk))
    return planes


def at_once(values: int) -> int:
    """Return how many maps of so many values are made planes of together."""
    return max(1, min(_CHUNK, _CHUNK_VALUES // values))


def to_input(planes: npt.NDArray[np.uint8]) -> Tensor:
    """Turn stored planes into float32 shares, as `Planes` gives them."""
    return torch.from_numpy(planes).float() / 255
