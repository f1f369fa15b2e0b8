import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path):
    """A project of which nothing is set up, whose lock files ask for one package each."""
    for name in ("scripts", "requirements"):
        (tmp_path / name).mkdir()
    shutil.copy(ROOT / "scripts" / "setup", tmp_path / "scripts")
    for name in ("pyproject.toml", "package.json", "package-lock.json"):
        shutil.copy(ROOT / name, tmp_path)
    lock = f"six==1.17.0 --hash=sha256:{'0' * 64}\n"
    for name in ("dev", "train", "emulator"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(lock)
    return tmp_path


def setup(project, *parts, **environment):
    command = [sys.executable, project / "scripts" / "setup", *parts]
    return subprocess.run(
        command,
        check=False,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=90,
    )


def fake_program(folder, name, output):
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\necho {output}\n")
    program.chmod(0o755)


def test_an_old_node_is_named_with_its_version(project, tmp_path):
    fake_program(tmp_path / "bin", "node", "v18.19.0")
    fake_program(tmp_path / "bin", "npm", "9")
    done = setup(project, "node", PATH=f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert done.returncode == 1
    assert "Node.js 20 or newer is needed" in done.stderr
    assert "v18.19.0" in done.stderr


def test_a_missing_node_is_said_to_be_missing(project, tmp_path):
    (tmp_path / "bin").mkdir()
    done = setup(project, "node", PATH=str(tmp_path / "bin"))
    assert done.returncode == 1
    assert "there is none on the PATH" in done.stderr


def test_an_old_python_is_named_with_its_version(project):
    script = project / "scripts" / "setup"
    script.write_text(script.read_text().replace("(3, 11)", "(3, 99)"))
    done = setup(project, "app")
    assert done.returncode == 1
    assert "Python 3.99 or newer is needed" in done.stderr
    assert sys.version.split()[0] in done.stderr


def test_a_registry_out_of_reach_is_asked_about(project):
    nowhere = {
        "PIP_INDEX_URL": "http://127.0.0.1:1/",
        "PIP_RETRIES": "0",
        "PIP_CONFIG_FILE": os.devnull,
    }
    done = setup(project, "emulator", PIP_EXTRA_INDEX_URL="", PIP_NO_INDEX="", **nowhere)
    assert done.returncode == 1
    assert "is the package registry within reach?" in done.stderr
    assert not (project / ".venv-emulator" / ".fabwafer-setup").exists()


def test_an_unknown_part_is_refused_with_the_known_ones(project):
    assert (
        "part: expected app, train, bench, emulator, node, got 'everything'"
        in setup(project, "everything").stderr
    )


def test_what_is_set_up_is_not_set_up_again(project):
    script = project / "scripts" / "setup"
    (project / "requirements" / "emulator.txt").write_text("")
    script.write_text(script.read_text().replace('"--require-hashes", ', ""))
    first, second = setup(project, "emulator"), setup(project, "emulator")
    assert (first.returncode, second.returncode) == (0, 0)
    assert "ready in" in first.stdout
    assert second.stdout == ""
