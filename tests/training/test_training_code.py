"""training.zip: built from the sources, started by itself."""

import hashlib
import re
import subprocess
import sys
import zipfile
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tiny_runs import one_thread

from training.unpack import REQUIREMENTS

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


def locked(name: str) -> list[str]:
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    return [line.removesuffix("\\").strip() for line in lines if re.match(r"[\w.-]+==", line)]


def test_the_zip_brings_the_jobs_lock_with_every_hash(archive: Path) -> None:
    lock = ROOT / "requirements" / "job.txt"
    with zipfile.ZipFile(archive) as packed:
        assert packed.read(REQUIREMENTS) == lock.read_bytes()
    for pinned in re.split(r"\n(?=\S)", lock.read_text()):
        assert "--hash=sha256:" in pinned


def test_what_a_job_installs_is_what_training_is_tested_with() -> None:
    assert set(locked("job.txt")) <= set(locked("train.txt"))


def test_what_a_job_installs_needs_nothing_that_it_does_not_install() -> None:
    pinned = [Requirement(each) for each in locked("job.txt")]
    here = {
        canonicalize_name(each.name) for each in pinned if not each.marker or each.marker.evaluate()
    }
    needed = {
        canonicalize_name(each.name)
        for name in here
        for each in map(Requirement, requires(name) or [])
        if not each.marker or each.marker.evaluate({"extra": ""})
    }
    assert needed <= here
    assert "torch" not in here


def started(archive: Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, archive),
        env=one_thread() | {"SAGEMAKER_BASE_DIR": str(folder), "PIP_NO_INDEX": "1"} | environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_started_by_itself_where_all_is_there_it_is_the_job_and_needs_no_network(
    archive: Path, tmp_path: Path
) -> None:
    assert started(archive, tmp_path).returncode == 1
    assert (tmp_path / "output" / "failure").read_text().startswith("channels: expected one")
    assert (tmp_path / "cache" / "code" / "training" / "job.py").exists()


NOTHING = b"neither a wheel nor sources"


@pytest.mark.parametrize(
    ("file", "digest", "refused"),
    [
        ("no_such_thing-1-py3-none-any.whl", None, "Hashes are required"),
        ("no_such_thing-1-py3-none-any.whl", "0" * 64, "DO NOT MATCH THE HASHES"),
        ("no_such_thing-1.tar.gz", hashlib.sha256(NOTHING).hexdigest(), "No matching distribution"),
    ],
    ids=["without a hash", "with another hash", "to be built"],
)
def test_what_the_lock_does_not_vouch_for_is_not_installed(
    tmp_path: Path, file: str, digest: str | None, refused: str
) -> None:
    (tmp_path / file).write_bytes(NOTHING)
    archive = tmp_path / "training.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(ROOT / "training" / "unpack.py", "__main__.py")
        packed.writestr(
            REQUIREMENTS,
            f"no-such-thing==1 --hash=sha256:{digest}" if digest else "no-such-thing==1",
        )
    done = started(archive, tmp_path, PIP_FIND_LINKS=str(tmp_path))
    assert done.returncode == 1
    assert refused in done.stderr
