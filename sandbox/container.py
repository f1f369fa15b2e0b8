"""One training job's container: its folders under SAGEMAKER_BASE_DIR, its process, and how that ended."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from sandbox.aws_model import Json
from sandbox.processes import ROOT, start

OPT_ML = "/opt/ml"
"""Where a container of SageMaker has what lies below `base` here."""

HOST = "algo-1"
SHOWN_CHARACTERS = 1024
INTERPRETERS = ROOT / ".venv-train" / "bin"
_POLL_S = 0.2
_KEPT = ("LANG", "LC_ALL", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_NICENESS = "5"
"""Training is to leave the cameras and the emulator their time on a small machine."""


class End(Enum):
    """How a process ended."""

    BY_ITSELF = "by itself"
    STOPPED = "stopped"
    TIME_OVER = "time over"


@dataclass
class Container:
    """Folders and process of one job.

    Attributes:
        base: Stands for /opt/ml.
        grace_s: Between SIGTERM and SIGKILL; 120 in SageMaker.
        interpreters: The folder whose `python` the command finds first.
    """

    base: Path
    grace_s: float
    interpreters: Path = INTERPRETERS
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def log(self) -> Path:
        """Return what the command printed so far."""
        return self.base.parent / "log.txt"

    @property
    def failure(self) -> str:
        """Return what the command left as its reason to fail; empty if nothing."""
        path = self.base / "output" / "failure"
        return path.read_text(errors="replace")[:SHOWN_CHARACTERS] if path.exists() else ""

    def lay_out(self, request: Json) -> None:
        """Make the folders and files that a command finds before any channel is there."""
        config = self.base / "input" / "config"
        for folder in (config, self.base / "model", self.base / "output" / "data"):
            folder.mkdir(parents=True)
        (self.base / "tmp").mkdir()
        if "CheckpointConfig" in request:
            self.checkpoints(request).mkdir(parents=True)
        channels = {
            each["ChannelName"]: {
                "TrainingInputMode": "File",
                "S3DistributionType": "FullyReplicated",
                "RecordWrapperType": "None",
            }
            for each in request.get("InputDataConfig", [])
        }
        files = {
            "hyperparameters.json": request.get("HyperParameters", {}),
            "inputdataconfig.json": channels,
            "resourceconfig.json": {
                "current_host": HOST,
                "hosts": [HOST],
                "network_interface_name": "lo",
            },
        }
        for name, content in files.items():
            (config / name).write_text(json.dumps(content))

    def channel(self, name: str) -> Path:
        """Return a channel's folder."""
        return self.base / "input" / "data" / name

    def checkpoints(self, request: Json) -> Path:
        """Return the folder that is kept in S3 while the job runs."""
        told = request["CheckpointConfig"].get("LocalPath", f"{OPT_ML}/checkpoints")
        return Path(self._here(told))

    def run(
        self, request: Json, arn: str, stopped: Callable[[], bool], tick: Callable[[], None]
    ) -> tuple[End, int]:
        """Run the command to its end; return how it ended and its exit status.

        `tick` is called several times a second while it runs, and once more.
        """
        specification = request["AlgorithmSpecification"]
        told = [
            *specification["ContainerEntrypoint"],
            *specification.get("ContainerArguments", []),
        ]
        command = [self._here(word) for word in told]
        tether = ["nice", "-n", _NICENESS, sys.executable, "-m", "sandbox.tether", str(self.base)]
        self.process = start([*tether, *command], self._environment(request, arn), self.log)
        limit_s = request["StoppingCondition"]["MaxRuntimeInSeconds"]
        try:
            end = self._wait(time.monotonic() + limit_s, stopped, tick)
        finally:
            self._end()
        tick()
        return end, self.process.wait()

    def _wait(self, deadline: float, stopped: Callable[[], bool], tick: Callable[[], None]) -> End:
        process, end, kill_at = self.process, End.BY_ITSELF, float("inf")
        while process and process.poll() is None:
            tick()
            time.sleep(_POLL_S)
            if end is End.BY_ITSELF and (stopped() or time.monotonic() > deadline):
                end = End.STOPPED if stopped() else End.TIME_OVER
                process.send_signal(signal.SIGTERM)
                kill_at = time.monotonic() + self.grace_s
            if time.monotonic() > kill_at:
                break
        return end

    def _end(self) -> None:
        """Leave nothing of the session running, children of children included."""
        process = self.process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):  # all of them ended already
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin:
            process.stdin.close()

    def _environment(self, request: Json, arn: str) -> Mapping[str, str]:
        """What a container has; nothing of ours, AWS keys least of all."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        told = {name: self._here(each) for name, each in request.get("Environment", {}).items()}
        return {
            **kept,
            "PATH": f"{self.interpreters}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.base),
            "TMPDIR": str(self.base / "tmp"),
            "PYTHONUNBUFFERED": "1",
            **told,
            "SAGEMAKER_BASE_DIR": str(self.base),
            "TRAINING_JOB_NAME": request["TrainingJobName"],
            "TRAINING_JOB_ARN": arn,
        }

    def _here(self, text: str) -> str:
        """Return text that names the container's folders with ours."""
        return text.replace(OPT_ML, str(self.base))
