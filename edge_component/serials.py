"""What ran on this device, by serial: a bundle that was superseded does not run again, but for the one just before."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from edge_component import logs
from edge_component.durable import replace_file
from fabwafer.errors import BundleError
from fabwafer.fields import Count, Sha256
from fabwafer.signature import SIGNATURE, Signature

_FILE = "serials.json"


class Ran(BaseModel):
    """A signed bundle that ran here."""

    model_config = ConfigDict(frozen=True, regex_engine="python-re")

    serial: Count
    manifest_sha256: Sha256

    @classmethod
    def of(cls, signature: Signature) -> Self:
        """Return what is remembered of a bundle."""
        return cls(serial=signature.serial, manifest_sha256=signature.manifest_sha256)


class Serials(BaseModel):
    """The highest serial that ran, the bundle that runs, and the one directly before it."""

    model_config = ConfigDict(frozen=True)

    highest: Count = 0
    running: Ran | None = None
    before: Ran | None = None

    def check(self, folder: Path, signature: Signature) -> None:
        """Let pass what is new, and what Greengrass itself may put back: the bundle directly before.

        Raises:
            BundleError: If it was superseded.
        """
        if signature.serial >= self.highest or Ran.of(signature) in (self.running, self.before):
            return
        raise BundleError(
            f"{folder / SIGNATURE}: serial: expected {self.highest} or more, which ran here,"
            f" got {signature.serial}"
        )

    def after(self, signature: Signature) -> Self:
        """Return the memory once a bundle runs."""
        runs = Ran.of(signature)
        if runs == self.running:
            return self
        highest = max(self.highest, runs.serial)
        return type(self)(highest=highest, running=runs, before=self.running)


def read_serials(state_dir: Path) -> Serials:
    """Return what ran here; nothing where nothing is known, or the file was damaged."""
    path = state_dir / _FILE
    try:
        return Serials.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Serials()
    except (OSError, ValidationError) as error:
        logs.warn("serials forgotten", file=str(path), error=str(error))
        return Serials()


def write_serials(state_dir: Path, serials: Serials) -> None:
    """Keep what ran here, whole even after a power cut.

    Raises:
        OSError: If it cannot be written.
    """
    replace_file(state_dir / _FILE, serials.model_dump_json().encode())
