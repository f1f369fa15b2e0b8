"""What `python -m sandbox up` tells other commands about itself, in a file that only its owner may read."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox.cameras import read_journal
from sandbox.errors import SandboxError
from sandbox.fleet import write_private
from sandbox.people import Person
from sandbox.processes import ROOT

PLACE = ROOT / "build" / "sandbox.json"


class Standing(BaseModel):
    """A sandbox that is up."""

    model_config = ConfigDict(frozen=True)

    address: str
    fab: str
    staff: tuple[Person, ...]
    simulated: tuple[Person, ...]
    journals: tuple[Path, ...]

    @property
    def looker(self) -> Person:
        """Return the engineer."""
        return next(each for each in self.staff if "engineer" in each.groups)

    def truths(self) -> dict[str, str]:
        """Return what the cameras know to be right, by item."""
        return {
            f"{logged.imgid}~{logged.timestamp}": logged.truth
            for journal in self.journals
            for logged in read_journal(journal)
            if logged.truth is not None
        }


@contextlib.contextmanager
def told(standing: Standing, place: Path = PLACE) -> Iterator[None]:
    """Keep the file for as long as the sandbox is up; of two sandboxes the later one's counts."""
    place.parent.mkdir(exist_ok=True)
    part = place.with_suffix(".part")
    part.unlink(missing_ok=True)
    text = standing.model_dump_json(indent=1)
    write_private(part, text)
    part.rename(place)
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            if place.read_text() == text:
                place.unlink()


def find(place: Path = PLACE) -> Standing:
    """Return the sandbox that is up.

    Raises:
        SandboxError: If none is.
    """
    try:
        return Standing.model_validate_json(place.read_bytes())
    except FileNotFoundError as error:
        raise SandboxError("no sandbox is up: `make sandbox` in another terminal") from error
    except ValidationError as error:
        raise SandboxError(f"{place}: expected what `make sandbox` writes, got {error}") from error
