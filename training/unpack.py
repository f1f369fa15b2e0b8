"""The start of training.zip, as its `__main__.py`: unpacks it, sees that packages are there, becomes `training.job`.

    python /opt/ml/input/data/code/training.zip

Runs before anything is installed: standard library only. What the image lacks of the packages that the zip names is
installed by pip; an image that has them all, in whatever version, needs no network.
"""

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

REQUIREMENTS = "requirements.txt"
JOB = "training.job"


def main(archive: Path, environment: Mapping[str, str] = os.environ) -> None:
    """Replace this process, so that a signal to it reaches the job."""
    folder = Path(environment.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "cache" / "code"
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    if wanted := missing((folder / REQUIREMENTS).read_text().splitlines()):
        command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *wanted]
        subprocess.run(command, check=True)  # noqa: S603
    paths = [str(folder), *environment.get("PYTHONPATH", "").split(os.pathsep)]
    told = {**environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    os.execve(sys.executable, [sys.executable, "-m", JOB], told)  # noqa: S606


def missing(requirements: list[str]) -> list[str]:
    """Return which of `name==version ; marker` this Python has no version of."""
    return [each for each in requirements if not _is_there(each.partition("==")[0])]


def _is_there(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    main(Path(__file__).parent)
