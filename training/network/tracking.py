"""A run's recipe and figures -> the MLflow server that MLFLOW_TRACKING_URI names, if it is set.

Training never waits long for that server and never ends because of it: what could not be told is told after a
later epoch, and `metrics.json` has it anyway.
"""

import importlib.util
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from fabwafer.errors import ContractError
from training.network.run import METRICS, Epoch, Run

if TYPE_CHECKING:
    from mlflow import MlflowClient

URI = "MLFLOW_TRACKING_URI"
EXPERIMENT = "MLFLOW_EXPERIMENT_NAME"
RUN_FILE = "mlflow_run"
_PAUSE_S = 300.0
"""After a server could not be reached."""
_TAGS = ("data", "soft", "begin_from", "begin_from_run")
_IMPATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""Seconds, and how often again; a user's own settings go before. The package would report its use elsewhere."""


def require_package() -> None:
    """Refuse an address without the package that speaks to it, before hours of training.

    Raises:
        ContractError: If MLFLOW_TRACKING_URI is set and MLflow is not installed.
    """
    if os.environ.get(URI) and importlib.util.find_spec("mlflow") is None:
        expected = "no address, or the package mlflow-skinny (pip install 'fabwafer[tracking]')"
        raise ContractError(URI, os.environ[URI], expected)


class Tracking:
    """What one training run tells MLflow; nothing without a client."""

    def __init__(self, client: "MlflowClient | None", folder: Path) -> None:
        self._client = client
        self._folder = folder
        self._run_id = ""
        self._told = 0
        self._silent_until = 0.0

    def tell(self, run: Run, status: str = "RUNNING") -> None:
        """Send what the server does not have yet; complain once if it cannot be reached."""
        if self._client is None or (status == "RUNNING" and time.monotonic() < self._silent_until):
            return
        from mlflow.exceptions import MlflowException

        try:
            self._send(self._client, run, status)
        except (MlflowException, OSError, ImportError) as error:
            if not self._silent_until:
                reason = str(error).splitlines()[0][:300]
                sys.stderr.write(
                    f"{URI}: training goes on, its figures are in {METRICS}: {reason}\n"
                )
            self._silent_until = time.monotonic() + _PAUSE_S

    def _send(self, client: "MlflowClient", run: Run, status: str) -> None:
        if not self._run_id:
            self._run_id = self._open(client, run)
            seen = client.get_run(self._run_id).data.metrics
            self._told = int(seen.get("epoch", 0))
        for row in run.history[self._told :]:
            _log(client, self._run_id, row)
            self._told = row.epoch
        if status != "RUNNING":
            client.set_terminated(self._run_id, status)
            if run.history:
                client.log_artifact(self._run_id, str(self._folder / METRICS))

    def _open(self, client: "MlflowClient", run: Run) -> str:
        """Return the id of the run that an interrupted process opened, or of a new one."""
        from mlflow.exceptions import MlflowException

        note = self._folder / RUN_FILE
        if note.exists():
            try:
                client.update_run(note.read_text().strip(), status="RUNNING")
                return note.read_text().strip()
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
        opened: str = _create(client, run, self._folder.name)
        self._folder.mkdir(parents=True, exist_ok=True)
        note.write_text(opened)
        return opened


def _create(client: "MlflowClient", run: Run, name: str) -> str:
    from mlflow.entities import Param

    title = os.environ.get(EXPERIMENT, "fabwafer")
    experiment = client.get_experiment_by_name(title)
    place = experiment.experiment_id if experiment else client.create_experiment(title)
    values = run.recipe.flat()
    tags = {each: values.pop(each) for each in _TAGS}
    opened: str = client.create_run(place, tags=tags, run_name=name).info.run_id
    client.log_batch(opened, params=[Param(key, str(value)) for key, value in values.items()])
    return opened


def _log(client: "MlflowClient", run_id: str, row: Epoch) -> None:
    from mlflow.entities import Metric

    values = asdict(row)
    by_label = values.pop("validation_f1")
    values |= {f"validation_f1/{name}": value for name, value in by_label.items()}
    now = int(time.time() * 1000)
    metrics = [
        Metric(re.sub(r"[^\w\-. /]", "_", name), value, now, row.epoch)
        for name, value in values.items()
    ]
    client.log_batch(run_id, metrics=metrics)


@contextmanager
def track(run: Run, folder: Path, wanted: bool) -> Iterator[Tracking]:
    """Track a run during the block; `wanted` is false in all processes but one."""
    tracked = Tracking(_client() if wanted and os.environ.get(URI) else None, folder)
    tracked.tell(run)
    try:
        yield tracked
    except BaseException:
        tracked.tell(run, "FAILED")
        raise
    tracked.tell(run, "FINISHED" if run.epoch == run.recipe.epochs else "KILLED")


def _client() -> "MlflowClient":
    require_package()
    for name, value in _IMPATIENCE.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    return MlflowClient()
