"""2. `WaferImage` -> `Classification`: an int8 ONNX graph that does its own pre-processing."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import onnxruntime  # type: ignore[import-untyped]  # ships no types

from edge_component.pictures import (
    Colours,
    Decoded,
    Grey,
    check_colours,
    check_grey,
    decode_colours,
    examine,
)
from fabwafer.bundle import DIGITS, FEATURES, MEASURES, MODEL, Manifest, read_bundle
from fabwafer.errors import BundleError, ContractError
from fabwafer.triage import Refusal

_INPUT = "wafer"
_OUTPUTS = frozenset({"probabilities", "heat"})
_OPTIONAL = frozenset({*MEASURES, FEATURES})
_WARM_UP = ((33, 29), (52, 52))
_MOST_FEATURES = 300
"""More, as base64, are longer than a prediction's embedding may be."""
_INT8_MAX, _TINY = 127, 1e-30


@dataclass(frozen=True)
class Classification:
    """What the model says of one wafer.

    Attributes:
        label: The most probable label, canonical.
        probability: Its calibrated probability, to 4 digits: what is published is what decides.
        scores: Every label's probability, to 4 digits.
        heat: Rows of 0..1, to 2 digits: where the model saw it.
        novelty: Distance from what the model knows, if its graph tells.
        accepted: Whether it needs no person by the bundle's own thresholds.
        refused: What shows that the picture is no wafer map.
        embedding: The network's features, one signed byte an element, base64, if its graph tells.
    """

    label: str
    probability: float
    scores: dict[str, float]
    heat: list[list[float]]
    novelty: float | None
    accepted: bool
    refused: str | None = None
    embedding: str | None = None


class Classifier:
    """One bundle in memory: one session for life, one wafer at a time."""

    def __init__(self, manifest: Manifest, session: Any) -> None:
        """Use `Classifier.load`."""
        self.manifest = manifest
        self._session = session
        self._outputs = [each.name for each in session.get_outputs()]
        self._in_colour = len(session.get_inputs()[0].shape) == 3

    @classmethod
    def load(cls, bundle_dir: Path | str, threads: int = 1) -> Self:
        """Load a bundle whole and run it once, so that its files may vanish and the first wafer is not slow.

        Args:
            bundle_dir: Folder with `manifest.json` and `model.onnx`.
            threads: Cores for one wafer.

        Raises:
            BundleError: If the bundle is damaged or its graph is not what the manifest promises.
        """
        folder = Path(bundle_dir)
        manifest = read_bundle(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 3
        # An arena would keep what the largest picture took for good, and saves no time with one wafer at a time.
        options.enable_cpu_mem_arena = False
        # Threads that spin between wafers would heat a Pi for nothing.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session = onnxruntime.InferenceSession(
                (folder / MODEL).read_bytes(), options, providers=["CPUExecutionProvider"]
            )
            classifier = cls(manifest, session)
            classifier._check_graph()
            depth = (3,) if classifier._in_colour else ()
            classifier.classify([np.ones((*shape, *depth), np.uint8) for shape in _WARM_UP])
        except Exception as error:  # ONNX Runtime has no common base for what a bad graph raises
            raise BundleError(f"{folder / MODEL}: {type(error).__name__}: {error}") from error
        return classifier

    def _check_graph(self) -> None:
        inputs = [each.name for each in self._session.get_inputs()]
        if inputs != [_INPUT] or not _OUTPUTS <= set(self._outputs) <= _OUTPUTS | _OPTIONAL:
            raise ValueError(
                f"expected {_INPUT} -> {sorted(_OUTPUTS)}, got {inputs} -> {self._outputs}"
            )

    def classify(self, images: Sequence[Grey | Colours | bytes]) -> list[Classification]:
        """Classify wafers, or whatever the bundle knows.

        Args:
            images: Pictures as PNG, JPEG or BMP bytes, or arrays, uint8 of shape (height, width); for a graph that
                takes colours (height, width, 3).

        Raises:
            ContractError: If one of them is no picture, damaged or too large.
        """
        return [self.decide(self.read(image)) for image in images]

    def read(self, image: Grey | Colours | bytes) -> Decoded:
        """Return a picture as the graph takes it.

        Raises:
            ContractError: If it is no picture, damaged or too large.
        """
        if self._in_colour:
            colours = decode_colours(image) if isinstance(image, bytes) else check_colours(image)
            return Decoded(colours)
        return examine(image) if isinstance(image, bytes) else Decoded(check_grey(image))

    def decide(self, picture: Decoded) -> Classification:
        """Classify one picture that was read.

        Raises:
            ContractError: If the graph fails on it.
        """
        values = self._run(picture.levels)
        policy = self.manifest.policy
        probabilities = _rounded(values["probabilities"], DIGITS)
        scores = dict(zip(policy.labels, (min(1.0, each) for each in probabilities), strict=True))
        label = max(scores, key=scores.__getitem__)
        measured = {
            reason: round(float(np.ravel(values[name])[0]), DIGITS)
            for name, reason in MEASURES.items()
            if name in values
        }
        novelty = measured.get(Refusal.NOVELTY)
        refused = policy.refuses(measured | {Refusal.COLOUR: picture.colour})
        return Classification(
            label=label,
            probability=scores[label],
            scores=scores,
            heat=_rounded(values["heat"], 2),
            novelty=novelty,
            accepted=policy.accepts(label, scores[label], novelty, refused),
            refused=refused,
            embedding=_embedded(values[FEATURES]) if FEATURES in values else None,
        )

    def _run(self, levels: Grey | Colours) -> dict[str, npt.NDArray[np.float32]]:
        try:
            results = self._session.run(self._outputs, {_INPUT: levels})
        except (
            Exception
        ) as error:  # ONNX Runtime's errors share no base; the next wafer may well pass
            raise ContractError(
                "image", levels.shape, f"a picture the model can read ({error})"
            ) from error
        values = dict(zip(self._outputs, results, strict=True))
        for name, value in values.items():
            if not np.isfinite(value).all():
                raise ContractError(name, value, "finite numbers")
        return values


def _embedded(features: npt.NDArray[np.float32]) -> str | None:
    """Return features as bytes relative to their largest magnitude, base64; None if they are too many."""
    if features.size > _MOST_FEATURES:
        return None
    scale = _INT8_MAX / max(float(np.abs(features).max(initial=0)), _TINY)
    return base64.b64encode(np.rint(features.ravel() * scale).astype(np.int8).tobytes()).decode()


def _rounded(values: npt.NDArray[np.float32], digits: int) -> Any:
    """Return lists of short numbers; at once, as one by one a heat map takes a tenth of a millisecond."""
    return np.asarray(values, np.float64).round(digits).tolist()
