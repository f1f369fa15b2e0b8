"""What a training job left -> the candidate's bundle, checked, and the figures that it is judged by."""

import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from fabwafer.bundle import Manifest, read_bundle
from fabwafer.errors import ContractError
from fabwafer.fields import contract_error
from fabwafer.release import COMPARISON, Comparison
from lambdas.loop.jobs import artefact_key
from lambdas.loop.training_records import TrainingPaper
from lambdas.stores.model_files import ModelBucket

_BUNDLE = "bundle"
_MAX_ARTEFACT_BYTES = 2 * 1024**3
_MAX_MEMBER_BYTES = 64 * 1024**2


@dataclass(frozen=True)
class Candidate:
    """A candidate on this machine's disk."""

    folder: Path
    manifest: Manifest
    comparison: Comparison


def fetch_candidate(files: ModelBucket, training: TrainingPaper, scratch: Path) -> Candidate:
    """Fetch a job's artefact and read bundle and figures; the checkpoint stays in the archive.

    Raises:
        ContractError: If the artefact or the figures are missing, damaged or about another model.
        BundleError: If the bundle is.
    """
    key, archive = artefact_key(training.job), scratch / "model.tar.gz"
    if not files.download(key, archive, _MAX_ARTEFACT_BYTES):
        raise ContractError("artefact", key, "the model folder that the job leaves")
    try:
        _extract(archive, scratch)
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise ContractError(key, str(error), "a whole archive") from error
    manifest = read_bundle(scratch / _BUNDLE)
    comparison = _comparison(scratch / COMPARISON, key)
    if comparison.candidate != manifest.model:
        raise ContractError(f"{COMPARISON}: candidate", comparison.candidate, manifest.model)
    return Candidate(scratch / _BUNDLE, manifest, comparison)


def _extract(archive: Path, folder: Path) -> None:
    """Take out the figures and the files of the bundle, which is flat."""
    with tarfile.open(archive, "r:gz") as found:
        for member in found:
            path = Path(member.name)
            wanted = path == Path(COMPARISON) or path.parent == Path(_BUNDLE)
            if wanted and member.isfile() and member.size <= _MAX_MEMBER_BYTES:
                found.extract(member, folder, filter="data")


def _comparison(path: Path, key: str) -> Comparison:
    try:
        return Comparison.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise ContractError(key, "no " + COMPARISON, COMPARISON + " beside the bundle") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise contract_error(first, f"{COMPARISON}: {field}") from error
