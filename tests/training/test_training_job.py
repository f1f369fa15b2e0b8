import io
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from tiny_runs import CPU, EPOCHS, HYPERPARAMETERS, one_thread, same_outcome, wait_for

from fabwafer.errors import ContractError
from lambdas.loop.jobs import metric_definitions
from training.container.environment import read_job
from training.container.steps import run_in, train_command
from training.container.supervision import ProgramError, last_words, supervise
from training.job import main
from training.network.interruption import Interruption
from training.network.run import CHECKPOINT, load

JOB = (sys.executable, "-m", "training.job")
pytestmark = pytest.mark.timeout(400)  # torch is imported by every program of a job


def container(base: Path, data: Path | None, parameters: Mapping[str, str]) -> dict[str, str]:
    """Lay out what SageMaker puts under /opt/ml, and return a container's variables."""
    for folder in ("input/config", "input/data", "model", "output", "checkpoints"):
        (base / folder).mkdir(parents=True)
    (base / "input" / "config" / "hyperparameters.json").write_text(json.dumps(parameters))
    if data:
        (base / "input" / "data" / "train").mkdir()
        shutil.copy(data, base / "input" / "data" / "train")
    return one_thread() | {"SAGEMAKER_BASE_DIR": str(base)}


@dataclass(frozen=True)
class Finished:
    """A job's base folder and what it printed."""

    base: Path
    printed: str


@pytest.fixture(scope="module")
def finished(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    base = tmp_path_factory.mktemp("finished")
    lenient = {"limit_slower": "9", "limit_ece": "1"}  # so small a network may not gain
    done = subprocess.run(
        JOB,
        env=container(base, data, HYPERPARAMETERS | lenient),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Finished(base, done.stdout)


def test_a_job_leaves_the_run_the_bundle_and_its_figures(finished: Finished) -> None:
    model = finished.base / "model"
    assert load(model / "run", CPU).epoch == EPOCHS
    assert len(json.loads((model / "run" / "metrics.json").read_text())) == EPOCHS
    assert (model / "bundle" / "manifest.json").exists()
    assert json.loads((model / "evaluation.json").read_text())["split"] == "test"
    assert (finished.base / "output" / "data" / "predictions.csv").exists()
    assert not (finished.base / "output" / "failure").exists()


def test_the_figures_that_sagemaker_is_told_to_look_for_are_in_what_a_job_prints(
    finished: Finished,
) -> None:
    read = {
        each["Name"]: re.findall(each["Regex"], finished.printed) for each in metric_definitions()
    }
    run, model = finished.base / "model" / "run", finished.base / "model"
    rows = json.loads((run / "metrics.json").read_text())
    assert [float(found) for found in read["train:loss"]] == [row["loss"] for row in rows]
    figures = json.loads((model / "evaluation.json").read_text())
    assert float(read["test:macro_f1"][-1]) == figures["macro_f1"]
    assert all(read.values()), read


def test_a_stopped_job_goes_on_from_its_checkpoints_bit_for_bit_alike(
    data: Path, finished: Finished, tmp_path: Path
) -> None:
    environment = container(tmp_path, data, HYPERPARAMETERS | {"export": "false"})
    checkpoint = tmp_path / "checkpoints" / "run" / CHECKPOINT
    with subprocess.Popen(JOB, env=environment) as job:
        wait_for(checkpoint, job)
        job.send_signal(signal.SIGTERM)
        assert job.wait(timeout=60) == 0
    stopped = load(checkpoint.parent, CPU)
    assert 0 < stopped.epoch < EPOCHS
    assert stopped.part.losses
    assert not (tmp_path / "output" / "failure").exists()
    assert main(environment) == 0
    assert same_outcome(tmp_path / "model" / "run", finished.base / "model" / "run")


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"epoch": "3"}, "train failed with status 2: train.py: error: unrecognized arguments"),
        ({"normal": "good"}, "train failed with status 1: error: normal: expected one of none"),
    ],
    ids=["unknown hyperparameter", "data without the normal class"],
)
def test_a_job_that_fails_says_why_in_the_failure_file(
    data: Path, tmp_path: Path, parameters: dict[str, str], reason: str
) -> None:
    assert main(container(tmp_path, data, parameters)) == 1
    failure = (tmp_path / "output" / "failure").read_text()
    assert failure.startswith(reason)
    assert len(failure) <= 1024


def test_a_job_without_wafers_fails_at_once(tmp_path: Path) -> None:
    assert main(container(tmp_path, None, {})) == 1
    failure = (tmp_path / "output" / "failure").read_text()
    assert failure == "channels: expected one of the name train, got []"


def test_a_job_whose_hyperparameters_are_no_json_fails(data: Path, tmp_path: Path) -> None:
    environment = container(tmp_path, data, {})
    (tmp_path / "input" / "config" / "hyperparameters.json").write_text("{")
    assert main(environment) == 1
    assert "hyperparameters.json: expected JSON" in (tmp_path / "output" / "failure").read_text()


def test_hyperparameters_become_options(data: Path, tmp_path: Path) -> None:
    told = {"none_per_defect": "2", "normal": '"none"', "sagemaker_program": "x", "processes": "1"}
    command = train_command(read_job(container(tmp_path, data, told)))
    assert {"--none-per-defect=2", "--normal=none", "--resume"} <= set(command)
    assert not any("sagemaker" in word or "processes" in word for word in command)


def test_the_toolkits_variables_say_the_same_as_the_files(data: Path, tmp_path: Path) -> None:
    environment = container(tmp_path, None, {}) | {
        "SM_CHANNEL_TRAIN": str(data.parent),
        "SM_MODEL_DIR": str(tmp_path / "elsewhere"),
        "SM_HP_EPOCHS": "7",
        "SM_NUM_GPUS": "4",
        "SM_HOSTS": '["algo-1", "algo-2"]',
        "SM_CURRENT_HOST": "algo-2",
    }
    job = read_job(environment)
    assert job.channels["train"] == data.parent
    assert job.model == tmp_path / "elsewhere"
    assert job.parameters == {"epochs": "7"}
    assert (job.hosts, job.host, job.leads, job.processes) == (
        ("algo-1", "algo-2"),
        "algo-2",
        False,
        4,
    )


def test_several_machines_are_told_to_torchrun(data: Path, tmp_path: Path) -> None:
    environment = container(tmp_path, data, {"processes": "2"})
    resources = {"current_host": "algo-2", "hosts": ["algo-1", "algo-2"]}
    (tmp_path / "input" / "config" / "resourceconfig.json").write_text(json.dumps(resources))
    command = train_command(read_job(environment))
    wanted = {"--nnodes=2", "--node-rank=1", "--nproc-per-node=2", "--master-addr=algo-1"}
    assert wanted <= set(command)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"SM_HOSTS": '["a"]', "SM_CURRENT_HOST": "b"}, "SM_CURRENT_HOST: expected one of a"),
        ({"SM_HOSTS": "a, b"}, "SM_HOSTS: expected a JSON list"),
        ({"SM_HP_EXPORT": "perhaps"}, "export: expected true or false"),
        ({"SM_HP_PROCESSES": "many"}, "processes: expected a whole number"),
        ({"WORLD_SIZE": "2"}, "WORLD_SIZE: expected unset"),
    ],
    ids=["foreign host", "hosts", "flag", "number", "under torchrun"],
)
def test_variables_of_no_use_are_refused(
    data: Path, tmp_path: Path, variables: dict[str, str], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        read_job(container(tmp_path, data, {}) | variables)


def pack(path: Path, name: str, content: bytes) -> None:
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))


def test_a_job_begins_from_the_artefact_of_an_earlier_one(data: Path, tmp_path: Path) -> None:
    environment = container(tmp_path, data, {})
    (tmp_path / "input" / "data" / "model").mkdir()
    pack(tmp_path / "input" / "data" / "model" / "model.tar.gz", "run/checkpoint.pt", b"x")
    told = next(word for word in train_command(read_job(environment)) if "begin-from" in word)
    assert (Path(told.partition("=")[2]) / CHECKPOINT).read_bytes() == b"x"


def test_an_artefact_that_reaches_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    pack(tmp_path / "model.tar.gz", "../../checkpoint.pt", b"x")
    with pytest.raises(ContractError, match="expected an artefact"):
        run_in(tmp_path, tmp_path / "scratch")
    assert not (tmp_path.parent / "checkpoint.pt").exists()


def test_a_channel_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"expected checkpoint.pt, run/checkpoint.pt or model"):
        run_in(tmp_path, tmp_path)


def run(script: str, interruption: Interruption, grace_s: float = 60) -> None:
    supervise("it", [sys.executable, "-c", script], interruption, grace_s=grace_s)


def test_a_program_that_was_killed_is_told_apart() -> None:
    with pytest.raises(ProgramError, match="it was killed, as it happens for want of memory"):
        run("import os; os.kill(os.getpid(), 9)", Interruption())


def test_a_program_that_does_not_stop_is_killed_in_time(tmp_path: Path) -> None:
    interruption = Interruption()

    def ask() -> None:
        while not (tmp_path / "deaf").exists():
            time.sleep(0.01)
        interruption.asked = signal.SIGTERM

    script = f"import signal, time; signal.signal(15, lambda *_: 0); open({str(tmp_path / 'deaf')!r}, 'w'); "
    asking = threading.Thread(target=ask)
    asking.start()
    began = time.monotonic()
    run(script + "[time.sleep(1) for _ in range(99)]", interruption, grace_s=1)
    asking.join()
    assert 1 < time.monotonic() - began < 60


def test_the_reason_comes_before_what_torchrun_says_of_it() -> None:
    said = [
        "error: --data: expected an npz of wafer maps, got 'x'",
        "E1121 16:00:00.000000 1 torch/distributed/elastic/multiprocessing/api.py:1] failed",
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ",
        "============================================================",
    ]
    assert last_words(said).startswith(said[0])


@pytest.mark.long
def test_two_machines_train_one_run(data: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    hosts = ["127.0.0.1", "localhost"]
    with ExitStack() as jobs:
        started = []
        for host in hosts:
            environment = container(tmp_path / host, data, HYPERPARAMETERS | {"export": "false"})
            environment |= {"SM_HOSTS": json.dumps(hosts), "SM_CURRENT_HOST": host}
            environment |= {"MASTER_PORT": port}
            started.append(jobs.enter_context(subprocess.Popen(JOB, env=environment)))
        assert [job.wait(timeout=300) for job in started] == [0, 0]
    assert load(tmp_path / hosts[0] / "model" / "run", CPU).epoch == EPOCHS
    assert not (tmp_path / hosts[1] / "model" / "run").exists()
