"""What a training job prints -> CloudWatch Logs, where SageMaker leaves it too, and its metrics."""

import re
import time
from pathlib import Path
from typing import Any

from sandbox.aws_model import Json

LOG_GROUP = "/aws/sagemaker/TrainingJobs"


class TrainingLog:
    """Sends the whole new lines of a file to a stream, once each."""

    def __init__(self, logs: Any, path: Path, stream: str) -> None:
        """Make group and stream if they are not there.

        Args:
            logs: The client of CloudWatch Logs.
            path: What the job prints to; it may not be there yet.
            stream: The stream's name.
        """
        self._logs, self._path, self._sent = logs, path, 0
        self._where = {"logGroupName": LOG_GROUP, "logStreamName": stream}
        self._make(logs.create_log_group, logGroupName=LOG_GROUP)
        self._make(logs.create_log_stream, **self._where)

    def _make(self, create: Any, **name: str) -> None:
        try:
            create(**name)
        except self._logs.exceptions.ResourceAlreadyExistsException:
            return

    def send(self) -> None:
        """Send what is new."""
        with self._path.open("rb") as log:
            log.seek(self._sent)
            whole, newline, _ = log.read().rpartition(b"\n")
        now_ms = time.time_ns() // 1_000_000
        lines = [line for line in whole.decode(errors="replace").splitlines() if line.strip()]
        if lines:
            events = [{"timestamp": now_ms, "message": line} for line in lines]
            self._logs.put_log_events(**self._where, logEvents=events)
        self._sent += len(whole) + len(newline)


def metrics_in(text: str, definitions: list[Json]) -> list[Json]:
    """Return the last value of each metric that its definition finds in a log."""
    found = {each["Name"]: re.findall(each["Regex"], text) for each in definitions}
    return [
        {"MetricName": name, "Value": float(values[-1]), "Timestamp": time.time()}
        for name, values in found.items()
        if values
    ]
