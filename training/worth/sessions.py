"""A graph -> a session that runs it as the edge does, and what it says of wafers. NumPy and ONNX Runtime alone."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnxruntime as ort  # type: ignore[import-untyped]

from fabwafer.bundle import DIGITS, MEASURES, MODEL, read_bundle
from fabwafer.errors import BundleError
from training.data.maps import Codes
from training.worth.doubts import Measures
from training.worth.metrics import Floats


def open_model(model: Path | bytes) -> ort.InferenceSession:
    """Return a session that decides as the edge does: one thread, one wafer at a time.

    Raises:
        BundleError: If it is no graph that ONNX Runtime can run.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    source = model if isinstance(model, bytes) else str(model)
    try:
        return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has no common base for what a bad graph raises
        shown = "the graph" if isinstance(model, bytes) else str(model)
        raise BundleError(f"{shown}: {type(error).__name__}: {error}") from error


def float_graph(path: Path) -> Path:
    """Return the graph that a path names: a file, or that of a bundle, which is checked.

    Raises:
        BundleError: If there is none.
    """
    if path.is_dir():
        read_bundle(path)
        return path / MODEL
    if not path.is_file():
        raise BundleError(f"{path}: expected an ONNX graph or a bundle")
    return path


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
