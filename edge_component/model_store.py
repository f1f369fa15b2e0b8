"""model_dir -> a verified, loaded model, or the last good bundle, of which a copy is kept under state_dir.

Greengrass deletes the artifacts of old model versions after a deployment, so the copy is ours. A bundle that is
altered, unsigned where a signature is asked for, superseded or of another interface is not used: what runs goes on.
"""

import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from edge_component import logs
from edge_component.classifier import Classifier
from edge_component.durable import sync
from edge_component.serials import read_serials, write_serials
from edge_component.trust import Keys
from fabwafer.bundle import MANIFEST, read_bundle
from fabwafer.errors import BundleError
from fabwafer.signature import SIGNATURE, Signature

_LAST_GOOD = "model"
_INCOMING, _OUTGOING = ".new", ".old"


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory.

    Attributes:
        classifier: The bundle.
        signature: Who vouches for it; None if nobody does.
        verified: Whether that was checked against the keys of this device.
        problem: What is wrong although it runs: it is not the bundle asked for, or could not be kept.
    """

    classifier: Classifier
    signature: Signature | None = None
    verified: bool = False
    problem: str | None = None

    @property
    def name(self) -> str:
        """Return name@version."""
        return self.classifier.manifest.model

    @property
    def serial(self) -> int | None:
        """Return the signature's serial, checked or not."""
        return None if self.signature is None else self.signature.serial


class ModelStore:
    """Loads bundles that may run here, and keeps the last good one and the serials of what ran under state_dir."""

    def __init__(self, state_dir: Path, keys: Keys | None = None, threads: int = 1) -> None:
        """Know the rules.

        Args:
            state_dir: Where to keep things.
            keys: Who may sign; None asks for no signature.
            threads: Cores for one wafer.
        """
        self._state_dir = state_dir
        self._last_good = state_dir / _LAST_GOOD
        self._threads = threads
        self.keys = keys or Keys()

    def load(self, folder: Path) -> LoadedModel:
        """Load a bundle that may run; it leaves no trace here.

        Args:
            folder: Of the bundle, or a link to it, which may be switched meanwhile.

        Raises:
            BundleError: If it must not run; the message says why.
        """
        folder = folder.resolve()
        signature = self.keys.vouch(folder)
        if signature and self.keys.ask:
            read_serials(self._state_dir).check(folder, signature)
        classifier = Classifier.load(folder, self._threads)
        name = classifier.manifest.model
        if signature and signature.model != name:
            raise BundleError(
                f"{folder / SIGNATURE}: model: expected {name}, got {signature.model}"
            )
        return LoadedModel(classifier, signature, verified=self.keys.ask)

    def take_up(self, model_dir: Path) -> LoadedModel:
        """Load the bundle that is to be used from now on, keep a copy and remember its serial.

        Raises:
            BundleError: If it must not run.
        """
        folder = model_dir.resolve()
        loaded = self.load(folder)
        problem = _keep(folder, loaded, self._last_good)
        if loaded.signature and self.keys.ask:
            problem = self._remember(loaded.signature) or problem
        return replace(loaded, problem=problem)

    def last_good(self) -> LoadedModel | None:
        """Load the copy of what ran last; None if there is none that may run."""
        for folder in (self._last_good, self._last_good.with_suffix(_OUTGOING)):
            with suppress(BundleError):
                return self.load(folder)
        return None

    def _remember(self, signature: Signature) -> str | None:
        serials = read_serials(self._state_dir)
        after = serials.after(signature)
        if after == serials:
            return None
        try:
            write_serials(self._state_dir, after)
        except OSError as error:
            logs.warn("serial not kept", serial=signature.serial, error=str(error))
            return f"serial {signature.serial} not kept: {error}"
        return None


def _keep(folder: Path, loaded: LoadedModel, last_good: Path) -> str | None:
    """Copy a bundle that loaded; the previous copy goes only when the new one is whole."""
    manifest = loaded.classifier.manifest
    incoming, outgoing = last_good.with_suffix(_INCOMING), last_good.with_suffix(_OUTGOING)
    try:
        if _is_kept(folder, loaded, last_good):
            return None
        for leftover in (incoming, outgoing):
            shutil.rmtree(leftover, ignore_errors=True)
        incoming.mkdir(parents=True)
        signature = [SIGNATURE] if loaded.signature else []
        for name in (MANIFEST, *manifest.files, *signature):
            shutil.copyfile(folder / name, incoming / name)
            sync(incoming / name)
        sync(incoming)
        if last_good.exists():
            last_good.rename(outgoing)
        incoming.rename(last_good)
        sync(last_good.parent)
        shutil.rmtree(outgoing, ignore_errors=True)
    except OSError as error:
        shutil.rmtree(incoming, ignore_errors=True)  # half a copy would keep a full disk full
        logs.warn("model not kept", model=manifest.model, error=str(error))
        return f"no copy of {manifest.model} kept: {error}"
    return None


def _is_kept(folder: Path, loaded: LoadedModel, last_good: Path) -> bool:
    """Tell whether the copy is whole and of the same bundle under the same signature."""
    with suppress(BundleError):  # a damaged copy is replaced
        same = read_bundle(last_good) == loaded.classifier.manifest
        return same and _signature_of(folder, loaded) == _signature_of(last_good, loaded)
    return False


def _signature_of(folder: Path, loaded: LoadedModel) -> bytes | None:
    path = folder / SIGNATURE
    return path.read_bytes() if loaded.signature and path.exists() else None
