"""The artifact for this machine, installed by the recipe's own script and used."""

import csv
import os
import platform
import shutil
import subprocess
import sys

import pytest
from greengrass_runtime import ROOT, Runtime

from edge_component.config import SimulatorSource
from edge_component.simulator import Simulator

NAME = "com.fabwafer.Edge"
# A pip that is told of indexes which answer nothing must not notice.
NOWHERE = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_EXTRA_INDEX_URL": "http://127.0.0.1:9/"}


@pytest.fixture(scope="module")
def device(built, edge_recipe, tmp_path_factory):
    """A Greengrass folder with the edge component installed from its ZIP, which nobody unpacked."""
    runtime = Runtime(tmp_path_factory.mktemp("greengrass"), "faba--camera1", "/", strict=True)
    (folder,) = (built / "artifacts" / NAME).iterdir()
    # CDK's assets, and so the artifacts on a device, are named by their hash.
    artifact = runtime.artifacts(NAME, folder.name) / "0123abcd.zip"
    shutil.copy(folder / f"fabwafer-edge-{platform.machine()}.zip", artifact)
    path = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"  # noqa: PTH120
    installed = runtime.run(edge_recipe, "install", folder.name, PATH=path, **NOWHERE)
    assert installed.returncode == 0, installed.stderr
    return runtime.work(NAME) / f"release-{folder.name}"


def run(device, *arguments):
    environment = {"PATH": os.environ["PATH"], "ORT_DISABLE_TELEMETRY": "1"}
    return subprocess.run(
        [device / "venv" / "bin" / "python", *arguments],
        cwd=device.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_device_runs_what_was_shipped_and_not_the_checkout(device):
    told = run(device, "-c", "import edge_component; print(edge_component.__file__)")
    assert told.stdout.startswith(str(device)), told.stderr


def test_the_component_knows_its_version(device):
    told = run(device, "-c", "from importlib.metadata import version; print(version('fabwafer'))")
    assert told.stdout.strip() == device.name.removeprefix("release-")


def test_the_installed_component_classifies_pictures(device, tmp_path):
    camera = Simulator(SimulatorSource(kind="simulator", wafers=9), "test", [])
    for image in camera.take(0, 9):
        (tmp_path / f"{image.imgid}.png").write_bytes(image.picture)
    bundle = ROOT / "models" / "wafer-map"
    done = run(
        device,
        *("-m", "edge_component", "classify", tmp_path, "--csv", tmp_path / "out.csv"),
        *("--bundle", bundle),
    )
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 9
    assert all(row["prediction"] and not row["error"] for row in rows)


@pytest.mark.parametrize("library", ["cv2", "onnxruntime", "awsiot.greengrasscoreipc.clientv2"])
def test_the_device_has_what_every_source_and_publisher_needs(device, library):
    assert run(device, "-c", f"import {library}").returncode == 0


def test_wheels_are_not_kept_once_they_are_installed(device):
    assert {path.name for path in device.iterdir()} == {"requirements.txt", "venv"}
