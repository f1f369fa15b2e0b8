"""The model component's scripts, run as both runtimes run them."""

import zipfile

import pytest


@pytest.fixture
def deploy(runtime, model_recipe, tmp_path):
    """Install a model version from its ZIP, and start it unless told otherwise; `sleep` returns at once."""
    quick = tmp_path / "bin"
    quick.mkdir()
    (quick / "sleep").write_text("#!/bin/sh\nexit 0\n")
    (quick / "sleep").chmod(0o755)
    path = f"{quick}:/usr/bin:/bin"

    def run(version, install=True):
        artifact = runtime.artifacts(model_recipe["ComponentName"], version) / "wafer-map.zip"
        with zipfile.ZipFile(artifact, "w") as archive:
            archive.writestr("manifest.json", version)
        if install:
            installed = runtime.run(model_recipe, "install", version, PATH=path)
            assert installed.returncode == 0, installed.stderr
        started = runtime.run(model_recipe, "run", version, PATH=path)
        assert started.returncode == 0, started.stderr

    return run


@pytest.fixture
def seen_by_the_edge_component(runtime, edge_recipe):
    """Read the manifest through the edge component's configured path, from its work folder."""
    defaults = edge_recipe["ComponentConfiguration"]["DefaultConfiguration"]
    folder = runtime.work(edge_recipe["ComponentName"]) / defaults["model_dir"]
    return lambda: (folder / "manifest.json").read_text()


def test_the_edge_component_finds_the_deployed_model(deploy, seen_by_the_edge_component):
    deploy("1.0.0")
    assert seen_by_the_edge_component() == "1.0.0"


def test_a_new_model_takes_the_place_of_the_old(deploy, seen_by_the_edge_component):
    deploy("1.0.0")
    deploy("1.1.0")
    assert seen_by_the_edge_component() == "1.1.0"


@pytest.mark.parametrize("install", [True, False], ids=["installed again", "only started again"])
def test_the_way_back_leads_to_the_model_before(deploy, seen_by_the_edge_component, install):
    deploy("1.0.0")
    deploy("1.1.0")
    deploy("1.0.0", install=install)
    assert seen_by_the_edge_component() == "1.0.0"


def test_the_model_outlives_its_artifacts(
    deploy, runtime, model_recipe, seen_by_the_edge_component
):
    deploy("1.0.0")
    (runtime.artifacts(model_recipe["ComponentName"], "1.0.0") / "wafer-map.zip").unlink()
    assert seen_by_the_edge_component() == "1.0.0"


def test_old_models_do_not_fill_the_card(deploy, runtime, model_recipe):
    for version in ("1.0.0", "1.1.0", "1.2.0", "1.3.0"):
        deploy(version)
    kept = {path.name for path in runtime.work(model_recipe["ComponentName"]).glob("bundle-*")}
    assert "bundle-1.3.0" in kept
    assert len(kept) == 2


def test_a_broken_zip_fails_the_deployment_and_leaves_the_model(
    deploy, runtime, model_recipe, seen_by_the_edge_component
):
    deploy("1.0.0")
    (runtime.artifacts(model_recipe["ComponentName"], "1.1.0") / "wafer-map.zip").write_bytes(b"PK")
    assert runtime.run(model_recipe, "install", "1.1.0").returncode != 0
    assert seen_by_the_edge_component() == "1.0.0"
