"""What a nucleus does on its disk: artifacts fetched and checked, recipes' scripts run, a component's process kept."""

import base64
import contextlib
import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.aws_model import Json
from sandbox.aws_service import Aws
from sandbox.channels import split_uri
from sandbox.greengrass_components import Component
from sandbox.processes import start, stop
from sandbox.recipes import DeviceError, lifecycle_of, manifest_of

_INSTALL_S = 120.0
_LINK_S = 20.0
_POLL_S = 0.05
CURRENT = "current"
"""The link that the model components keep to the bundle in use."""


@dataclass
class Work:
    """One device's folders: `work/<component>` outlives versions, `artifacts/<component>/<version>` does not.

    Attributes:
        free_bytes: What the disk still takes; None for as much as there is.
        corrupt_way: The next artifact arrives altered.
        corrupt_disk: The next artifact is altered after it was checked.
    """

    root: Path
    thing: str
    free_bytes: int | None = None
    corrupt_way: bool = False
    corrupt_disk: bool = False
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def folder(self, name: str) -> Path:
        """Return a component's work folder."""
        return self.root / "work" / name

    def bundle(self, name: str) -> Path:
        """Return the folder that a model component's link leads to."""
        return self.folder(name) / CURRENT

    def has(self, component: Component) -> bool:
        """Tell whether a version's artifacts are on the disk."""
        return self._artifacts(component).is_dir()

    def fetch(self, aws: Aws, component: Component) -> None:
        """Get a version's artifacts, whole or not at all.

        Raises:
            DeviceError: If one cannot be had, is not the one that was registered, or finds no room.
        """
        folder = self._artifacts(component)
        arriving = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(arriving, ignore_errors=True)
        arriving.mkdir(parents=True)
        try:
            for artifact in manifest_of(component.recipe).get("Artifacts", []):
                self._write(arriving, artifact, self._download(aws, artifact["Uri"]))
        except OSError as error:
            raise DeviceError("DISK_SPACE_CRITICAL", f"{component.arn}: {error}") from error
        arriving.rename(folder)

    def _download(self, aws: Aws, uri: str) -> bytes:
        bucket, key = split_uri(uri)
        try:
            body: bytes = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise DeviceError("ARTIFACT_DOWNLOAD_ERROR", f"{uri}: {error}") from error
        if self.corrupt_way:
            self.corrupt_way = False
            return _altered(body)
        return body

    def _write(self, folder: Path, artifact: Json, body: bytes) -> None:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        if digest != artifact["Digest"]:
            message = f"{artifact['Uri']}: expected {artifact['Digest']}, got {digest}"
            raise DeviceError("ARTIFACT_CHECKSUM_MISMATCH", message)
        if self.free_bytes is not None and len(body) > self.free_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
        if self.corrupt_disk:
            self.corrupt_disk = False
            body = _altered(body)
        (folder / artifact["Uri"].rpartition("/")[2]).write_bytes(body)

    def install(self, component: Component) -> None:
        """Run the install script.

        Raises:
            DeviceError: If it fails or takes too long.
        """
        step = lifecycle_of(component.recipe).get("install")
        if step is None:
            return
        work = self.folder(component.name)
        work.mkdir(parents=True, exist_ok=True)
        limit_s = (
            float(step["Timeout"]) if isinstance(step, dict) and "Timeout" in step else _INSTALL_S
        )
        with self._log(component.name).open("ab") as log:
            try:
                done = subprocess.run(  # noqa: S603 - the recipe's own script, as on a Pi
                    ["/bin/sh", "-c", self._script(step, component)],
                    cwd=work,
                    env=self._environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    timeout=limit_s,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                raise DeviceError("COMPONENT_BROKEN", f"{component.arn}: {error}") from error
        if done.returncode:
            log_path = self._log(component.name)
            raise DeviceError(
                "INSTALL_ERROR", f"{component.arn}: status {done.returncode}: {log_path}"
            )

    def run(self, component: Component) -> None:
        """Start the run script in place of the one of another version; wait for the link that it sets.

        Raises:
            DeviceError: If it ends, or sets no link.
        """
        self.end(component.name)
        step = lifecycle_of(component.recipe).get("run")
        if step is None:
            return
        work = self.folder(component.name)
        before = _link(work / CURRENT)
        command = ["/bin/sh", "-c", self._script(step, component)]
        tether = [sys.executable, "-m", "sandbox.tether", str(work)]
        process = start([*tether, *command], self._environment(), self._log(component.name))
        self._processes[component.name] = process
        deadline = time.monotonic() + _LINK_S
        while (now := _link(work / CURRENT)) == before or not now[0].endswith(
            f"-{component.version}"
        ):
            if process.poll() is not None or time.monotonic() > deadline:
                raise DeviceError("RUN_ERROR", f"{component.arn}: {self._log(component.name)}")
            time.sleep(_POLL_S)

    def end(self, name: str) -> None:
        """End a component's process, if it has one."""
        if process := self._processes.pop(name, None):
            stop(process)
            with contextlib.suppress(ProcessLookupError):  # all of them ended
                os.killpg(process.pid, signal.SIGKILL)

    def remove(self, component: Component) -> None:
        """End a component that is wanted no more, and let it tidy up as its recipe says."""
        self.end(component.name)
        for name in ("shutdown", "uninstall"):
            if step := lifecycle_of(component.recipe).get(name):
                subprocess.run(  # noqa: S603 - the recipe's own script, as on a Pi
                    ["/bin/sh", "-c", self._script(step, component)],
                    cwd=self.folder(component.name),
                    env=self._environment(),
                    stdin=subprocess.DEVNULL,
                    timeout=_INSTALL_S,
                    check=False,
                )

    def forget(self, component: Component) -> None:
        """Delete a version's artifacts, as a nucleus does after a deployment."""
        shutil.rmtree(self._artifacts(component), ignore_errors=True)

    def close(self) -> None:
        """End every process."""
        for name in list(self._processes):
            self.end(name)

    def _artifacts(self, component: Component) -> Path:
        return self.root / "artifacts" / component.name / component.version

    def _log(self, name: str) -> Path:
        logs = self.root / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        return logs / f"{name}.log"

    def _script(self, step: Json | str, component: Component) -> str:
        text = step if isinstance(step, str) else str(step["Script"])
        values = {
            "{artifacts:path}": f"{self._artifacts(component)}/",
            "{work:path}": f"{self.folder(component.name)}/",
            "{iot:thingName}": self.thing,
        }
        for name, value in values.items():
            text = text.replace(name, value)
        return text

    def _environment(self) -> dict[str, str]:
        """What a component has: a path where `python3` is, and nothing of AWS."""
        interpreters = Path(sys.executable).parent
        return {
            "PATH": f"{interpreters}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.root),
            "AWS_IOT_THING_NAME": self.thing,
        }


def _link(path: Path) -> tuple[str, int]:
    """Return where a link leads and which link it is: one that was set anew is another."""
    try:
        return str(path.readlink()), path.lstat().st_ino
    except OSError:
        return "", 0


def _altered(body: bytes) -> bytes:
    """Return a body with one byte in its middle changed."""
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 0xFF]) + body[middle + 1 :]
