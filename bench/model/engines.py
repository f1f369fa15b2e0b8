"""A contender's file -> functions that take a wafer, with one thread, as its engine's documentation asks for."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.model.contenders import PLANES, Contender, Engine
from edge_component.pictures import Grey, decode

Run = Callable[[Grey], NDArray[np.float32]]
"""Decoded wafer, uint8 (height, width) -> probabilities (labels,)."""


@dataclass(frozen=True)
class Opened:
    """Both give the number of the most probable label.

    Attributes:
        from_wafer: Takes a decoded wafer.
        from_png: Takes the bytes of a picture.
    """

    from_wafer: Callable[[Grey], int]
    from_png: Callable[[bytes], int]


def open_contender(contender: Contender, folder: Path) -> Opened:
    """Load a contender's file from the work folder."""
    path = folder / contender.file
    if contender.engine is Engine.EDGE:
        return _edge(path)
    if contender.engine is Engine.ONNX_RUNTIME:
        run = _onnx_runtime(path)
    elif contender.engine is Engine.OPENVINO:
        run = _openvino(path, contender.precision)
    else:
        run = _litert(path, _onnx_runtime(folder / PLANES))
    return Opened(
        lambda wafer: int(run(wafer).argmax()), lambda png: int(run(decode(png)).argmax())
    )


def _edge(bundle: Path) -> Opened:
    from edge_component.classifier import Classifier

    classifier = Classifier.load(bundle)
    number = {label: index for index, label in enumerate(classifier.manifest.policy.labels)}

    def decide(image: Grey | bytes) -> int:
        return number[classifier.classify([image])[0].label]

    return Opened(decide, decide)


def _onnx_runtime(path: Path) -> Run:
    import onnxruntime  # type: ignore[import-untyped]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    height, width = session.get_inputs()[0].shape
    if isinstance(height, int):  # a reference takes pictures of one size
        size = (width, height)
        return lambda wafer: session.run(None, {"wafer": _resized(wafer, size)})[0]
    return lambda wafer: session.run(None, {"wafer": wafer})[0]


def _resized(wafer: Grey, size: tuple[int, int]) -> Grey:
    return np.asarray(Image.fromarray(wafer).resize(size, Image.Resampling.BILINEAR))


def _openvino(path: Path, precision: str) -> Run:
    import openvino

    settings: dict[str, Any] = {"INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY"}
    if precision:
        settings["INFERENCE_PRECISION_HINT"] = precision
    request = openvino.Core().compile_model(path, "CPU", settings).create_infer_request()

    def run(wafer: Grey) -> NDArray[np.float32]:
        request.infer([wafer], share_inputs=True)
        probabilities: NDArray[np.float32] = request.get_output_tensor(0).data
        return probabilities

    return run


def _litert(path: Path, planes: Run) -> Run:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    image = interpreter.get_input_details()[0]["index"]
    result = interpreter.get_output_details()[0]["index"]

    def run(wafer: Grey) -> NDArray[np.float32]:
        channels_last = planes(wafer).transpose(0, 2, 3, 1)
        interpreter.set_tensor(image, np.ascontiguousarray(channels_last))
        interpreter.invoke()
        probabilities: NDArray[np.float32] = interpreter.get_tensor(result)
        return probabilities

    return run
