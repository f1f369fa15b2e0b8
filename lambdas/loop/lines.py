"""What the fleet runs: the line's paper, begun from the bundle that was shipped with the app."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fabwafer.bundle import MANIFEST
from fabwafer.errors import ContractError
from fabwafer.signature import read_signature
from lambdas.loop.bundles import MAX_BUNDLE_BYTES, unpack
from lambdas.loop.ledger import Ledger
from lambdas.loop.records import MODEL, LinePaper, ModelPaper, ModelState
from lambdas.stores.model_files import ModelBucket


@dataclass(frozen=True)
class FirstModel:
    """The model that CDK deployed first.

    Attributes:
        model: Its name@version.
        key: Of its bundle's zip in the models bucket, where the deployment's operator puts it.
    """

    model: str
    key: str


def current_line(ledger: Ledger, files: ModelBucket, first: FirstModel, now_ms: int) -> LinePaper:
    """Return the line; begin it with the first model if nobody has.

    Raises:
        ContractError: If the first model's bundle is not where it should be, or is another one.
        BundleError: If it is damaged.
    """
    line = ledger.read(LinePaper, MODEL)
    if line is not None:
        return line
    paper, serial = _first_paper(files, first, now_ms)
    ledger.keep_new(paper)
    ledger.keep_new(LinePaper(name=MODEL, current=first.model, serial=serial))
    return ledger.read(LinePaper, MODEL) or current_line(ledger, files, first, now_ms)


def _first_paper(files: ModelBucket, first: FirstModel, now_ms: int) -> tuple[ModelPaper, int]:
    """Serial 1 is what was deployed first, signed or not."""
    packed = files.read(first.key, MAX_BUNDLE_BYTES)
    if packed is None:
        raise ContractError(
            "first model", first.key, f"the bundle of {first.model} in the models bucket"
        )
    with tempfile.TemporaryDirectory() as scratch:
        manifest = unpack(packed, Path(scratch))
        digest = hashlib.sha256((Path(scratch) / MANIFEST).read_bytes()).hexdigest()
        signature = read_signature(Path(scratch))
    if manifest.model != first.model:
        raise ContractError(first.key, manifest.model, first.model)
    promise = manifest.metrics.get("promise")
    paper = ModelPaper(
        name=manifest.model,
        state=ModelState.CURRENT,
        created_ms=now_ms,
        key=first.key,
        manifest_sha256=digest,
        signing_key=signature.key if signature else None,
        promise=promise if isinstance(promise, dict) else {},
    )
    return paper, signature.serial if signature else 1
