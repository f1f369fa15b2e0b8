import json
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from generated_wafers import TINY
from mlflow import MlflowClient
from mlflow.entities import Run
from tiny_runs import options

from fabwafer.errors import ContractError
from training.data.wafers import WaferSet
from training.network.lessons import Lessons, read_lessons
from training.network.loop import train
from training.network.start import start
from training.network.tracking import require_package
from training.train import main


@pytest.fixture
def lessons(wafers: WaferSet, tmp_path: Path) -> Lessons:
    return read_lessons(wafers, "none", TINY.shape.side, None, tmp_path / "cache")


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MlflowClient]:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "tracked").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    return MlflowClient()


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    return address


def the_run(client: MlflowClient) -> Run:
    place = client.get_experiment_by_name("fabwafer")
    (run,) = client.search_runs([place.experiment_id])
    return run


def test_recipe_figures_and_file_are_tracked(
    client: MlflowClient, wafers: WaferSet, lessons: Lessons, tmp_path: Path
) -> None:
    train(start(TINY, wafers, tmp_path / "a", resume=False), lessons, tmp_path / "a")
    tracked = the_run(client)
    assert tracked.info.status == "FINISHED"
    assert tracked.data.params["learning_rate"] == "0.002"
    assert tracked.data.params["side"] == "25"
    assert tracked.data.tags["data"] == wafers.digest()
    history = client.get_metric_history(tracked.info.run_id, "validation_f1/Edge-Ring")
    kept = json.loads((tmp_path / "a" / "metrics.json").read_text())
    assert [each.value for each in history] == [row["validation_f1"]["Edge-Ring"] for row in kept]
    assert [each.step for each in history] == [1, 2, 3, 4]
    assert [each.path for each in client.list_artifacts(tracked.info.run_id)] == ["metrics.json"]


def test_a_resumed_run_goes_on_under_the_same_name(
    client: MlflowClient, wafers: WaferSet, lessons: Lessons, tmp_path: Path
) -> None:
    train(start(TINY, wafers, tmp_path / "a", resume=False), lessons, tmp_path / "a", minutes=0)
    assert the_run(client).info.status == "KILLED"
    train(start(TINY, wafers, tmp_path / "a", resume=True), lessons, tmp_path / "a")
    tracked = the_run(client)
    assert tracked.info.status == "FINISHED"
    losses = client.get_metric_history(tracked.info.run_id, "loss")
    assert [each.step for each in losses] == [1, 2, 3, 4]


def test_a_run_that_fails_is_tracked_as_failed(
    client: MlflowClient, wafers: WaferSet, lessons: Lessons, tmp_path: Path
) -> None:
    run = start(TINY, wafers, tmp_path / "a", resume=False)
    with torch.no_grad():
        run.network.head.bias[0] = torch.nan
    with pytest.raises(ContractError, match="loss"):
        train(run, lessons, tmp_path / "a")
    assert the_run(client).info.status == "FAILED"


@pytest.mark.usefixtures("nobody")
def test_a_server_that_is_down_delays_a_run_little_and_is_complained_of_once(
    wafers: WaferSet,
    lessons: Lessons,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    began = time.monotonic()
    train(start(TINY, wafers, tmp_path / "a", resume=False), lessons, tmp_path / "a")
    assert time.monotonic() - began < 60
    assert len(json.loads((tmp_path / "a" / "metrics.json").read_text())) == TINY.epochs
    assert capsys.readouterr().err.count("MLFLOW_TRACKING_URI: training goes on") == 1


@pytest.mark.usefixtures("nobody")
def test_what_a_server_missed_is_told_when_it_is_back(
    wafers: WaferSet,
    lessons: Lessons,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    train(start(TINY, wafers, tmp_path / "a", resume=False), lessons, tmp_path / "a", minutes=0)
    client = request.getfixturevalue("client")
    train(start(TINY, wafers, tmp_path / "a", resume=True), lessons, tmp_path / "a", minutes=0)
    losses = client.get_metric_history(the_run(client).info.run_id, "loss")
    assert [each.step for each in losses] == [1, 2]


@pytest.mark.usefixtures("nobody")
def test_an_address_without_the_package_ends_at_once_with_a_message(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ContractError, match="or the package mlflow-skinny"):
        require_package()
    assert main(options(data, tmp_path / "a")) == 1
    assert "MLFLOW_TRACKING_URI: expected no address, or the package" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


def test_without_an_address_no_package_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    require_package()
