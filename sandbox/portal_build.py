"""portal/ -> portal/dist, where it is not built of these sources yet."""

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from sandbox.errors import SandboxError
from sandbox.processes import ROOT, failure

_PORTAL = ROOT / "portal"
_LOG = ROOT / "build" / "portal-npm.log"
_TIMEOUT_S = 900.0
_STAMP = ".fabwafer-built"
_SOURCE_FOLDERS = ("src", "public")
_SOURCES = ("index.html", "package-lock.json", "vite.config.ts")


def built(console: Console, portal: Path = _PORTAL) -> Path:
    """Return the folder of the built portal, built by its own npm scripts unless it was of these sources.

    Raises:
        SandboxError: If npm is missing or fails; the message ends with what it said.
    """
    build, stamp, sources = portal / "dist", portal / "node_modules" / _STAMP, _digest(portal)
    if (build / "index.html").is_file() and stamp.is_file() and stamp.read_text() == sources:
        return build
    npm = shutil.which("npm")
    if npm is None:
        raise SandboxError("npm is missing: the portal is built by Node 20 or newer")
    if not (portal / "node_modules" / ".package-lock.json").is_file():
        with console.status("installing what the portal is built from (npm ci)"):
            _run([npm, "ci", "--no-audit", "--no-fund"], portal)
    with console.status("building the portal (npm run build)"):
        _run([npm, "run", "build"], portal)
    stamp.write_text(sources)
    return build


def _digest(portal: Path) -> str:
    """Name what a build is made of."""
    digest = hashlib.sha256()
    folders = [path for name in _SOURCE_FOLDERS for path in (portal / name).rglob("*")]
    for path in sorted([*folders, *(portal / name for name in _SOURCES)]):
        if path.is_file():
            digest.update(f"{path.relative_to(portal)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _run(command: Sequence[str], folder: Path) -> None:
    _LOG.parent.mkdir(exist_ok=True)
    what = f"npm {' '.join(command[1:])}"
    with _LOG.open("wb") as output:
        try:
            done = subprocess.run(  # noqa: S603 - npm, arguments of our own
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SandboxError(f"{what} took more than {_TIMEOUT_S:.0f} s: see {_LOG}") from error
    if done.returncode:
        raise failure(f"{what} failed in {folder}", _LOG)
