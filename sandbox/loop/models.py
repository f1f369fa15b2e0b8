"""Bundles as the loop's bucket holds them: signed, zipped, their thresholds in the parameter store; and how good they are."""

import base64
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_component.classifier import Classifier
from edge_component.pictures import encode_dies
from fabwafer.bundle import MANIFEST, Manifest, read_bundle, sealed
from fabwafer.labels import WM811K
from fabwafer.signature import SIGNATURE
from lambdas.loop.bundles import pack, unpack
from lambdas.loop.signing import bundle_key, signature_of
from lambdas.stores.keys import SigningKey
from sandbox.cloud import Cloud
from sandbox.loop.data import Wafers


@dataclass(frozen=True)
class Signed:
    """A bundle in the models bucket."""

    manifest: Manifest
    key: str


def sign(cloud: Cloud, bundle: Path, serial: int) -> Signed:
    """Sign a bundle with the deployment's key, put it into the models bucket, and register its thresholds."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "bundle"
        shutil.copytree(bundle, folder)
        manifest = read_bundle(folder)
        key = SigningKey(cloud.outputs["SigningKeyId"], cloud.emulator.client("kms"))
        content = (folder / MANIFEST).read_bytes()
        signature = signature_of(key, manifest.model, serial, content)
        (folder / SIGNATURE).write_text(signature.model_dump_json())
        place = bundle_key(manifest.model, serial)
        upload(cloud, place, pack(folder, manifest))
    register_thresholds(cloud, manifest)
    return Signed(manifest, place)


def register_thresholds(cloud: Cloud, manifest: Manifest) -> None:
    """Put a model's labels and thresholds where the functions look for them."""
    cloud.emulator.client("ssm").put_parameter(
        Name=f"{cloud.outputs['ModelsParameterPrefix']}/{manifest.name}/{manifest.version}",
        Value=manifest.policy.model_dump_json(exclude_none=True),
        Type="String",
        Overwrite=True,
    )


def public_key(cloud: Cloud) -> str:
    """Return what a device's `model_keys` holds: the public key, base64 of DER."""
    key = SigningKey(cloud.outputs["SigningKeyId"], cloud.emulator.client("kms"))
    return base64.b64encode(key.public()).decode()


def upload(cloud: Cloud, key: str, content: bytes) -> None:
    """Put an object into the models bucket."""
    cloud.emulator.client("s3").put_object(
        Bucket=cloud.outputs["ModelsBucket"], Key=key, Body=content
    )


def fetch(cloud: Cloud, key: str, folder: Path) -> Path:
    """Unpack a bundle of the models bucket into a new folder, checked file by file; return the folder."""
    found = cloud.emulator.client("s3").get_object(Bucket=cloud.outputs["ModelsBucket"], Key=key)
    folder.mkdir(parents=True)
    unpack(found["Body"].read(), folder)
    return folder


def recall(bundle: Path, wafers: Wafers) -> dict[str, float]:
    """Return by label the share of its wafers that a bundle calls so, as a camera would."""
    classifier = Classifier.load(bundle)
    pictures = [encode_dies(dies) for dies in wafers.dies]
    said = np.array([each.label for each in classifier.classify(pictures)])
    truth = np.array(wafers.classes)[wafers.labels]
    return {
        name: round(float((said[truth == name] == name).mean()), 4)
        for name in wafers.classes
        if (truth == name).any()
    }


def renamed(
    bundle: Path, folder: Path, version: str, labels: Mapping[str, str] | None = None
) -> Path:
    """Copy a bundle as another version of itself, unsigned; `labels` says which of them are called otherwise."""
    shutil.copytree(bundle, folder)
    (folder / SIGNATURE).unlink(missing_ok=True)
    manifest = json.loads((folder / MANIFEST).read_text())
    policy, others = manifest["policy"], labels or {}
    policy["labels"] = [others.get(label, label) for label in policy["labels"]]
    manifest["version"] = version
    policy["model"] = f"{manifest['name']}@{version}"
    (folder / MANIFEST).write_text(json.dumps(sealed(manifest)))
    read_bundle(folder)
    return folder


def swapped(bundle: Path, folder: Path, version: str) -> Path:
    """Copy a bundle as one that takes normal wafers for Loc, and Loc for normal ones."""
    normal = WM811K.normal
    return renamed(bundle, folder, version, {normal: "Loc", "Loc": normal})
