"""A float graph -> the same with static 8-bit convolutions (QDQ, per channel).

Weights are signed, activations unsigned: ONNX Runtime has fast kernels for that on Arm and on x86-64, while of
signed activations it leaves two thirds of the convolutions in float on x86-64 (0.97 ms a wafer against 0.39).
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization import (  # type: ignore[import-untyped]
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from training.bundle.graph import INT8
from training.data.maps import Codes, Ints
from training.data.wafers import WaferSet

_SEED = 48


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, maps: Sequence[Codes]) -> None:
        self._feeds: Iterator[dict[str, Codes]] = ({"wafer": each} for each in maps)

    def get_next(self) -> dict[str, Codes] | None:
        """Return the next wafer, None at the end."""
        return next(self._feeds, None)


def calibration_sample(wafers: WaferSet, indices: Ints, per_class: int = 80) -> list[Codes]:
    """Return up to `per_class` maps of every class, from as many lots as can be."""
    generator = np.random.default_rng(_SEED)
    chosen: list[int] = []
    for label in range(len(wafers.classes)):
        members = generator.permutation(indices[wafers.labels[indices] == label])
        _, first = np.unique(wafers.lots[members], return_index=True)
        rest = np.setdiff1d(np.arange(len(members)), first)
        chosen.extend(members[np.r_[generator.permutation(first), rest]][:per_class])
    return [wafers.maps[int(index)] for index in chosen]


def quantize(model: onnx.ModelProto, maps: Sequence[Codes]) -> onnx.ModelProto:
    """Return the graph with its `int8/` nodes quantized on the ranges that `maps` give."""
    kept = [node.name for node in model.graph.node if not node.name.startswith(INT8)]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "fp32.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, source)  # a model given as an object would be changed
        quantize_static(
            source,
            target,
            _Reader(maps),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=kept,
            op_types_to_quantize=["Conv", "Add", "Relu"],
            calibrate_method=CalibrationMethod.MinMax,
        )
        return onnx.load(target)


def set_constant(model: onnx.ModelProto, name: str, value: npt.ArrayLike) -> None:
    """Change a constant of the graph in place, its shape staying."""
    for constant in model.graph.initializer:
        if constant.name == name:
            array: npt.NDArray[np.float32] = np.asarray(value, np.float32)
            constant.CopyFrom(onnx.numpy_helper.from_array(array, name))
