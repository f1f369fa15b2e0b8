import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from greengrass_runtime import ROOT, Runtime, load_recipe

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
# A pip that is told of indexes which answer nothing must not notice.
NOWHERE = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_EXTRA_INDEX_URL": "http://127.0.0.1:9/"}
SOURCES = {"edge": "edge_component/recipe.yaml", "model": "edge_component/model_recipe.yaml"}


@pytest.fixture(scope="session", params=SOURCES.values(), ids=SOURCES.keys())
def recipe(request) -> dict[str, Any]:
    return load_recipe(ROOT / request.param)


@pytest.fixture(scope="session")
def edge_recipe() -> dict[str, Any]:
    return load_recipe(ROOT / SOURCES["edge"])


@pytest.fixture(scope="session")
def model_recipe() -> dict[str, Any]:
    return load_recipe(ROOT / SOURCES["model"])


@pytest.fixture(scope="session")
def shadow_recipe(model_recipe) -> dict[str, Any]:
    """The recipe as the cloud makes a shadow of it."""
    return model_recipe | {"ComponentName": "com.fabwafer.ShadowModel"}


@pytest.fixture(params=["lite", "classic"])
def runtime(request, tmp_path) -> Runtime:
    lite = request.param == "lite"
    return Runtime(tmp_path / "greengrass", "faba--camera1", "/" if lite else "", strict=lite)


@pytest.fixture(scope="session")
def bundle(tmp_path_factory) -> Path:
    """A bundle whose model is no model: the build looks at hashes and versions alone."""
    folder = tmp_path_factory.mktemp("bundle")
    content = b"not a model"
    manifest = {
        "name": "wafer-map",
        "version": "1.2.3",
        "policy": {"model": "wafer-map@1.2.3"},
        "files": {"model.onnx": hashlib.sha256(content).hexdigest()},
    }
    (folder / "model.onnx").write_bytes(content)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="session")
def build(bundle):
    """Run scripts/build_component for this Python."""

    def run(out, *arguments, model=bundle, root=ROOT) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, root / "scripts" / "build_component", "--out", out]
        command += ["--model", model, "--python", PYTHON, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def built(build, tmp_path_factory) -> Path:
    """The components for both platforms."""
    out = tmp_path_factory.mktemp("build") / "component"
    done = build(out)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="session")
def device(built, edge_recipe, tmp_path_factory) -> Runtime:
    """A Nucleus Lite's folders with the edge component installed from its ZIP, which nobody unpacked."""
    runtime = Runtime(tmp_path_factory.mktemp("greengrass"), "faba--camera1", "/", strict=True)
    name = edge_recipe["ComponentName"]
    # CDK's assets, and so the artifacts on a device, are named by their hash.
    artifact = runtime.artifacts(name, VERSION) / "0123abcd.zip"
    source = built / "artifacts" / name / VERSION / f"fabwafer-edge-{platform.machine()}.zip"
    shutil.copy(source, artifact)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    installed = runtime.run(edge_recipe, "install", VERSION, PATH=path, **NOWHERE)
    assert installed.returncode == 0, installed.stderr
    return runtime


@pytest.fixture(scope="session")
def release(device, edge_recipe) -> Path:
    """The folder of the installed release, in the component's work folder."""
    (folder,) = device.work(edge_recipe["ComponentName"]).glob("release-*")
    return folder
