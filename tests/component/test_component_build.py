import hashlib
import io
import json
import re
import shutil
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


@pytest.fixture
def rebuilt(build, tmp_path):
    """Build from a copy of the repository that a function has changed, and return the artifact."""

    def run(change):
        copy = tmp_path / "repository"
        for name in ("fabwafer", "edge_component", "requirements"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        (copy / "scripts").mkdir()
        for name in ("scripts/build_component", "pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, copy / name)
        (copy / ".cache").symlink_to(ROOT / ".cache")
        change(copy)
        done = build(tmp_path / "component", "--platform", "x86_64", root=copy)
        assert done.returncode == 0, done.stderr
        return (tmp_path / "component" / EDGE / "fabwafer-edge-x86_64.zip").read_bytes()

    return run


def change_what_describes_it(copy):
    (copy / "README.md").write_text("Another README.")
    project = (copy / "pyproject.toml").read_text()
    (copy / "pyproject.toml").write_text(project.replace("description = ", "description = 'x' # "))
    (copy / "edge_component" / "notes.txt").write_text("left by somebody")


def change_what_runs(copy):
    with (copy / "edge_component" / "main.py").open("a") as stream:
        stream.write("# another line\n")


@pytest.mark.parametrize(
    ("change", "same"), [(change_what_describes_it, True), (change_what_runs, False)]
)
def test_the_bytes_of_a_version_follow_from_what_runs_and_from_nothing_else(
    built, rebuilt, change, same
):
    before = (built / EDGE / "fabwafer-edge-x86_64.zip").read_bytes()
    assert (rebuilt(change) == before) is same


def test_nothing_depends_on_how_a_zlib_compresses(built):
    artifact = contents(built / EDGE / "fabwafer-edge-x86_64.zip")
    (own,) = [data for name, data in artifact.items() if name.startswith("wheels/fabwafer-")]
    for archive in (io.BytesIO(own), *built.rglob("*.zip")):
        with zipfile.ZipFile(archive) as opened:
            assert {each.compress_type for each in opened.infolist()} == {zipfile.ZIP_STORED}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_build_for_one_platform_names_only_that_one(build, tmp_path, platform):
    done = build(tmp_path / "component", "--platform", platform)
    assert done.returncode == 0, done.stderr
    recipe = json.loads(
        (tmp_path / f"component/recipes/com.fabwafer.Edge-{VERSION}.json").read_text()
    )
    [uri] = [each["Uri"] for manifest in recipe["Manifests"] for each in manifest["Artifacts"]]
    assert [path.name for path in (tmp_path / "component" / EDGE).iterdir()] == [
        uri.rpartition("/")[2]
    ]
    assert platform in uri


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
    ("name", "version"),
    [("com.fabwafer.Edge", VERSION), ("com.fabwafer.Model", "1.2.3")],
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


def signed(bundle, folder, manifest):
    """Copy a bundle and lay a signature of some manifest beside it; the build looks at its hash alone."""
    copy = shutil.copytree(bundle, folder)
    signature = {
        "model": "wafer-map@1.2.3",
        "serial": 1,
        "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
        "key": "0" * 64,
        "value": "MEUC",
    }
    (copy / "signature.json").write_text(json.dumps(signature))
    return copy


def test_a_signature_is_shipped_with_its_bundle(build, bundle, tmp_path):
    model = signed(bundle, tmp_path / "bundle", (bundle / "manifest.json").read_bytes())
    done = build(tmp_path / "component", "--platform", "x86_64", model=model)
    assert done.returncode == 0, done.stderr
    files = contents(tmp_path / "component/artifacts/com.fabwafer.Model/1.2.3/wafer-map.zip")
    assert files["signature.json"] == (model / "signature.json").read_bytes()


def test_a_signature_that_the_model_before_left_is_not_shipped(build, bundle, tmp_path):
    model = signed(bundle, tmp_path / "bundle", b"the manifest before")
    done = build(tmp_path / "component", "--platform", "x86_64", model=model)
    assert done.returncode == 1
    assert "signature.json: signs another manifest" in done.stderr


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
