"""An ONNX graph of fixed shapes, in translation to a `.tflite` file: which values exist there, as codes or in float."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray
from onnx import NodeProto, numpy_helper

from bench.model.float_graph import dequantized, zero_point
from bench.model.tflite_file import TfliteFile, scales

QUANTIZE, DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"
CHANNELS_LAST = (0, 2, 3, 1)
_IN_CODES = frozenset({"Conv", "Add", "Relu"})
_UNSIGNED_SHIFT = 128


@dataclass
class Network:
    """A graph of fixed shapes in translation.

    Attributes:
        nodes: By the value they make.
        constants: By name, as in ONNX.
        shapes: Of all values, as in ONNX.
        codes: For values kept as codes, the QuantizeLinear that says how.
        tensors: The tensors of values, in codes where `codes` has the value, else in float.
        floats: The float tensors of values in codes that a float operation reads as well.
        same: Values that are another's: what (De)QuantizeLinear makes.
    """

    nodes: dict[str, NodeProto]
    constants: dict[str, NDArray[Any]]
    shapes: dict[str, tuple[int, ...]]
    file: TfliteFile = field(default_factory=TfliteFile)
    codes: dict[str, NodeProto] = field(default_factory=dict)
    tensors: dict[str, int] = field(default_factory=dict)
    floats: dict[str, int] = field(default_factory=dict)
    same: dict[str, str] = field(default_factory=dict)

    def add(self, name: str) -> int:
        """Add the tensor of a value."""
        shape = channels_last(self.shapes[name])
        kind = self.codes.get(name)
        quantization = scales(*self.scale(kind)) if kind else None
        self.tensors[name] = self.file.tensor(
            shape, "int8" if kind else "float32", name, quantization
        )
        return self.tensors[name]

    def scale(self, node: NodeProto) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return scale and zero point of signed codes."""
        zero = zero_point(node, self.constants)
        shift = _UNSIGNED_SHIFT if zero.dtype == np.uint8 else 0
        return self.constants[node.input[1]], zero.astype(np.int64) - shift

    def source(self, name: str) -> str:
        """Return the value that a value stands for."""
        while name in self.same:
            name = self.same[name]
        return name

    def read(self, name: str, in_codes: bool) -> int:
        """Return the tensor of a value as its reader wants it."""
        if name in self.constants:
            return self.file.constant(self.constants[name].astype(np.float32), name)
        source = self.source(name)
        if in_codes or source not in self.codes:
            return self.tensors[source]
        if source not in self.floats:
            shape = channels_last(self.shapes[source])
            self.floats[source] = self.file.tensor(shape, "float32", f"{source}/float")
            self.file.operator("DEQUANTIZE", [self.tensors[source]], self.floats[source])
        return self.floats[source]

    def quantize(self, node: NodeProto) -> None:
        """Take over a QuantizeLinear."""
        source, codes = node.input[0], node.output[0]
        if source in self.codes:
            self.same[codes] = source
            return
        self.codes[codes] = node
        self.shapes[codes] = self.shapes[source]
        self.file.operator(
            "QUANTIZE",
            [self.read(source, in_codes=False)],
            self.add(codes),
            schema.QuantizeOptionsT(),
        )

    def dequantize(self, node: NodeProto) -> None:
        """Take over a DequantizeLinear; constants are taken back at once."""
        if node.input[0] in self.constants:
            self.constants[node.output[0]] = dequantized(node, self.constants)
        else:
            self.same[node.output[0]] = node.input[0]


def network_of(model: onnx.ModelProto) -> Network:
    """Return a graph, nothing of it translated; a value is in codes if its maker and its readers work in codes."""
    graph = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    shapes = {
        each.name: tuple(size.dim_value for size in each.type.tensor_type.shape.dim)
        for each in (*graph.value_info, *graph.input, *graph.output)
    }
    network = Network(
        nodes={name: node for node in graph.node for name in node.output},
        constants={each.name: numpy_helper.to_array(each) for each in graph.initializer},
        shapes=shapes,
    )
    for node in graph.node:
        maker = network.nodes.get(node.input[0])
        if node.op_type == QUANTIZE and maker is not None and _reads_codes(network, maker):
            network.codes[node.input[0]] = node
    return network


def _reads_codes(network: Network, node: NodeProto) -> bool:
    makers = [network.nodes.get(name) for name in node.input]
    return node.op_type in _IN_CODES and all(
        maker is not None and maker.op_type == DEQUANTIZE for maker in makers
    )


def channels_last(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that a value has in the `.tflite` file."""
    return tuple(shape[axis] for axis in CHANNELS_LAST) if len(shape) == 4 else shape
