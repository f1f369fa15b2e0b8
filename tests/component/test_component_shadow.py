"""The model component's scripts under the shadow's name, run as both runtimes run them: there while it runs, and no longer."""

import os
import signal
import subprocess
import time
import zipfile

import pytest


def eventually(condition, timeout_s=10):
    deadline = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def left_of(group):
    """Return what still runs of a process group: a zombie only waits to be counted."""
    listed = subprocess.run(
        ["ps", "-eo", "pgid=,stat="], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in listed.stdout.splitlines()]
    return [state for pgid, state in rows if int(pgid) == group and not state.startswith("Z")]


@pytest.fixture(autouse=True)
def interruptible():
    """A suite that a script starts in its background ignores SIGINT, and what it starts would too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def install(runtime, shadow_recipe):
    def run(version):
        artifact = runtime.artifacts(shadow_recipe["ComponentName"], version) / "wafer-map.zip"
        with zipfile.ZipFile(artifact, "w") as archive:
            archive.writestr("manifest.json", version)
        done = runtime.run(shadow_recipe, "install", version)
        assert done.returncode == 0, done.stderr

    return run


@pytest.fixture
def start(runtime, shadow_recipe):
    """Start a version in a process group of its own, as both runtimes do."""
    started = []

    def run(version):
        link = runtime.work(shadow_recipe["ComponentName"]) / "current"
        link.unlink(
            missing_ok=True
        )  # the test waits for what the run makes, not for what the installation made
        process = subprocess.Popen(
            runtime.command(shadow_recipe, "run", version),
            cwd=runtime.work(shadow_recipe["ComponentName"]),
            start_new_session=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def manifest(runtime, edge_recipe):
    """The shadow's manifest, where the edge component looks for it from its own work folder."""
    defaults = edge_recipe["ComponentConfiguration"]["DefaultConfiguration"]
    return runtime.work(edge_recipe["ComponentName"]) / defaults["shadow_dir"] / "manifest.json"


def test_it_is_there_while_it_runs(install, start, manifest):
    install("2.0.0")
    start("2.0.0")
    assert eventually(manifest.exists)
    assert manifest.read_text() == "2.0.0"


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("whole_group", [True, False], ids=["to all", "to the shell"])
def test_it_is_gone_when_it_left_the_deployment(install, start, manifest, ending, whole_group):
    install("2.0.0")
    process = start("2.0.0")
    assert eventually(manifest.exists)
    (os.killpg if whole_group else os.kill)(process.pid, ending)
    process.wait(10)
    assert not manifest.exists()
    assert eventually(lambda: not left_of(process.pid))


def test_another_version_takes_its_place(install, start, manifest):
    for version in ("2.0.0", "3.0.0"):
        install(version)
        process = start(version)
        assert eventually(
            lambda version=version: manifest.exists() and manifest.read_text() == version
        )
        process.terminate()
        process.wait(10)


def test_old_ones_do_not_fill_the_card(install, runtime, shadow_recipe):
    for version in ("2.0.0", "3.0.0", "4.0.0"):
        install(version)
    assert len(list(runtime.work(shadow_recipe["ComponentName"]).glob("bundle-*"))) == 2
