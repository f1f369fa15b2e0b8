"""Rows of an export -> one file: CSV, or a zip of pictures with a manifest, in folders by class, or as COCO."""

import csv
import json
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lambdas.review.bodies import ExportFormat
from lambdas.review.export_rows import ExportRow

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_AHEAD = 64
_THREADS = 16
_IHDR = struct.Struct(">8s4x4sII")

Pictures = Callable[[str], bytes | None]
"""Reads a picture by its key; None if there is none."""


@dataclass(frozen=True)
class Written:
    """What an export holds."""

    wafers: int
    pictures: int


def write(form: ExportFormat, rows: Iterable[ExportRow], pictures: Pictures, path: Path) -> Written:
    """Write the file of an export of wafers."""
    if form is ExportFormat.CSV:
        return _csv(rows, path)
    zipped: dict[ExportFormat, type[_Manifest | _Folders | _Coco]] = {
        ExportFormat.MANIFEST: _Manifest,
        ExportFormat.FOLDERS: _Folders,
        ExportFormat.COCO: _Coco,
    }
    return _zip(zipped[form](), rows, pictures, path)


def _csv(rows: Iterable[ExportRow], path: Path) -> Written:
    names = [each.name for each in fields(ExportRow)]
    wafers = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(names)
        for row in rows:
            table.writerow([_cell(row, name) for name in names])
            wafers += 1
    return Written(wafers, 0)


def _cell(row: ExportRow, name: str) -> object:
    value = getattr(row, name)
    if name == "scores":
        return row.scores_text()
    text = "+".join(value) if isinstance(value, tuple) else value
    # A spreadsheet would run what starts like a formula.
    return f"'{text}" if isinstance(text, str) and text.startswith(_FORMULA) else text


class _Manifest:
    """`manifest.jsonl` beside the pictures, as training reads it."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._missing: list[str] = []

    def name(self, row: ExportRow) -> str:
        return f"pictures/{row.image_key}"

    def add(self, row: ExportRow, picture: bytes | None) -> None:
        line = row.record()
        if picture is None:
            self._missing.append(json.dumps(line))
        else:
            self._lines.append(json.dumps({"image": self.name(row), **line}))

    def texts(self) -> Iterator[tuple[str, str]]:
        yield "manifest.jsonl", "".join(f"{line}\n" for line in self._lines)
        if self._missing:
            yield "without_picture.jsonl", "".join(f"{line}\n" for line in self._missing)


class _Folders:
    """A folder a class, in it one a lot; what nobody has answered is hidden below `.unreviewed`."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def name(self, row: ExportRow) -> str:
        category = row.category
        if row.verdict is None:
            folder = f".unreviewed/{row.prediction or 'hidden'}"
        else:
            folder = f"{category}" if row.labels else f".{category}"
        lot = f"/{quote(row.lot, safe='')}" if row.lot else ""
        return f"{folder}{lot}/{row.imgid}-{row.timestamp}.png"

    def add(self, row: ExportRow, picture: bytes | None) -> None:
        file = self.name(row) if picture is not None else None
        self._lines.append(json.dumps({"file": file, **row.record()}))

    def texts(self) -> Iterator[tuple[str, str]]:
        yield ".wafers.jsonl", "".join(f"{line}\n" for line in self._lines)


class _Coco:
    """COCO's JSON: an annotation over the whole picture for every settled label."""

    def __init__(self) -> None:
        self._images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []
        self._categories: dict[str, int] = {}

    def name(self, row: ExportRow) -> str:
        return f"images/{row.image_key}"

    def add(self, row: ExportRow, picture: bytes | None) -> None:
        width, height = _size(picture)
        image_id = len(self._images) + 1
        file = self.name(row) if picture is not None else None
        self._images.append(
            {"id": image_id, "file_name": file, "width": width, "height": height, **row.record()}
        )
        for label in row.labels:
            category = self._categories.setdefault(label, len(self._categories) + 1)
            self._annotations.append(
                {
                    "id": len(self._annotations) + 1,
                    "image_id": image_id,
                    "category_id": category,
                    "bbox": [0, 0, width, height],
                    "area": width * height,
                    "iscrowd": 0,
                }
            )

    def texts(self) -> Iterator[tuple[str, str]]:
        categories = [{"id": number, "name": name} for name, number in self._categories.items()]
        yield (
            "annotations.json",
            json.dumps(
                {
                    "info": {"description": "FabWafer"},
                    "images": self._images,
                    "annotations": self._annotations,
                    "categories": categories,
                }
            ),
        )


def _zip(
    form: "_Manifest | _Folders | _Coco",
    rows: Iterable[ExportRow],
    pictures: Pictures,
    path: Path,
) -> Written:
    wafers = found = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        for row, picture in _with_pictures(iter(rows), pictures):
            form.add(row, picture)
            wafers += 1
            if picture is not None:
                file.writestr(form.name(row), picture)
                found += 1
        for name, text in form.texts():
            file.writestr(name, text, zipfile.ZIP_DEFLATED)
    return Written(wafers, found)


def _with_pictures(
    rows: Iterator[ExportRow], pictures: Pictures
) -> Iterator[tuple[ExportRow, bytes | None]]:
    with ThreadPoolExecutor(_THREADS) as pool:
        while some := list(islice(rows, _AHEAD)):
            yield from zip(some, pool.map(lambda row: pictures(row.image_key), some), strict=True)


def _size(picture: bytes | None) -> tuple[int, int]:
    """Archived pictures are whole PNGs: their second word is the width."""
    if picture is None or len(picture) < _IHDR.size:
        return 0, 0
    _, _, width, height = _IHDR.unpack_from(picture)
    return width, height
