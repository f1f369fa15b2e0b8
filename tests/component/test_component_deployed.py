"""Both components as deployed: their recipes' scripts and configuration, beside a nucleus that speaks the protocol."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
from fnmatch import fnmatchcase

import pytest
from greengrass_runtime import ROOT

from edge_component.config import SimulatorSource
from edge_component.simulator import Simulator

BUNDLE = ROOT / "models" / "wafer-map"
WAFERS = 5


@pytest.fixture(scope="session")
def model(device, model_recipe):
    """Install the shipped bundle by the model component's recipe."""
    name, version = model_recipe["ComponentName"], "1.0.0"
    artifact = device.artifacts(name, version) / "wafer-map"
    shutil.make_archive(str(artifact), "zip", BUNDLE)
    assert device.run(model_recipe, "install", version).returncode == 0
    return device.work(name) / "current"


@pytest.fixture
def nucleus(edge_recipe, tmp_path_factory):
    """A nucleus with the recipe's configuration, a source merged, and the recipe's access control in force."""
    folder = ROOT / "tests" / "edge_component" / "fake_ggipc.py"
    spec = importlib.util.spec_from_file_location("fake_ggipc_of_the_edge", folder)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pictures = tmp_path_factory.mktemp("pictures")
    configuration = edge_recipe["ComponentConfiguration"]["DefaultConfiguration"] | {
        "source": {"kind": "folder", "folder": str(pictures), "settle_s": "0.1", "poll_s": "0.1"}
    }
    fake = module.FakeNucleus(tmp_path_factory.mktemp("gg") / "ipc", configuration)
    (allowed,) = configuration["accessControl"]["aws.greengrass.ipc.mqttproxy"].values()
    fake.denied = lambda topic: not any(fnmatchcase(topic, each) for each in allowed["resources"])
    fake.pictures = pictures
    yield fake
    fake.stop()


@pytest.fixture
def component(device, release, model, nucleus, edge_recipe):
    assert model.is_dir()
    process = subprocess.Popen(
        device.command(edge_recipe, "run", release.name.removeprefix("release-")),
        cwd=release.parent,
        env={"PATH": os.environ["PATH"], **nucleus.environment()},
    )
    yield process
    process.kill()
    process.wait()


@pytest.mark.usefixtures("component")
def test_a_picture_in_the_folder_is_published_as_the_things_camera(nucleus):
    camera = Simulator(SimulatorSource(kind="simulator", wafers=WAFERS), "test", [])
    for image in camera.take(0, WAFERS):
        (nucleus.pictures / f"{image.imgid}.png").write_bytes(image.picture)
    assert nucleus.wait_for(lambda: len(nucleus.of_kind("prediction")) == WAFERS, 60)
    assert nucleus.wait_for(lambda: len(nucleus.of_kind("img")) == WAFERS, 20)
    for each in nucleus.published:
        assert each.topic.startswith("fabwafer/faba/camera1/")
    manifest = json.loads((BUNDLE / "manifest.json").read_text())
    told = {json.loads(each.payload)["model"] for each in nucleus.of_kind("prediction")}
    assert told == {f"{manifest['name']}@{manifest['version']}"}


def test_the_component_reports_that_it_runs_and_ends_when_it_is_asked_to(component, nucleus):
    assert nucleus.wait_for(lambda: "RUNNING" in nucleus.states, 60)
    component.send_signal(signal.SIGTERM)
    assert component.wait(10) == 0
