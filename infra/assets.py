"""The Lambdas' one asset: `fabwafer`, `lambdas` and their pinned wheels, put together by pip without Docker.

Built under build/ in a folder named by what goes into it, so that a synth that changes nothing builds nothing.
CDK's own bundling would copy the 60 MB anew on every synth.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_
from constructs import IConstruct

from infra.settings import Settings

PYTHON = "3.13"
RUNTIME = lambda_.Runtime.PYTHON_3_13
ARCHITECTURE = lambda_.Architecture.ARM_64
REQUIREMENTS = Path("requirements/lambdas.txt")
_PACKAGES = ("fabwafer", "lambdas")
_FOR_THE_CLOUD = (
    *("--platform", "manylinux2014_aarch64", "--platform", "manylinux_2_28_aarch64"),
    *("--implementation", "cp", "--python-version", PYTHON),
)


def assets_bucket(scope: IConstruct) -> str:
    """Return what `cdk bootstrap` calls the bucket of this app's assets, before account and region.

    The qualifier is the app's own (cdk.json), so that the bucket holds nothing of another app in the account.
    """
    return f"cdk-{Stack.of(scope).synthesizer.bootstrap_qualifier}-assets"


def lambda_code(settings: Settings) -> lambda_.Code:
    """Return the asset; in the sandbox with wheels for this machine, whose Python runs the Lambdas there."""
    if settings.lambda_assets is not None:
        return lambda_.Code.from_asset(str(settings.lambda_assets))
    platform = () if settings.in_sandbox else _FOR_THE_CLOUD
    return lambda_.Code.from_asset(str(build_lambda_asset(settings.root, platform)))


def build_lambda_asset(root: Path, platform: tuple[str, ...]) -> Path:
    """Build the asset's folder, or return it when it is there.

    Args:
        root: The repository.
        platform: What pip is told of the target; nothing for this machine.
    """
    sources = list(_sources(root))
    wheels = _once(
        root / "build" / f"lambda-wheels-{_key(root, [REQUIREMENTS], platform)}",
        lambda folder: _install(root / REQUIREMENTS, folder, platform),
    )

    def assemble(folder: Path) -> None:
        shutil.copytree(wheels, folder, copy_function=os.link, dirs_exist_ok=True)
        for source in sources:
            (folder / source).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / source, folder / source)

    key = _key(root, [REQUIREMENTS, *sources], platform)
    return _once(root / "build" / f"lambda-asset-{key}", assemble)


def _sources(root: Path) -> Iterator[Path]:
    for package in _PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            yield path.relative_to(root)


def _key(root: Path, files: list[Path], platform: tuple[str, ...]) -> str:
    digest = hashlib.sha256(repr(platform or sys.version_info[:2]).encode())
    for file in files:
        digest.update(f"{file}\0".encode() + (root / file).read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _once(folder: Path, fill: Callable[[Path], None]) -> Path:
    """Fill a folder unless it is there; a half-filled one is never seen, nor two processes' mixture."""
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        filling = Path(scratch) / folder.name
        filling.mkdir()
        fill(filling)
        try:
            filling.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    return folder


def _install(requirements: Path, folder: Path, platform: tuple[str, ...]) -> None:
    subprocess.run(  # noqa: S603 - arguments of our own
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--target", str(folder), "--no-compile", "--require-hashes"),
            *("--only-binary", ":all:", *platform, "--requirement", str(requirements)),
        ],
        check=True,
    )
    shutil.rmtree(folder / "bin", ignore_errors=True)
