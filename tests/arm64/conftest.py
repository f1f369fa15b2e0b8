"""A device of another architecture: the components as built for aarch64, installed by their own recipes under qemu."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARM64_ROOT = ROOT / ".cache" / "arm64-root"
PYTHON_OF_DEBIAN_12 = "3.11"
GGC_USER = "990"
INSTALL_S = 600


@dataclass(frozen=True)
class Device:
    """An arm64 Debian 12 with a Greengrass folder that is laid out as Nucleus Lite does."""

    greengrass: Path

    def command(self, *command: str | Path, bind=(), user=GGC_USER, folder="/") -> list[str | Path]:
        """Return the command line that runs a command on the device; it sees `bind` under the same paths."""
        binds = [word for path in (self.greengrass, *bind) for word in ("--bind", path)]
        launcher = [ROOT / "scripts" / "in_arm64", ARM64_ROOT, *binds]
        return [*launcher, "--user", user, "--cd", folder, *command]

    def run(
        self, *command: str | Path, timeout_s: float, launcher: tuple[str, ...] = (), **options: Any
    ) -> str:
        """Run a command on the device; return what it printed."""
        done = subprocess.run(
            [*launcher, *self.command(*command, **options)],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def install(self, built: Path, name: str) -> None:
        """Install a component as a local deployment does: the ZIP as it is, the recipe's script, no network."""
        (recipe_path,) = (built / "recipes").glob(f"{name}-*.json")
        recipe = json.loads(recipe_path.read_text())
        version = recipe["ComponentVersion"]
        artifacts = self.greengrass / "packages" / "artifacts" / name / version
        artifacts.parent.mkdir(parents=True)
        artifacts.symlink_to(built / "artifacts" / name / version)
        work = self.greengrass / "work" / name
        work.mkdir(parents=True)
        work.chmod(0o777)
        script = recipe["Lifecycle"]["all"]["install"]["Script"]
        script = script.replace("{artifacts:path}", f"{artifacts}/")
        self.run(
            *("/bin/sh", "-c", script),
            folder=work,
            bind=[built],
            timeout_s=INSTALL_S,
            launcher=("unshare", "--net"),
        )

    @property
    def python(self) -> Path:
        """Return the installed component's interpreter."""
        (release,) = (self.greengrass / "work" / "com.fabwafer.Edge").glob("release-*")
        return release / "venv" / "bin" / "python"

    @property
    def model(self) -> Path:
        """Return where the edge component finds the model."""
        return self.greengrass / "work" / "com.fabwafer.Model" / "current"


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("built") / "component"
    command = [sys.executable, ROOT / "scripts" / "build_component", "--platform", "aarch64"]
    command += ["--python", PYTHON_OF_DEBIAN_12, "--out", out]
    subprocess.run(command, check=True, capture_output=True)
    return out


@pytest.fixture(scope="session")
def device(built, tmp_path_factory) -> Device:
    if not (ARM64_ROOT / ".complete").exists():
        pytest.fail(f"{ARM64_ROOT} is not there: make test-arm64 makes it")
    device = Device(tmp_path_factory.mktemp("greengrass"))
    device.greengrass.chmod(0o755)
    device.install(built, "com.fabwafer.Model")
    device.install(built, "com.fabwafer.Edge")
    return device
