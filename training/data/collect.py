"""Data of any form -> one checked set in a new folder, and what it is of, how it is split, what was dropped."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
from pydantic import JsonValue

from fabwafer.errors import ContractError
from training.data.choosing import Choice, chosen, read_reviewed, widened
from training.data.lots import SPLIT_SEED, Split
from training.data.maps import Ints
from training.data.npz import write_npz
from training.data.sources import form_of, join, read_wafers, source_of
from training.data.wafers import WaferSet, require_wafers, splits

WAFERS = "wafers.npz"
DESCRIPTION = "dataset.json"
_FORMAT = 1


def collect(paths: Sequence[Path], out: Path, choice: Choice | None = None) -> dict[str, JsonValue]:
    """Read, check and join data, write it and its description into a new folder; return the description.

    Raises:
        ContractError: If a source is unreadable or does not go with the first one, if a class has no wafer in the
            training lots or a split has none at all, or if the folder exists.
    """
    choice = choice or Choice()
    if out.exists():
        raise ContractError("--out", str(out), "a folder that does not exist yet")
    sets = [read_wafers(paths[0], classes=choice.classes)]
    for path in paths[1:]:
        sets.append(read_wafers(path, sets[0].maps.kind, sets[0].classes))
    wafers = chosen(join(sets, [str(path) for path in paths]), choice)
    sources = [_source(path, each) for path, each in zip(paths, sets, strict=True)]
    if choice.reviewed:
        reviewed = read_reviewed(choice.reviewed, choice.pictures, wafers.maps.kind)
        sources.append({**_source(choice.reviewed, reviewed), "reviewed": True})
        wafers = widened(wafers, reviewed, choice.least)
    parts = splits(wafers)
    require_wafers(wafers, parts)
    described: dict[str, JsonValue] = {
        "format": _FORMAT,
        "sources": [*sources],
        "left_out": dict(wafers.left_out),
        **describe(wafers, parts),
    }
    unfinished = out.with_name(f"{out.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    write_npz(wafers, unfinished / WAFERS)
    (unfinished / DESCRIPTION).write_text(json.dumps(described, indent=1) + "\n")
    unfinished.rename(out)
    return described


def describe(wafers: WaferSet, parts: dict[Split, Ints]) -> dict[str, JsonValue]:
    """Return what can be said of a set and its splits."""
    lots = {split: _of_split(wafers, split) for split in Split}
    return {
        "kind": wafers.maps.kind.value,
        "classes": list(wafers.classes),
        "wafers": len(wafers),
        "lots": len(np.unique(wafers.lots)),
        "digest": wafers.digest(),
        "split_seed": SPLIT_SEED,
        "splits_told": len(wafers.fixed),
        "parts": {
            split.value: {
                "lots": len(np.unique(wafers.lots[indices])),
                "wafers": len(indices),
                "dropped_as_duplicates": len(lots[split]) - len(indices),
                "classes": _per_class(wafers, indices),
            }
            for split, indices in parts.items()
        },
        "duplicates": duplicates(wafers),
    }


def sources_of(data: Path) -> JsonValue:
    """Return what the data that `collect` wrote came of; None of other data.

    Raises:
        ContractError: If its description is none.
    """
    path = data / DESCRIPTION
    try:
        return cast("JsonValue", json.loads(path.read_text())["sources"]) if path.exists() else None
    except (ValueError, KeyError, TypeError) as error:
        raise ContractError(str(path), str(error), "what training.dataset writes") from error


def _of_split(wafers: WaferSet, split: Split) -> Ints:
    lots, lot = np.unique(wafers.lots, return_inverse=True)
    chosen = np.array([wafers.split_of(int(each)) is split for each in lots])
    return np.flatnonzero(chosen[lot])


def _per_class(wafers: WaferSet, indices: Ints) -> dict[str, JsonValue]:
    counts = np.bincount(wafers.labels[indices], minlength=len(wafers.classes))
    return dict(zip(wafers.classes, counts.tolist(), strict=True))


def duplicates(wafers: WaferSet) -> dict[str, JsonValue]:
    """Count maps that are turned or mirrored copies of others, and those among them whose labels differ."""
    form = wafers.maps.forms
    count = np.bincount(form)
    labels = np.unique(np.stack((form, wafers.labels), 1), axis=0)[:, 0]
    several = np.bincount(labels, minlength=len(count)) > 1
    return {
        "forms_shown_twice_or_more": int((count > 1).sum()),
        "copies": int((count - 1).sum()),
        "forms_with_conflicting_labels": int(several.sum()),
        "wafers_with_conflicting_labels": int(count[several].sum()),
    }


def _source(path: Path, wafers: WaferSet) -> dict[str, JsonValue]:
    source = source_of(path)
    return {
        "name": source.name,
        "form": form_of(source),
        "sha256": _sha256(source),
        "digest": wafers.digest(),
        "sources": sources_of(path) or [],
        "wafers": len(wafers),
        "left_out": dict(wafers.left_out),
        "classes": _per_class(wafers, np.arange(len(wafers))),
    }


def _sha256(source: Path) -> str:
    """Return the hash of a file; of a folder that of its files' paths and hashes."""
    if not source.is_dir():
        with source.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for path in sorted(each for each in source.rglob("*") if each.is_file()):
        digest.update(f"{path.relative_to(source).as_posix()} {_sha256(path)}\n".encode())
    return digest.hexdigest()
