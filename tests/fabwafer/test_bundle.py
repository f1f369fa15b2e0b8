import hashlib
import json

import pytest

from fabwafer.bundle import read_bundle
from fabwafer.errors import BundleError


@pytest.fixture
def bundle(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"weights")
    write_manifest(tmp_path)
    return tmp_path


def write_manifest(folder, **changes):
    manifest = {
        "name": "wafer-map",
        "version": "1.2.0",
        "policy": {"model": "wafer-map@1.2.0"},
        "files": {"model.onnx": hashlib.sha256(b"weights").hexdigest()},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))


def test_a_sound_bundle_says_who_it_is(bundle):
    assert read_bundle(bundle).model == "wafer-map@1.2.0"


def altered(bundle):
    (bundle / "model.onnx").write_bytes(b"other weights")


def missing_model(bundle):
    (bundle / "model.onnx").unlink()


def missing_manifest(bundle):
    (bundle / "manifest.json").unlink()


def broken_manifest(bundle):
    (bundle / "manifest.json").write_text("{")


def newer_format(bundle):
    write_manifest(bundle, format=2)


def no_model_file(bundle):
    write_manifest(bundle, files={})


def another_models_policy(bundle):
    write_manifest(bundle, policy={"model": "wafer-map@1.1.0"})


def file_outside(bundle):
    (bundle.parent / "outside").write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    write_manifest(bundle, files={"model.onnx": digest, "../outside": digest})


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (altered, "model.onnx: sha256 .* the manifest says"),
        (missing_model, "model.onnx: No such file"),
        (missing_manifest, "manifest.json: No such file"),
        (broken_manifest, "manifest.json: manifest: Invalid JSON"),
        (newer_format, "manifest.json: format: "),
        (no_model_file, "files: expected model.onnx"),
        (another_models_policy, "policy.model: expected wafer-map@1.2.0"),
        (file_outside, "expected a file inside the bundle"),
    ],
)
def test_a_bundle_that_is_not_whole_is_refused(bundle, harm, message):
    harm(bundle)
    with pytest.raises(BundleError, match=message):
        read_bundle(bundle)
