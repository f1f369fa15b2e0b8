"""A training job's channels -> its model folder: the run, the bundle, its figures, and how it compares with today's.

    python -m training.job          # in a container of SageMaker, or wherever SAGEMAKER_BASE_DIR points

Channels: `train` with labelled wafers; where there are any

- `labels`, a manifest.jsonl of what people answered, and `reviewed`, its pictures: all of them are learned from, and
  their labels may be new;
- `soft` with soft labels, `begin_from` or `model` with a run or the artefact of an earlier job;
- `test` with wafers to judge by instead of the test lots of `train`, `current` with the bundle in use, zipped or not;
- `recent_labels`, a manifest.jsonl of archived wafers, answered or not, and `recent`, their pictures.

Hyperparameters are the options of `training.train` without their dashes; those of `training.export` that begin with
`limit_`; `without` (labels to leave out of `train`, with commas), `lots` (share of its training lots) and `least` of
`training.dataset`; `version` of the candidate; `processes` for each machine, `export` (true).

Every step is a program of its own: what ends one of them, want of memory too, is told in the failure file. SIGTERM is
handed on; the run then stops with a checkpoint, and a job that is started again on the same checkpoints goes on from it.
"""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from fabwafer.errors import FabWaferError
from training.container import steps
from training.container.environment import failure_file, read_job
from training.container.job import Job
from training.container.steps import CHECKPOINT, EVALUATION
from training.container.supervision import supervise
from training.data.collect import DESCRIPTION
from training.network.interruption import Interruption

METRICS = "metrics.json"
"""As in `training.network.run`, which would import torch."""
SHOWN_CHARACTERS = 1024


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
    """Train, and on the leading machine export, evaluate and compare, until done or asked to stop.

    Raises:
        ContractError: If a channel does not hold what it should.
        ProgramError: If one of the programs failed.
    """
    surroundings = {**environment, **_network(job)}
    if job.chooses and not interruption.asked:
        supervise("dataset", steps.collect_command(job), interruption, surroundings)
    if not interruption.asked:
        supervise("train", steps.train_command(job), interruption, surroundings)
    if not job.leads:
        return
    keep_run(job)
    for name, command in steps.judging(job) if job.export else ():
        if not interruption.asked:
            supervise(name, command, interruption, surroundings)
    _tell(job.model / EVALUATION)


def _tell(evaluation: Path) -> None:
    if evaluation.exists():
        figures = json.loads(evaluation.read_text())
        line = {f"test_{name}": figures[name] for name in ("macro_f1", "accuracy", "ece")}
        sys.stdout.write(f"{json.dumps(line)}\n")


def _network(job: Job) -> dict[str, str]:
    names = ("NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME")
    return dict.fromkeys(names, job.interface) if job.interface else {}


def keep_run(job: Job) -> None:
    """Copy the run's files into the model folder, if there are any and they are elsewhere; what it learned from too."""
    kept = job.model / "run"
    job.model.mkdir(parents=True, exist_ok=True)
    for name in (CHECKPOINT, METRICS):
        if job.run != kept and (job.run / name).exists():
            kept.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(job.run / name, kept / name)
    if (job.data / DESCRIPTION).exists():
        shutil.copyfile(job.data / DESCRIPTION, kept.parent / DESCRIPTION)


if __name__ == "__main__":
    sys.exit(main())
