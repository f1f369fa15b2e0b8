"""A manifest of archived pictures, answered or not -> the wafers of the last days, each with what people said of it."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from fabwafer.errors import ContractError
from training.data.images import as_seen, colour_of, read_picture
from training.data.lots import lot_number
from training.data.manifest import Entry, read_lines
from training.data.maps import Codes, Kind

MOST_UNREADABLE = 0.1
"""Of the pictures; what is left of fewer says little of the last days."""


@dataclass(frozen=True)
class Recent:
    """One archived wafer.

    Attributes:
        picture: Its levels as the edge gave them to its graph; by die codes nothing would be refused for its greys.
        colour: Share of its pixels that have a colour.
        label: None where nobody has settled on a single one.
    """

    picture: Codes
    colour: float
    lot: int
    label: str | None
    item: str
    fab: str
    camera: str


def read_recent(manifest: Path, pictures: Path, kind: Kind) -> tuple[list[Recent], int]:
    """Read the wafers that a manifest names, in its order, but for pictures that are none or not those archived.

    Returns:
        The wafers, and how many pictures could not be read.

    Raises:
        ContractError: If a line is none, or over a tenth of the pictures cannot be read.
    """
    found, unreadable = [], []
    for entry in read_lines(manifest, pictures):
        try:
            found.append(_wafer(entry, read_picture(entry.image, entry.sha256), kind))
        except ContractError as error:
            unreadable.append(error)
    if len(unreadable) > MOST_UNREADABLE * (len(found) + len(unreadable)):
        raise unreadable[0]
    return found, len(unreadable)


def _wafer(entry: Entry, picture: Codes, kind: Kind) -> Recent:
    return Recent(
        picture=as_seen(picture, kind),
        colour=colour_of(picture),
        lot=lot_number(entry.lot),
        label=entry.labels[0] if len(entry.labels) == 1 else None,
        item=entry.item or entry.image.stem,
        fab=entry.fab,
        camera=entry.camera,
    )


def unseen(recent: Collection[Recent], learned: Collection[int]) -> list[Recent]:
    """Return the answered wafers of lots that nobody learned from: wafers of a lot are alike."""
    return [each for each in recent if each.label and each.lot not in learned]
