"""The bundle's int8 graph -> the same operations on the same shapes in float.

A bundle holds no fp32 file. Its weights are taken back from their codes, so they are the shipped ones, rounded as
shipped: what the float graph costs is exact, what it decides differs only by the rounding of activations.
"""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, helper, numpy_helper

_QUANTIZE, _DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"
_HAD_A_RELU = frozenset({"Conv", "Add"})


def float_graph(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy without quantization; the outputs keep their names."""
    constants = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}
    sources: dict[
        str, str
    ] = {}  # a quantized or dequantized value -> the float value it stands for
    nodes: list[NodeProto] = []
    for node in model.graph.node:
        if node.op_type == _QUANTIZE:
            source = sources.get(node.input[0], node.input[0])
            if _cuts_negatives(node, makers, constants):
                nodes.append(
                    helper.make_node("Relu", [source], [f"{source}/relu"], f"{source}/relu")
                )
                source = f"{source}/relu"
            sources[node.output[0]] = source
        elif node.op_type == _DEQUANTIZE and node.input[0] in constants:
            constants[node.output[0]] = dequantized(node, constants)
        elif node.op_type == _DEQUANTIZE:
            sources[node.output[0]] = sources[node.input[0]]
        else:
            kept = NodeProto()
            kept.CopyFrom(node)
            kept.input[:] = [sources.get(name, name) for name in node.input]
            nodes.append(kept)
    return _rebuilt(model, nodes, constants)


def dequantized(node: NodeProto, constants: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    """Return what a DequantizeLinear makes of constant codes, per tensor or per channel."""
    codes, scale = (constants[name].astype(np.float32) for name in node.input[:2])
    zero = zero_point(node, constants).astype(np.float32)
    if scale.ndim:
        shape = [1] * codes.ndim
        shape[channel_axis(node)] = -1
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    plain: NDArray[np.float32] = ((codes - zero) * scale).astype(np.float32)
    return plain


def zero_point(node: NodeProto, constants: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """Return the code of 0.0; its type is the codes' type. ONNX's default is 0 of uint8."""
    if len(node.input) > 2:
        return constants[node.input[2]]
    return np.zeros(constants[node.input[1]].shape, np.uint8)


def channel_axis(node: NodeProto) -> int:
    """Return the axis that scales run along."""
    return next((each.i for each in node.attribute if each.name == "axis"), 1)


def _cuts_negatives(
    node: NodeProto, makers: dict[str, NodeProto], constants: dict[str, NDArray[Any]]
) -> bool:
    """Tell whether quantizing does a Relu's work: the quantizer drops a Relu if 0.0 is the lowest code."""
    zero = zero_point(node, constants)
    maker = makers.get(node.input[0])
    lowest = bool(np.all(zero == np.iinfo(zero.dtype).min))
    return lowest and maker is not None and maker.op_type in _HAD_A_RELU


def _rebuilt(
    model: onnx.ModelProto, nodes: list[NodeProto], constants: dict[str, NDArray[Any]]
) -> onnx.ModelProto:
    used = {name for node in nodes for name in node.input}
    kept = [
        numpy_helper.from_array(constants[name], name) for name in sorted(used & set(constants))
    ]
    graph = model.graph
    body = helper.make_graph(nodes, graph.name, graph.input, graph.output, kept)
    rebuilt = helper.make_model(body, opset_imports=model.opset_import)
    rebuilt.ir_version = model.ir_version
    onnx.checker.check_model(rebuilt, full_check=True)
    return rebuilt
