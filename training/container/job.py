"""A training job: where it finds and leaves things, and what it is to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TRAIN, TEST = "train", "test"
LABELS, REVIEWED = "labels", "reviewed"
RECENT_LABELS, RECENT = "recent_labels", "recent"
"""Channels: a manifest, and the pictures that it names."""


@dataclass(frozen=True)
class Job:
    """Where a training job finds and leaves things, and what it is to do.

    Attributes:
        channels: Folders of input, by name.
        parameters: What `training.train` is to be told, by option without dashes.
        limits: What `training.export` is to be told of its gate, likewise.
        choice: What `training.dataset` is to be told of the data, likewise.
        version: The candidate's, empty for what `training.export` calls it.
        hosts: Names of all machines; the first one leads.
        host: This machine.
        interface: Network interface that leads to the others, empty if it was not told.
        processes: On each machine.
        export: Whether a bundle is wanted.
    """

    base: Path
    channels: Mapping[str, Path]
    parameters: Mapping[str, str]
    limits: Mapping[str, str]
    choice: Mapping[str, str]
    version: str
    hosts: tuple[str, ...]
    host: str
    interface: str
    processes: int
    export: bool
    model: Path
    port: str

    @property
    def leads(self) -> bool:
        """Tell whether this machine is the one that keeps results."""
        return self.host == self.hosts[0]

    @property
    def run(self) -> Path:
        """Return the run's folder: what is under `checkpoints` comes back after a spot interruption."""
        checkpoints = self.base / "checkpoints"
        return (checkpoints if checkpoints.is_dir() else self.model) / "run"

    @property
    def chooses(self) -> bool:
        """Tell whether what the run learns from is put together first."""
        return bool(self.choice) or LABELS in self.channels

    @property
    def data(self) -> Path:
        """Return what the run learns from."""
        return self.cache / "data" if self.chooses else self.channels[TRAIN]

    @property
    def cache(self) -> Path:
        """Return a folder that ends with the job."""
        return self.base / "cache"

    @property
    def output(self) -> Path:
        """Return the folder of what is kept beside the model."""
        return self.base / "output" / "data"
