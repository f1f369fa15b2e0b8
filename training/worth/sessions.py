"""A graph -> a session that runs it as the edge does, and what it says of wafers. NumPy and ONNX Runtime alone."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnxruntime as ort  # type: ignore[import-untyped]

from fabwafer.bundle import DIGITS, MEASURES, MODEL, Manifest, read_bundle
from fabwafer.errors import BundleError
from training.data.maps import Codes, Kind
from training.data.sources import kind_of
from training.worth.doubts import Measures
from training.worth.metrics import Floats


def open_model(model: Path | bytes) -> ort.InferenceSession:
    """Return a session that decides as the edge does: one thread, one wafer at a time.

    Raises:
        BundleError: If it is no graph that ONNX Runtime can run, or one of something else than wafers.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    source = model if isinstance(model, bytes) else str(model)
    shown = "the graph" if isinstance(model, bytes) else str(model)
    try:
        session = ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has no common base for what a bad graph raises
        raise BundleError(f"{shown}: {type(error).__name__}: {error}") from error
    inputs, outputs = (
        [each.name for each in ends] for ends in (session.get_inputs(), session.get_outputs())
    )
    if inputs != ["wafer"] or "probabilities" not in outputs:
        raise BundleError(f"{shown}: expected wafer -> probabilities, got {inputs} -> {outputs}")
    return session


def open_against(path: Path, manifest: Manifest) -> ort.InferenceSession:
    """Return a session of what is put beside a bundle: a graph of its labels in a file, or in another bundle.

    Raises:
        BundleError: If there is none, or if it has other labels or takes other pictures than the bundle.
    """
    kind = kind_of(manifest)
    model = path / MODEL if path.is_dir() else path
    if path.is_dir():
        other = read_bundle(path)
        _require_same(path, "labels", other.policy.labels, manifest.policy.labels)
        _require_same(path, "data.kind", kind_of(other), kind)
    elif not path.is_file():
        raise BundleError(f"{path}: expected an ONNX graph or a bundle")
    session = open_model(model)
    dimensions = len(session.get_inputs()[0].shape)
    _require_same(model, "dimensions of wafer", dimensions, 3 if kind is Kind.COLOUR else 2)
    return session


def _require_same(path: Path, name: str, got: object, expected: object) -> None:
    if got != expected:
        raise BundleError(f"{path}: {name}: expected {expected}, as the bundle has, got {got}")


def classify(session: ort.InferenceSession, maps: Iterable[Codes]) -> Floats:
    """Return probabilities (maps, labels) of maps, uint8 (height, width) each."""
    rows = [session.run(["probabilities"], {"wafer": wafer})[0] for wafer in maps]
    return np.stack(rows).astype(np.float64)


def measure(session: ort.InferenceSession, maps: Iterable[Codes]) -> tuple[Floats, Measures]:
    """Return probabilities (maps, labels), and what else the graph measures, one value a map, as the edge rounds it."""
    known = [each.name for each in session.get_outputs() if each.name in MEASURES]
    names = ["probabilities", *known]
    rows = [session.run(names, {"wafer": wafer}) for wafer in maps]
    probabilities = np.stack([row[0] for row in rows]).astype(np.float64)
    measured = {
        MEASURES[name]: np.array([float(np.ravel(row[n])[0]) for row in rows]).round(DIGITS)
        for n, name in enumerate(known, 1)
    }
    return probabilities, measured
