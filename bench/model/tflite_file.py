"""Tensors and operators, as they are added -> the bytes of a `.tflite` file."""

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

_FORMAT = 3
_IDENTIFIER = b"TFL3"
_TYPES = {
    "float32": schema.TensorType.FLOAT32,
    "int8": schema.TensorType.INT8,
    "int32": schema.TensorType.INT32,
}
_OLDEST_LONG_CODE = 127
_VERSIONS = {"CONV_2D": 3, "ADD": 2, "DEQUANTIZE": 2, "PAD": 2, "MEAN": 2, "RELU": 2}


class TfliteFile:
    """One subgraph; a tensor is known by its index."""

    def __init__(self) -> None:
        self._tensors: list[Any] = []
        self._buffers = [schema.BufferT()]  # number 0 is the empty one
        self._operators: list[Any] = []
        self._codes: list[str] = []

    def tensor(
        self, shape: tuple[int, ...], dtype: str, name: str, quantization: Any = None
    ) -> int:
        """Add a tensor that an operator fills."""
        tensor = schema.TensorT(
            shape=np.array(shape, np.int32),
            type=_TYPES[dtype],
            name=name.encode(),
            quantization=quantization,
        )
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def constant(self, values: NDArray[Any], name: str, quantization: Any = None) -> int:
        """Add a tensor with its values: float32, int8 or int32."""
        index = self.tensor(values.shape, values.dtype.name, name, quantization)
        data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
        self._buffers.append(schema.BufferT(data=data))
        self._tensors[index].buffer = len(self._buffers) - 1
        return index

    def operator(self, kind: str, inputs: list[int], output: int, options: Any = None) -> None:
        """Add an operator by its name in the schema; `options` is an object of the schema's `...OptionsT`."""
        if kind not in self._codes:
            self._codes.append(kind)
        named = type(options).__name__.removesuffix("T") if options else "NONE"
        self._operators.append(
            schema.OperatorT(
                opcodeIndex=self._codes.index(kind),
                inputs=inputs,
                outputs=[output],
                builtinOptionsType=getattr(schema.BuiltinOptions, named),
                builtinOptions=options,
            )
        )

    def content(self, inputs: list[int], outputs: list[int]) -> bytes:
        """Return the file."""
        subgraph = schema.SubGraphT(
            tensors=self._tensors, inputs=inputs, outputs=outputs, operators=self._operators
        )
        model = schema.ModelT(
            version=_FORMAT,
            operatorCodes=[_code(kind) for kind in self._codes],
            subgraphs=[subgraph],
            buffers=self._buffers,
        )
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), file_identifier=_IDENTIFIER)
        return bytes(builder.Output())


def scales(scale: NDArray[Any], zero: NDArray[Any]) -> Any:
    """Return the quantization of a tensor: one scale for all of it, or one for each index of the first axis."""
    return schema.QuantizationParametersT(
        scale=np.atleast_1d(scale).astype(np.float32),
        zeroPoint=np.atleast_1d(zero).astype(np.int64),
    )


def _code(kind: str) -> Any:
    number = getattr(schema.BuiltinOperator, kind)
    return schema.OperatorCodeT(
        deprecatedBuiltinCode=min(number, _OLDEST_LONG_CODE),
        builtinCode=number,
        version=_VERSIONS.get(kind, 1),
    )
