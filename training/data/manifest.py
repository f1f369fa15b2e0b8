"""Pictures with labels in files, by a JSON-lines manifest or a folder for each class -> `WaferSet`.

A line of a manifest is one wafer: `image`, a path relative to the manifest, and `label` or `labels`; `lot`, `imgid`,
`split` and `sha256` where there are any, and whatever else. This is the form in which reviewed labels come.

A wafer of several labels teaches nothing to a network that knows one a wafer, one without a label neither: they are
left out and counted.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fabwafer.errors import ContractError
from fabwafer.fields import Sha256, contract_error
from fabwafer.labels import LabelSet
from training.data.images import SUFFIXES, as_maps, read_part
from training.data.lots import Split, fixed_splits, lot_number
from training.data.maps import Kind
from training.data.wafers import WaferSet

SUFFIX = ".jsonl"


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", regex_engine="python-re")

    image: str = Field(min_length=1, pattern="^(?!s3:)")
    label: str | None = None
    labels: tuple[str, ...] = ()
    lot: str | int | None = None
    imgid: str | None = None
    sha256: Sha256 | None = None
    split: Split | None = None
    item: str = ""
    fab: str = ""
    camera: str = ""


@dataclass(frozen=True)
class Entry:
    """A picture, and where it was named.

    Attributes:
        lot: Its name, or one that no other wafer has.
        item: What the cloud knows the wafer by, empty where nothing was said; `fab` and `camera` likewise.
    """

    row: int
    place: str
    image: Path
    labels: tuple[str, ...]
    lot: str
    sha256: str | None = None
    split: Split | None = None
    item: str = ""
    fab: str = ""
    camera: str = ""


def read_manifest(
    path: Path,
    kind: Kind | None = None,
    classes: tuple[str, ...] | None = None,
    pictures: Path | None = None,
) -> WaferSet:
    """Read the pictures that a manifest names; `rows` count its lines from 1.

    A wafer without a lot is a lot of its own, by its `imgid` or the path of its picture.

    Args:
        path: The manifest.
        kind: What the pictures are, if it is known.
        classes: The labels, if they are known; else those found, sorted.
        pictures: Folder that pictures' paths are relative to, if it is not the manifest's.

    Raises:
        ContractError: If a line, a label or a picture is none, or a lot is told two splits.
    """
    return _wafers(path, list(read_lines(path, pictures or path.parent)), kind, classes)


def read_folder(
    folder: Path, kind: Kind | None = None, classes: tuple[str, ...] | None = None
) -> WaferSet:
    """Read a folder of folders, one a class, named by it; other files than pictures do not count.

    Pictures in a folder below that of their class are of one lot, named by that folder, in whatever class. One right in
    the folder of its class is a lot of its own, named by class and file: what is known to belong together needs a folder
    or a manifest.
    `rows` count the pictures from 1, in the order of their paths.

    Raises:
        ContractError: If there is no class, a class has no picture, or a picture is none.
    """
    return _wafers(folder, list(_files(folder)), kind, classes)


def read_lines(path: Path, pictures: Path) -> Iterator[Entry]:
    """Yield what a manifest's lines name, labelled or not; pictures' paths are relative to the folder `pictures`.

    Raises:
        ContractError: If a line is none.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ContractError(str(path), error.strerror, "a manifest") from error
    for number, text in enumerate(lines, 1):
        if text.strip():
            yield _entry(f"{path}:{number}", number, text, pictures)


def _entry(place: str, number: int, text: bytes, pictures: Path) -> Entry:
    line = _parse(place, text)
    labels = tuple(dict.fromkeys(label for label in (line.label, *line.labels) if label))
    image = Path(line.image)
    own = line.imgid or (image.parent / image.stem).as_posix()
    lot = own if line.lot is None else str(line.lot)
    return Entry(
        row=number,
        place=place,
        image=pictures / image,
        labels=labels,
        lot=lot,
        sha256=line.sha256,
        split=line.split,
        item=line.item,
        fab=line.fab,
        camera=line.camera,
    )


def _parse(place: str, text: bytes) -> _Line:
    try:
        return _Line.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "line"
        raise contract_error(first, f"{place}: {field}") from error


def _files(folder: Path) -> Iterator[Entry]:
    classes = sorted(each for each in folder.iterdir() if each.is_dir() and each.name[0] != ".")
    if not classes:
        raise ContractError(str(folder), "no folders", "a folder for each class")
    row = count(1)
    for each in classes:
        pictures = sorted(path for path in each.rglob("*") if path.suffix.lower() in SUFFIXES)
        if not pictures:
            raise ContractError(str(each), "none", f"pictures ({', '.join(sorted(SUFFIXES))})")
        for path in pictures:
            inside = path.relative_to(each).parent.as_posix()
            lot = f"{each.name}/{path.stem}" if inside == "." else inside
            yield Entry(next(row), str(path), path, (each.name,), lot)


def _wafers(
    source: Path, entries: list[Entry], kind: Kind | None, classes: tuple[str, ...] | None
) -> WaferSet:
    reasons = [_reason_to_leave_out(each) for each in entries]
    chosen = [each for each, reason in zip(entries, reasons, strict=True) if not reason]
    if not chosen:
        raise ContractError(str(source), f"{len(entries)} entries", "pictures with a label")
    names = classes or tuple(sorted({each.labels[0] for each in chosen}))
    known = LabelSet(names, names[0])
    labels = [names.index(_label(known, each)) for each in chosen]
    pictures = [read_part(each.image, each.sha256, kind) for each in chosen]
    lots = [lot_number(each.lot) for each in chosen]
    return WaferSet(
        maps=as_maps(pictures, [each.place for each in chosen], kind),
        labels=np.array(labels, np.int64),
        lots=np.array(lots, np.int64),
        rows=np.array([each.row for each in chosen], np.int64),
        classes=names,
        fixed=fixed_splits(source, zip(lots, (each.split for each in chosen), strict=True)),
        left_out=dict(Counter(reason for reason in reasons if reason)),
    )


def _reason_to_leave_out(entry: Entry) -> str | None:
    if not entry.labels:
        return "unlabelled"
    return "several labels" if len(entry.labels) > 1 else None


def _label(known: LabelSet, entry: Entry) -> str:
    try:
        return known.canonical(entry.labels[0])
    except ContractError as error:
        raise ContractError(f"{entry.place}: label", entry.labels[0], error.expected) from error
