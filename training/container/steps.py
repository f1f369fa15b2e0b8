"""A training job -> the programs that do it, each with its arguments, and the files that they find in its channels."""

import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from fabwafer.bundle import MANIFEST
from fabwafer.errors import ContractError
from fabwafer.release import COMPARISON
from training.container.job import LABELS, RECENT, RECENT_LABELS, REVIEWED, TEST, Job

CHECKPOINT = "checkpoint.pt"
"""As in `training.network.run`, which would import torch."""
ARTEFACT = "model.tar.gz"
EVALUATION = "evaluation.json"
_NAME = "wafer-map"
_LISTS = ("without",)


def collect_command(job: Job) -> list[str]:
    """Return the program that puts together what the job learns from; it keeps what is already there."""
    options: dict[str, object] = {name: value for name, value in job.choice.items()}
    if LABELS in job.channels:
        options["reviewed"] = manifest_in(job.channels[LABELS])
        options["pictures"] = job.channels.get(REVIEWED, job.channels[LABELS])
    told = ["--data", str(job.channels["train"]), "--out", str(job.data), "--keep"]
    for name, value in options.items():
        told += [f"--{name}", *(str(value).split(",") if name in _LISTS else [str(value)])]
    return [sys.executable, "-m", "training.dataset", *told]


def train_command(job: Job) -> list[str]:
    """Return the program that trains, started by torchrun where there is more than one process.

    Raises:
        ContractError: If a channel does not hold what it should.
    """
    options = {"data": job.data, "out": job.run, "cache": job.cache / "planes"}
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


def judging(job: Job) -> Iterator[tuple[str, list[str]]]:
    """Yield the programs that come after training, by name, each when it is its turn.

    Raises:
        ContractError: If a channel does not hold what it should.
    """
    yield "export", export_command(job)
    yield "evaluate", evaluate_command(job)
    yield "compare", compare_command(job)


def export_command(job: Job) -> list[str]:
    """Return the program that makes the bundle; of a run that was given few minutes, as far as it came."""
    told = ["--run", job.run, "--data", job.data, "--bundle", job.model / "bundle"]
    named = ["--model", f"{_NAME}@{job.version}"] if job.version else []
    limits = [f"--{name}={value}" for name, value in job.limits.items()]
    unfinished = ["--unfinished"] if "minutes" in job.parameters else []
    program = [sys.executable, "-m", "training.export", *map(str, told)]
    return [*program, *named, *limits, *unfinished]


def evaluate_command(job: Job) -> list[str]:
    """Return the program that judges the bundle, by wafers of the labels that it knows."""
    told = ["--bundle", job.model / "bundle", "--json", job.model / EVALUATION]
    job.output.mkdir(parents=True, exist_ok=True)
    told += ["--predictions", job.output / "predictions.csv", "--data", _test(job), "--known"]
    told += ["--learned", job.data]
    return [sys.executable, "-m", "training.evaluate", *map(str, told), *_split(job)]


def compare_command(job: Job) -> list[str]:
    """Return the program that puts the bundle beside the one in use.

    Raises:
        ContractError: If there is no bundle in the channel of the one in use.
    """
    told = ["--candidate", job.model / "bundle", "--out", job.model / COMPARISON]
    told += ["--test", _test(job), "--learned", job.data]
    if "current" in job.channels:
        told += ["--current", bundle_in(job.channels["current"], job.cache / "current")]
    if RECENT_LABELS in job.channels:
        told += ["--recent", manifest_in(job.channels[RECENT_LABELS])]
        told += ["--pictures", job.channels.get(RECENT, job.channels[RECENT_LABELS])]
    return [sys.executable, "-m", "training.compare", *map(str, told), *_split(job)]


def _test(job: Job) -> Path:
    return job.channels.get(TEST, job.data)


def _split(job: Job) -> list[str]:
    return [] if TEST in job.channels else ["--split", "test"]


def only_file(channel: Path) -> Path:
    """Return the one file in a channel.

    Raises:
        ContractError: If there is none, or another one.
    """
    found = sorted(channel.iterdir())
    if len(found) != 1:
        raise ContractError(channel.name, [each.name for each in found], f"one file in {channel}")
    return found[0]


def manifest_in(channel: Path) -> Path:
    """Return the one manifest in a channel, whatever else is there.

    Raises:
        ContractError: If there is none, or another one.
    """
    found = sorted(channel.rglob("*.jsonl"))
    if len(found) != 1:
        raise ContractError(channel.name, [each.name for each in found], "one manifest (.jsonl)")
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


def bundle_in(channel: Path, scratch: Path) -> Path:
    """Return the folder of the bundle in a channel, taken out of the one zip there if it comes as one.

    Raises:
        ContractError: If there is no bundle, or its archive is damaged.
    """
    if (channel / MANIFEST).exists():
        return channel
    archives = sorted(channel.glob("**/*.zip"))
    if len(archives) != 1:
        found = [each.name for each in archives]
        raise ContractError(channel.name, found, f"{MANIFEST}, or a bundle as one zip")
    try:
        with zipfile.ZipFile(archives[0]) as archive:
            archive.extractall(scratch)  # noqa: S202 zipfile keeps members inside
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError) as error:
        raise ContractError(channel.name, archives[0].name, f"a bundle's zip ({error})") from error
    return scratch
