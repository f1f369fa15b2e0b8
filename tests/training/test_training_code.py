"""training.zip: built from the sources, started by itself."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tiny_runs import one_thread

from training.unpack import REQUIREMENTS, missing

ROOT = Path(__file__).parents[2]
BUILD = (sys.executable, ROOT / "scripts" / "build_training_code", "--out")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("code") / "training.zip"
    subprocess.run((*BUILD, path), check=True)
    return path


def test_the_zip_has_what_a_job_runs_and_nothing_else(archive: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        names = set(packed.namelist())
    assert {"__main__.py", REQUIREMENTS, "training/job.py", "fabwafer/release.py"} <= names
    assert {"training/data/wafers.py", "training/network/loop.py"} <= names
    assert {name.partition("/")[0] for name in names} == {
        "__main__.py", REQUIREMENTS, "training", "fabwafer"
    }  # fmt: skip


def test_the_same_sources_give_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    subprocess.run((*BUILD, tmp_path / "again.zip"), check=True)
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


def test_started_by_itself_it_is_the_job(archive: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        (sys.executable, archive),
        env=one_thread() | {"SAGEMAKER_BASE_DIR": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert (tmp_path / "output" / "failure").read_text().startswith("channels: expected one")
    assert (tmp_path / "cache" / "code" / "training" / "job.py").exists()


def test_what_is_there_in_another_version_is_not_installed() -> None:
    assert missing(["numpy==0.1 ; python_version > '3'", "no-such-thing==1"]) == [
        "no-such-thing==1"
    ]
