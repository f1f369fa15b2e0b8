"""A path to data of any form -> `WaferSet`, and several of them -> one.

LSWMD.pkl, the npz layout, a JSON-lines manifest of pictures, a folder of pictures for each class. A folder that
holds one file of the first three forms stands for it: a SageMaker channel is a folder.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fabwafer.bundle import Manifest
from fabwafer.errors import BundleError, ContractError
from fabwafer.labels import LabelSet
from training.data import lswmd, manifest, npz
from training.data.lots import fixed_splits
from training.data.maps import Ints, Kind, Maps
from training.data.wafers import WaferSet

_FORMS = (npz.SUFFIX, lswmd.SUFFIX, manifest.SUFFIX)
_EXPECTED = f"a file {', '.join(_FORMS)} or a folder with a folder for each class"


def read_wafers(
    path: Path, kind: Kind | None = None, classes: tuple[str, ...] | None = None
) -> WaferSet:
    """Read labelled wafers of any form.

    Args:
        path: A file, or a folder.
        kind: What pictures must be, where it is known, as by a bundle that is to judge them.
        classes: What labels of pictures may be, where they are known.

    Raises:
        ContractError: If it is none of the forms, or not of that kind, or says so itself; with file, field, value.
    """
    source = source_of(path)
    wafers = _read(source, kind, classes)
    if kind and wafers.maps.kind is not kind:
        raise ContractError(str(source), wafers.maps.kind.value, f"pictures of {kind.value}")
    return wafers


def _read(source: Path, kind: Kind | None, classes: tuple[str, ...] | None) -> WaferSet:
    match form_of(source):
        case npz.SUFFIX:
            return npz.read_npz(source)
        case lswmd.SUFFIX:
            return lswmd.read_lswmd(source)
        case manifest.SUFFIX:
            return manifest.read_manifest(source, kind, classes)
    return manifest.read_folder(source, kind, classes)


def kind_of(manifest: Manifest) -> Kind:
    """Return what pictures a bundle judges; those before it was said judge wafer maps.

    Raises:
        BundleError: If it says something else.
    """
    kind = manifest.data.get("kind", Kind.DIES.value)
    if kind not in [each.value for each in Kind]:
        raise BundleError(f"{manifest.model}: data.kind: expected {', '.join(Kind)}, got {kind!r}")
    return Kind(str(kind))


def form_of(source: Path) -> str:
    """Return the suffix of a source's form, `folder` for a folder of classes.

    Raises:
        ContractError: If it has none.
    """
    if source.is_dir():
        return "folder"
    if source.suffix not in _FORMS:
        raise ContractError("--data", str(source), _EXPECTED)
    return source.suffix


def source_of(path: Path) -> Path:
    """Return the path, or the one data file right in it.

    Raises:
        ContractError: If there are several.
    """
    if not path.is_dir():
        return path
    found = sorted(each for each in path.iterdir() if each.suffix in _FORMS and each.is_file())
    if len(found) > 1:
        raise ContractError("--data", [each.name for each in found], f"one data file in {path}")
    return found[0] if found else path


def join(sets: Sequence[WaferSet], names: Sequence[str], grow: bool = False) -> WaferSet:
    """Put sets together, the last one first: of equal maps the first teaches, so the newest label counts.

    Labels are those of the first set, after them what wafers of later ones have besides if it may `grow`; rows are
    numbered anew from 0; what the sets left out adds up.

    Raises:
        ContractError: If a later set has other labels or another kind, or tells a lot another split.
    """
    if len(sets) == 1:
        return sets[0]
    known = _grown(sets) if grow else LabelSet(sets[0].classes, sets[0].classes[0])
    kind = sets[0].maps.kind
    for each, name in zip(sets, names, strict=True):
        if each.maps.kind is not kind:
            raise ContractError(name, each.maps.kind.value, f"{kind.value}, as {names[0]}")
    newest = [*zip(sets, names, strict=True)][::-1]
    maps = [each.maps for each, _ in newest]
    told = ((lot, split) for each, _ in newest for lot, split in each.fixed.items())
    return replace(
        sets[0],
        maps=Maps(
            np.concatenate([each.flat for each in maps]),
            np.concatenate([each.shapes for each in maps]),
            kind,
        ),
        labels=np.concatenate([_labels(each, known, name) for each, name in newest]),
        classes=known.names,
        lots=np.concatenate([each.lots for each, _ in newest]),
        rows=np.arange(sum(map(len, sets))),
        fixed=fixed_splits(Path(names[-1]), told),
        left_out=dict(sum((Counter(each.left_out) for each in sets), Counter[str]())),
    )


def _grown(sets: Sequence[WaferSet]) -> LabelSet:
    """Return the labels of the first set and the new ones that wafers of the others have, sorted."""
    known = LabelSet(sets[0].classes, sets[0].classes[0])
    for wafers in sets[1:]:
        for name in sorted(wafers.classes[label] for label in np.unique(wafers.labels)):
            try:
                known.canonical(name)
            except ContractError:
                known = LabelSet((*known.names, name), known.normal)
    return known


def _labels(wafers: WaferSet, known: LabelSet, name: str) -> Ints:
    """Return labels as positions in the known ones; names that no wafer has do no harm."""
    position = np.zeros(len(wafers.classes), np.int64)
    for label in np.unique(wafers.labels):
        try:
            position[label] = known.names.index(known.canonical(wafers.classes[label]))
        except ContractError as error:
            unknown = wafers.classes[label]
            raise ContractError(f"{name}: label", unknown, error.expected) from error
    return position[wafers.labels]
