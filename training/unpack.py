"""The start of training.zip, as its `__main__.py`: unpacks it, sees that packages are there, becomes `training.job`.

    python /opt/ml/input/data/code/training.zip

Runs before anything is installed: standard library only. The zip brings the lock of all that a job imports but PyTorch,
which is the image's. pip installs what the image does not have in the locked version, wheels whose hashes the lock
names and nothing else; an image that has them all needs no network.
"""

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

REQUIREMENTS = "requirements.txt"
JOB = "training.job"
_PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
_LOCKED = ("--require-hashes", "--no-deps", "--only-binary", ":all:")
"""A source distribution would fetch and run what builds it, which no lock names."""


def main(archive: Path, environment: Mapping[str, str] = os.environ) -> None:
    """Replace this process, so that a signal to it reaches the job."""
    folder = Path(environment.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "cache" / "code"
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    command = [sys.executable, *_PIP, *_LOCKED, "--requirement", str(folder / REQUIREMENTS)]
    subprocess.run(command, check=True)  # noqa: S603
    paths = [str(folder), *environment.get("PYTHONPATH", "").split(os.pathsep)]
    told = {**environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    os.execve(sys.executable, [sys.executable, "-m", JOB], told)  # noqa: S606


if __name__ == "__main__":
    main(Path(__file__).parent)
