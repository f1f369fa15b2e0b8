"""Simulated cameras: each is the real edge component in a process of its own, publishing by MQTT5 with mTLS."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from sandbox.emulator import HOST
from sandbox.fleet import Device
from sandbox.processes import ROOT, failure, start, stop

MODEL = ROOT / "models" / "wafer-map"


@dataclass(frozen=True)
class Play:
    """What one camera is to do.

    Attributes:
        wafers: How many it captures; 0 is without end.
        data: The npz file to replay; None generates wafers.
        rate_per_s: How many it captures a second; 0 is as many as it can.
        messages_per_s: The pace it publishes at; AWS IoT Core discards what exceeds 100 a connection.
        number: Which of the `cameras` that share the file's lots it is, from 0.
        cameras: How many share them.
        seed: Of generated wafers.
    """

    wafers: int
    data: Path | None = None
    rate_per_s: float = 0
    messages_per_s: float = 90
    number: int = 0
    cameras: int = 1
    seed: int = 1

    def source(self) -> dict[str, Any]:
        """Return the component's source."""
        return {
            "kind": "simulator",
            "npz": str(self.data) if self.data else None,
            "wafers": self.wafers,
            "rate_per_s": self.rate_per_s,
            "seed": self.seed + self.number,
            "offset": self.number if self.data else 0,
            "stride": self.cameras,
        }


class Logged(BaseModel):
    """One line of a camera's journal: what it decided, by its own account."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    imgid: str
    timestamp: int
    prediction: str
    probability: float
    sha256: str
    captured_at: int
    lot: str | None = None
    wafer: int | None = None
    truth: str | None = None
    novelty: float | None = None
    refused: str | None = None


@dataclass
class Camera:
    """One camera's folder and, while it runs, its process; `launcher` runs a module, leashed, where it lives."""

    device: Device
    folder: Path
    port: int
    launcher: Sequence[str | Path] = (sys.executable, "-m", "sandbox.leash")
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def configure(self, play: Play, **changes: Any) -> None:
        """Write its configuration; `changes` replace whole keys."""
        self.folder.mkdir(parents=True, exist_ok=True)
        credentials = self.device.credentials
        configuration: Mapping[str, Any] = {
            "fab": self.device.fab,
            "camera": self.device.camera,
            "model_dir": str(MODEL),
            "state_dir": str(self.folder / "state"),
            "source": play.source(),
            "publisher": {
                "kind": "mqtt",
                "endpoint": HOST,
                "port": self.port,
                "ca": str(credentials.ca),
                "certificate": str(credentials.certificate),
                "key": str(credentials.key),
                "client_id": self.device.thing,
            },
            "messages_per_s": play.messages_per_s,
            "heartbeat_s": 5,
            "journal": str(self.journal_path),
            "exit_when_done": play.wafers > 0,
            **changes,
        }
        (self.folder / "config.json").write_text(json.dumps(configuration, indent=1))

    def start(self) -> None:
        """Start the component; it goes on where an earlier process of this camera was stopped."""
        module = ("edge_component", "--config", self.folder / "config.json")
        self.process = start(
            [*self.launcher, *module],
            _without_aws(),
            self.folder / "camera.log",
        )

    def kill(self) -> None:
        """End the process as a power cut would."""
        if self.process:
            self.process.kill()
            stop(self.process)

    def stop(self) -> None:
        """End the process as Greengrass does."""
        if self.process:
            stop(self.process)

    @property
    def running(self) -> bool:
        """Tell whether its process runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def done(self) -> bool:
        """Tell whether it played and delivered everything.

        Raises:
            SandboxError: If it ended otherwise; the message ends with its log.
        """
        code = self.process.poll() if self.process else None
        if code:
            raise failure(f"{self.device.thing} ended with code {code}", self.folder / "camera.log")
        return code == 0

    @property
    def journal_path(self) -> Path:
        """Return where it logs what it decided."""
        return self.folder / "journal.jsonl"

    def journal(self) -> list[Logged]:
        """Return what it logged so far."""
        return read_journal(self.journal_path)


def read_journal(path: Path) -> list[Logged]:
    """Return what a camera logged so far."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]  # what follows the last newline is being written
    return [Logged.model_validate_json(line) for line in lines]


def _without_aws() -> dict[str, str]:
    """A camera publishes by MQTT and has no business with AWS keys."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
