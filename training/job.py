"""A training job's channels -> its model folder: the run, the bundle, the figures on lots that it never saw.

    python -m training.job          # in a container of SageMaker, or wherever SAGEMAKER_BASE_DIR points

Channels: `train` with labelled wafers; if there, `soft` with soft labels, `begin_from` or `model` with a run or
the artefact of an earlier job, `test` with wafers to judge the bundle by instead of the test lots of `train`.
Hyperparameters are the options of `training.train` without their dashes, those of `training.export` that begin with
`limit_`, and `processes` for each machine, `export` (true).

Training, export and evaluation are programs of their own: what ends one of them, want of memory too, is told in
the failure file. SIGTERM is handed on; the run then stops with a checkpoint, and a job that is started again on
the same checkpoints goes on from it.
"""

import json
import os
import shutil
import sys
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from fabwafer.errors import ContractError, FabWaferError
from training.interruption import Interruption
from training.job_environment import TRAIN, Job, failure_file, read_job
from training.supervision import supervise

CHECKPOINT, METRICS = "checkpoint.pt", "metrics.json"
"""As in `training.run`, which would import torch."""
ARTEFACT = "model.tar.gz"
EVALUATION = "evaluation.json"
SHOWN_CHARACTERS = 1024
_NUMBER = "([0-9.eE+-]+)"
METRIC_DEFINITIONS = [
    {"Name": "train:loss", "Regex": f'"loss": {_NUMBER}'},
    {"Name": "train:wafers_per_s", "Regex": f'"wafers_per_s": {_NUMBER}'},
    {"Name": "validation:macro_f1", "Regex": f'"validation_macro_f1": {_NUMBER}'},
    {"Name": "test:macro_f1", "Regex": f'"test_macro_f1": {_NUMBER}'},
    {"Name": "test:accuracy", "Regex": f'"test_accuracy": {_NUMBER}'},
    {"Name": "test:ece", "Regex": f'"test_ece": {_NUMBER}'},
]
"""For `AlgorithmSpecification.MetricDefinitions`: they read the JSON lines that training and this job print."""


def main(environment: Mapping[str, str] = os.environ) -> int:
    """Do the job; what ends it early is in the failure file."""
    try:
        with Interruption() as interruption:
            perform(read_job(environment), interruption, environment)
    except Exception as error:
        path = failure_file(environment)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(error)[:SHOWN_CHARACTERS])
        if not isinstance(error, FabWaferError):
            raise
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def perform(job: Job, interruption: Interruption, environment: Mapping[str, str]) -> None:
    """Train, and on the leading machine export and evaluate, until done or asked to stop.

    Raises:
        ContractError: If a channel does not hold what it should.
        ProgramError: If one of the programs failed.
    """
    surroundings = {**environment, **_network(job)}
    supervise("train", train_command(job), interruption, surroundings)
    if not job.leads:
        return
    keep_run(job)
    for name, command in (("export", export_command(job)), ("evaluate", evaluate_command(job))):
        if job.export and not interruption.asked:
            job.output.mkdir(parents=True, exist_ok=True)
            supervise(name, command, interruption, surroundings)
    if (job.model / EVALUATION).exists():
        figures = json.loads((job.model / EVALUATION).read_text())
        line = {f"test_{name}": figures[name] for name in ("macro_f1", "accuracy", "ece")}
        sys.stdout.write(f"{json.dumps(line)}\n")


def _network(job: Job) -> dict[str, str]:
    names = ("NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME")
    return dict.fromkeys(names, job.interface) if job.interface else {}


def train_command(job: Job) -> list[str]:
    """Return the program that trains, started by torchrun where there is more than one process.

    Raises:
        ContractError: If a channel does not hold what it should.
    """
    options = {"data": job.channels[TRAIN], "out": job.run, "cache": job.cache / "planes"}
    if "soft" in job.channels:
        options["soft"] = only_file(job.channels["soft"])
    for name in ("begin_from", "model"):
        if name in job.channels:
            options["begin-from"] = run_in(job.channels[name], job.cache / "begin_from")
    told = [f"--{name}={value}" for name, value in {**job.parameters, **options}.items()]
    program = ["-m", "training.train", "--resume", *told]
    if len(job.hosts) * job.processes == 1:
        return [sys.executable, *program]
    torchrun = {
        "nnodes": len(job.hosts),
        "node-rank": job.hosts.index(job.host),
        "nproc-per-node": job.processes,
        "master-addr": job.hosts[0],
        "master-port": job.port,
    }
    launcher = [f"--{name}={value}" for name, value in torchrun.items()]
    return [sys.executable, "-m", "torch.distributed.run", *launcher, *program]


def export_command(job: Job) -> list[str]:
    """Return the program that makes the bundle."""
    told = ["--run", job.run, "--data", job.channels[TRAIN], "--bundle", job.model / "bundle"]
    limits = [f"--{name}={value}" for name, value in job.limits.items()]
    return [sys.executable, "-m", "training.export", *map(str, told), *limits]


def evaluate_command(job: Job) -> list[str]:
    """Return the program that judges the bundle."""
    data = job.channels.get("test", job.channels[TRAIN])
    told = ["--bundle", job.model / "bundle", "--data", data, "--json", job.model / EVALUATION]
    told += ["--predictions", job.output / "predictions.csv"]
    split = [] if "test" in job.channels else ["--split", "test"]
    return [sys.executable, "-m", "training.evaluate", *map(str, told), *split]


def keep_run(job: Job) -> None:
    """Copy the run's files into the model folder, if there are any and they are elsewhere."""
    kept = job.model / "run"
    for name in (CHECKPOINT, METRICS):
        if job.run != kept and (job.run / name).exists():
            kept.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(job.run / name, kept / name)


def only_file(channel: Path) -> Path:
    """Return the one file in a channel.

    Raises:
        ContractError: If there is none, or another one.
    """
    found = sorted(channel.iterdir())
    if len(found) != 1:
        raise ContractError(channel.name, [each.name for each in found], f"one file in {channel}")
    return found[0]


def run_in(channel: Path, scratch: Path) -> Path:
    """Return the folder of the run in a channel, taken out of an earlier job's artefact if it comes as one.

    Raises:
        ContractError: If there is no run, or the artefact is damaged or reaches out of its folder.
    """
    artefact = channel / ARTEFACT
    if artefact.exists():
        try:
            with tarfile.open(artefact) as archive:
                archive.extractall(scratch, filter="data")
        except (tarfile.TarError, zlib.error, OSError, EOFError) as error:
            raise ContractError(channel.name, str(artefact), f"an artefact ({error})") from error
        channel = scratch
    for folder in (channel, channel / "run"):
        if (folder / CHECKPOINT).exists():
            return folder
    found = sorted(each.name for each in channel.iterdir())
    raise ContractError(channel.name, found, f"{CHECKPOINT}, run/{CHECKPOINT} or {ARTEFACT}")


if __name__ == "__main__":
    sys.exit(main())
