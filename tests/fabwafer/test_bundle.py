import hashlib
import json

import pytest

from fabwafer.bundle import read_bundle, sealed
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
        "policy": {"model": "wafer-map@1.2.0", "labels": ["none", "Loc"], "accept": {"none": 0.9}},
        "files": {"model.onnx": hashlib.sha256(b"weights").hexdigest()},
    }
    (folder / "manifest.json").write_text(json.dumps(sealed(manifest | changes)))


def rewrite(folder, old, new):
    manifest = folder / "manifest.json"
    text = manifest.read_text()
    assert old in text
    manifest.write_text(text.replace(old, new))


def test_a_sound_bundle_says_who_it_is(bundle):
    assert read_bundle(bundle).model == "wafer-map@1.2.0"


def test_a_manifest_may_be_written_otherwise_as_long_as_it_says_the_same(bundle):
    manifest = json.loads((bundle / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps(dict(reversed(manifest.items())), indent=3))
    assert read_bundle(bundle).policy.accept == {"none": 0.9}


def test_a_manifest_from_before_it_had_a_hash_is_read(bundle):
    manifest = json.loads((bundle / "manifest.json").read_text())
    del manifest["sha256"]
    (bundle / "manifest.json").write_text(json.dumps(manifest))
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


def lower_threshold(bundle):
    rewrite(bundle, '"none": 0.9', '"none": 0.0')


def permuted_labels(bundle):
    rewrite(bundle, '["none", "Loc"]', '["Loc", "none"]')


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
        (lower_threshold, "manifest.json: sha256 .* it says of itself"),
        (permuted_labels, "manifest.json: sha256 .* it says of itself"),
        (file_outside, "expected a file inside the bundle"),
    ],
)
def test_a_bundle_that_is_not_whole_is_refused(bundle, harm, message):
    harm(bundle)
    with pytest.raises(BundleError, match=message):
        read_bundle(bundle)
