import hashlib
import json
import re
import subprocess
import tomllib
import zipfile

import pytest
from greengrass_runtime import ROOT

from fabwafer.bundle import read_bundle

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
EDGE = f"artifacts/com.fabwafer.Edge/{VERSION}"
PLATFORMS = ["aarch64", "x86_64"]


def contents(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module", params=PLATFORMS)
def artifact(built, request):
    return request.param, contents(built / EDGE / f"fabwafer-edge-{request.param}.zip")


def test_the_same_sources_give_the_same_bytes(build, built, tmp_path):
    again = build(tmp_path / "component", "--platform", "x86_64")
    assert again.returncode == 0, again.stderr
    name = f"{EDGE}/fabwafer-edge-x86_64.zip"
    assert (tmp_path / "component" / name).read_bytes() == (built / name).read_bytes()


def test_the_checksums_are_those_of_every_file(built):
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=built, check=True)
    named = {line.split()[1] for line in (built / "SHA256SUMS").read_text().splitlines()}
    there = {str(path.relative_to(built)) for path in built.rglob("*") if path.is_file()}
    assert named == there - {"SHA256SUMS"}


def test_every_wheel_is_locked_by_its_hash_and_every_requirement_has_its_wheel(artifact):
    _, files = artifact
    requirements = files["requirements.txt"].decode()
    wheels = {name: data for name, data in files.items() if name.startswith("wheels/")}
    assert wheels
    for name, data in wheels.items():
        assert hashlib.sha256(data).hexdigest() in requirements, name
    wanted = set(re.findall(r"^([a-z0-9-]+)==", requirements, re.MULTILINE))
    shipped = {name[7:].split("-")[0].lower().replace("_", "-") for name in wheels}
    assert shipped == wanted


def test_wheels_are_for_the_platform_or_for_any(artifact):
    platform, files = artifact
    wheels = [name for name in files if name.endswith(".whl")]
    assert all(re.search(rf"-any\.whl|_{platform}\.whl", name) for name in wheels)
    assert any(platform in name for name in wheels)


def test_the_device_gets_the_contract_and_the_component_and_nothing_else_of_ours(
    artifact, tmp_path
):
    _, files = artifact
    (own,) = [name for name in files if name.startswith("wheels/fabwafer-")]
    (tmp_path / "own.whl").write_bytes(files[own])
    folders = {name.split("/")[0] for name in contents(tmp_path / "own.whl")}
    assert folders == {"fabwafer", "edge_component", f"fabwafer-{VERSION}.dist-info"}


def test_the_lock_names_no_index_and_pins_everything(artifact):
    _, files = artifact
    for line in re.sub(r"\\\n\s*", "", files["requirements.txt"].decode()).splitlines():
        assert re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)


@pytest.mark.parametrize(
    ("name", "version"), [("com.fabwafer.Edge", VERSION), ("com.fabwafer.Model", "1.2.3")]
)
def test_recipes_are_filled_in_but_for_the_bucket(built, name, version):
    text = (built / "recipes" / f"{name}-{version}.json").read_text()
    assert "COMPONENT_VERSION" not in text
    recipe = json.loads(text)
    assert (recipe["ComponentName"], recipe["ComponentVersion"]) == (name, version)
    for manifest in recipe["Manifests"]:
        for artifact in manifest["Artifacts"]:
            key = artifact["Uri"].removeprefix("s3://BUCKET_NAME/")
            assert (built / "artifacts" / key).is_file()


def test_the_models_artifact_is_a_whole_bundle(built, tmp_path):
    files = contents(built / "artifacts/com.fabwafer.Model/1.2.3/wafer-map.zip")
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    assert read_bundle(tmp_path).model == "wafer-map@1.2.3"


def test_a_model_that_was_altered_is_not_shipped(build, bundle, tmp_path):
    altered = tmp_path / "bundle"
    altered.mkdir()
    (altered / "manifest.json").write_bytes((bundle / "manifest.json").read_bytes())
    (altered / "model.onnx").write_bytes(b"another model")
    done = build(tmp_path / "component", "--platform", "x86_64", model=altered)
    assert done.returncode == 1
    assert "model.onnx: sha256" in done.stderr
    assert not (tmp_path / "component").exists()


def test_a_version_that_greengrass_would_refuse_is_refused_here(build, bundle, tmp_path):
    odd = tmp_path / "bundle"
    odd.mkdir()
    manifest = (bundle / "manifest.json").read_text().replace("1.2.3", "first")
    (odd / "manifest.json").write_text(manifest)
    (odd / "model.onnx").write_bytes((bundle / "model.onnx").read_bytes())
    done = build(tmp_path / "component", "--platform", "x86_64", model=odd)
    assert done.returncode == 1
    assert "expects 1.2.3, got 'first'" in done.stderr
