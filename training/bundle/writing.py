"""A model and its manifest -> the bundle's folder, whole or not at all."""

import hashlib
import json
import shutil
from pathlib import Path

from fabwafer.bundle import MANIFEST, MODEL, Manifest, sealed
from training.worth.files import LEARNING_CURVE, PROTOCOLS, REPORT


def write_bundle(bundle: Path, model: bytes, manifest: Manifest) -> None:
    """Write the bundle beside its place, then swap: nobody ever sees half of one.

    A kill within the swap leaves the bundle before beside its place, where `recover` finds it.
    The manifest names what runs, nothing else. Card, figures and report of the model before are gone, but for what is
    no single model's: the learning curve, and what the protocol does to a figure.
    """
    fresh = bundle.with_name(f"{bundle.name}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    (fresh / MODEL).write_bytes(model)
    manifest = manifest.model_copy(update={"files": {MODEL: hashlib.sha256(model).hexdigest()}})
    content = sealed(manifest.model_dump(mode="json"))
    (fresh / MANIFEST).write_text(json.dumps(content, indent=1) + "\n")
    for name in (LEARNING_CURVE, PROTOCOLS):
        if (bundle / REPORT / name).exists():
            (fresh / REPORT).mkdir(exist_ok=True)
            shutil.copy(bundle / REPORT / name, fresh / REPORT)
    previous = _previous(bundle)
    shutil.rmtree(previous, ignore_errors=True)
    if bundle.exists():
        bundle.rename(previous)
    fresh.rename(bundle)
    shutil.rmtree(previous, ignore_errors=True)


def recover(bundle: Path) -> None:
    """Put the bundle before back in its place if a kill within a swap left the place empty."""
    if _previous(bundle).exists() and not bundle.exists():
        _previous(bundle).rename(bundle)


def _previous(bundle: Path) -> Path:
    return bundle.with_name(f"{bundle.name}.old")
