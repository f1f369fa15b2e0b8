"""A model bundle: a folder with `model.onnx` and a manifest that names labels, thresholds and every file's hash."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from fabwafer.errors import BundleError
from fabwafer.fields import Sha256
from fabwafer.triage import Policy, Refusal

MANIFEST = "manifest.json"
MODEL = "model.onnx"
FORMAT = 1
MEASURES = {
    "novelty": Refusal.NOVELTY,
    "levels": Refusal.LEVELS,
    "shape": Refusal.SHAPE,
}
"""Outputs that a graph may have beside its label's: what a picture may be refused for, float32, one number each."""
DIGITS = 4
"""Of probabilities and measures, as the edge rounds them before it decides: what is published is what decides."""
FEATURES = "features"
"""Another: the network's feature vector, float32 of one dimension, which a prediction carries as its embedding."""


class Manifest(BaseModel):
    """What a bundle says of itself.

    The graph takes `wafer`, uint8 of shape (height, width): die codes 0 no die, 1 pass, 2 fail, or a grey picture
    of them (0 / 127 / 255) at any scale. A model of another domain takes grey photographs in the same shape, or
    colours of shape (height, width, 3): the graph's input tells which, `data.kind` says dies, grey or colour.
    It gives `probabilities`, float32 of shape (labels,), calibrated and in the policy's order of labels, and `heat`,
    float32 of shape (rows, columns), 0..1, for the most probable label. It may give `features`, float32 of shape
    (features,): the network's vector of the wafer, in which `novelty` is measured; those of alike wafers are near.

    `sha256` is of all else in the manifest, as `sealed` writes it: it shows damage. Whoever alters a manifest can write
    another, so what shows malice is the bundle's signature (`fabwafer.signature`). Older manifests have none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", regex_engine="python-re")

    format: Annotated[int, Field(ge=FORMAT, le=FORMAT)] = FORMAT
    name: str
    version: str
    policy: Policy
    files: dict[str, Sha256]
    metrics: dict[str, JsonValue] = {}
    data: dict[str, JsonValue] = {}
    sha256: Sha256 | None = None

    @property
    def model(self) -> str:
        """Return name@version, as predictions carry it."""
        return f"{self.name}@{self.version}"


def sealed(content: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return what a manifest says with its own `sha256`: of all else as JSON, names in order, nothing between tokens."""
    rest = {name: value for name, value in content.items() if name != "sha256"}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return {**rest, "sha256": hashlib.sha256(canonical.encode()).hexdigest()}


def read_bundle(folder: Path) -> Manifest:
    """Read a bundle's manifest and check it by its own hash, every file by the manifest's.

    Raises:
        BundleError: If a file is missing, altered or not what this version can read.
    """
    manifest = _read_manifest(folder / MANIFEST)
    if MODEL not in manifest.files:
        raise BundleError(
            f"{folder / MANIFEST}: files: expected {MODEL}, got {sorted(manifest.files)}"
        )
    if manifest.policy.model != manifest.model:
        raise BundleError(
            f"{folder / MANIFEST}: policy.model: expected {manifest.model}, got {manifest.policy.model}"
        )
    for name, expected in manifest.files.items():
        _check_file(folder, name, expected)
    return manifest


def _read_manifest(path: Path) -> Manifest:
    try:
        content = path.read_bytes()
        manifest = Manifest.model_validate_json(content)
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "manifest"
        raise BundleError(
            f"{path}: {field}: {first['msg']}, got {first['input']!r:.120}"
        ) from error
    digest = sealed(json.loads(content))["sha256"]
    if manifest.sha256 not in (None, digest):
        raise BundleError(f"{path}: sha256 {digest}, it says of itself {manifest.sha256}")
    return manifest


def _check_file(folder: Path, name: str, expected: str) -> None:
    path = folder / name
    if path.resolve().parent != folder.resolve():
        raise BundleError(f"{path}: expected a file inside the bundle")
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}") from error
    if digest != expected:
        raise BundleError(f"{path}: sha256 {digest}, the manifest says {expected}")
