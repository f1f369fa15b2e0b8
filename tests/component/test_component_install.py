"""The artifact for this machine, installed by the recipe's own script and used."""

import csv
import hashlib
import os
import subprocess

import pytest
from greengrass_runtime import ROOT

from edge_component.config import SimulatorSource
from edge_component.simulator import Simulator


def run(release, *arguments):
    environment = {"PATH": os.environ["PATH"], "ORT_DISABLE_TELEMETRY": "1"}
    return subprocess.run(
        [release / "venv" / "bin" / "python", *arguments],
        cwd=release.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_device_runs_what_was_shipped_and_not_the_checkout(release):
    told = run(release, "-c", "import edge_component; print(edge_component.__file__)")
    assert told.stdout.startswith(str(release)), told.stderr


def test_the_component_knows_its_version(release):
    told = run(release, "-c", "from importlib.metadata import version; print(version('fabwafer'))")
    assert told.stdout.strip() == release.name.removeprefix("release-")


def test_the_installed_component_classifies_pictures(release, tmp_path):
    camera = Simulator(SimulatorSource(kind="simulator", wafers=9), "test", [])
    for image in camera.take(0, 9):
        (tmp_path / f"{image.imgid}.png").write_bytes(image.picture)
    bundle = ROOT / "models" / "wafer-map"
    done = run(
        release,
        *("-m", "edge_component", "classify", tmp_path, "--csv", tmp_path / "out.csv"),
        *("--bundle", bundle),
    )
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 9
    assert all(row["prediction"] and not row["error"] for row in rows)


@pytest.mark.parametrize("library", ["cv2", "onnxruntime", "awsiot.greengrasscoreipc.clientv2"])
def test_the_device_has_what_every_source_and_publisher_needs(release, library):
    assert run(release, "-c", f"import {library}").returncode == 0


def test_wheels_are_not_kept_once_they_are_installed(release):
    assert {path.name for path in release.iterdir()} == {*("installed", "requirements.txt", "venv")}


@pytest.fixture
def kept(runtime, edge_recipe):
    """A release that was installed from this very artifact, and the newer one that runs instead of it."""
    name = edge_recipe["ComponentName"]
    artifact = runtime.artifacts(name, "1.0.0") / "0123abcd.zip"
    artifact.write_bytes(b"no zip at all")
    release = runtime.work(name) / "release-1.0.0"
    release.mkdir()
    wanted = hashlib.sha256(artifact.read_bytes()).hexdigest()
    (release / "installed").write_text(f"{wanted}  -\n")
    os.utime(release, (0, 0))
    (runtime.work(name) / "release-1.1.0").mkdir()
    return release


def test_the_way_back_needs_no_installation(kept, runtime, edge_recipe):
    assert runtime.run(edge_recipe, "install", "1.0.0").returncode == 0
    assert (kept / "installed").exists()
    assert kept.stat().st_mtime > 0, "the next installation would take it for the oldest"


def test_another_artifact_of_the_same_version_is_installed(kept, runtime, edge_recipe):
    (kept / "installed").write_text("of another artifact")
    done = runtime.run(edge_recipe, "install", "1.0.0")
    assert done.returncode != 0
    assert "BadZipFile" in done.stderr
