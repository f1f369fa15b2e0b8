"""The network of a bundle, ONNX -> a `.tflite` file with the same weights, scales and operations.

No maintained converter does this: onnx2tf for Python 3.11 wants an ONNX Runtime and a NumPy of 2024, litert-torch starts
from PyTorch, wants another pydantic, and would quantize anew. A bundle's network is convolutions, sums and a head,
so they are translated one by one; codes of uint8 become int8 by moving the zero point, which changes no value.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema
from onnx import NodeProto, helper

from bench.model.float_graph import channel_axis
from bench.model.tflite_file import scales
from bench.model.tflite_network import CHANNELS_LAST, DEQUANTIZE, QUANTIZE, Network, network_of
from fabwafer.errors import ContractError

_Operation: TypeAlias = Callable[[Network, NodeProto, int, bool], None]
"""Adds a node whose output has its tensor; the last argument says whether it works in codes."""


def translate(model: onnx.ModelProto) -> bytes:
    """Return the `.tflite` file of a graph with one image (1, channels, height, width) in and one value out.

    The file wants the image with channels last.

    Raises:
        ContractError: If the graph has an operation that is not among the translated ones.
    """
    network = network_of(model)
    image, result = model.graph.input[0].name, model.graph.output[0].name
    network.add(image)
    for node in model.graph.node:
        if node.op_type == QUANTIZE:
            network.quantize(node)
        elif node.op_type == DEQUANTIZE:
            network.dequantize(node)
        else:
            _operation(network, node)
    return network.file.content([network.tensors[image]], [network.read(result, in_codes=False)])


def _operation(network: Network, node: NodeProto) -> None:
    name = node.output[0]
    if node.op_type not in _OPERATIONS:
        raise ContractError(f"{node.name}: operation", node.op_type, ", ".join(_OPERATIONS))
    output = network.add(name)
    _OPERATIONS[node.op_type](network, node, output, name in network.codes)


def _convolution(network: Network, node: NodeProto, output: int, in_codes: bool) -> None:
    given = _attributes(node)
    if given.get("group", 1) != 1 or any(step != 1 for step in given.get("dilations", ())):
        raise ContractError(f"{node.name}: convolution", given, "no groups and no dilation")
    image, padding = _padded(network, node, in_codes)
    rows, columns = given.get("strides", (1, 1))
    learned = [_learned(network, name, in_codes) for name in node.input[1:]]
    if len(learned) == 1:
        learned.append(_no_bias(network, node, in_codes))
    network.file.operator(
        "CONV_2D",
        [image, *learned],
        output,
        schema.Conv2DOptionsT(padding=padding, strideH=rows, strideW=columns),
    )


def _padded(network: Network, node: NodeProto, in_codes: bool) -> tuple[int, int]:
    """Return the image's tensor and the padding that the convolution then needs."""
    given, source = _attributes(node), network.source(node.input[0])
    image = network.read(source, in_codes)
    pads, strides = given.get("pads", [0] * 4), given.get("strides", [1, 1])
    if not any(pads):
        return image, schema.Padding.VALID
    sizes = network.shapes[source][2:]
    steps = zip(sizes, given["kernel_shape"], strides, strict=True)
    total = [max((-(-size // step) - 1) * step + kernel - size, 0) for size, kernel, step in steps]
    if pads == [each // 2 for each in total] + [each - each // 2 for each in total]:
        return image, schema.Padding.SAME
    amounts = np.array([[0, 0], [pads[0], pads[2]], [pads[1], pads[3]], [0, 0]], np.int32)
    batch, channels, height, width = network.shapes[source]
    grown = (batch, height + pads[0] + pads[2], width + pads[1] + pads[3], channels)
    codes = network.codes.get(source) if in_codes else None
    padded = network.file.tensor(
        grown,
        "int8" if codes else "float32",
        f"{node.name}/padded",
        scales(*network.scale(codes)) if codes else None,
    )
    inputs = [image, network.file.constant(amounts, f"{node.name}/pads")]
    network.file.operator("PAD", inputs, padded, schema.PadOptionsT())
    return padded, schema.Padding.VALID


def _learned(network: Network, name: str, in_codes: bool) -> int:
    """Return the tensor of a convolution's weights or bias."""
    source = network.nodes[name] if in_codes else None
    values = network.constants[source.input[0] if source else name]
    if values.ndim == len(CHANNELS_LAST):
        values = values.transpose(CHANNELS_LAST)
    if source is None:
        return network.file.constant(values.astype(np.float32), name)
    if values.dtype == np.uint8 or channel_axis(source) != 0:
        raise ContractError(f"{name}: codes", values.dtype, "signed, scaled along the first axis")
    return network.file.constant(values, name, scales(*network.scale(source)))


def _no_bias(network: Network, node: NodeProto, in_codes: bool) -> int:
    """Return zeros: LiteRT's kernels want a bias."""
    image, weights = (network.source(name) for name in node.input[:2])
    channels = network.shapes[node.output[0]][1]
    if not in_codes:
        return network.file.constant(np.zeros(channels, np.float32), f"{node.name}/bias")
    scale = network.scale(network.codes[image])[0] * network.scale(network.nodes[weights])[0]
    codes = np.zeros(channels, np.int32)
    return network.file.constant(codes, f"{node.name}/bias", scales(scale, np.zeros(scale.shape)))


def _simple(kind: str, options: Callable[[], Any] | None = None) -> _Operation:
    """Translate an operation that treats every element alike."""

    def operation(network: Network, node: NodeProto, output: int, in_codes: bool) -> None:
        for name in node.input:
            _check_constant(network, node, name)
        inputs = [network.read(name, in_codes) for name in node.input]
        network.file.operator(kind, inputs, output, options() if options else None)

    return operation


def _check_constant(network: Network, node: NodeProto, name: str) -> None:
    """Refuse what would be broadcast along another axis once channels are last."""
    constant, rank = network.constants.get(name), len(network.shapes[node.output[0]])
    if constant is not None and constant.size > 1 and rank == len(CHANNELS_LAST):
        raise ContractError(f"{node.name}: constant", constant.shape, "one number beside an image")


def _softmax(network: Network, node: NodeProto, output: int, in_codes: bool) -> None:
    rank = len(network.shapes[node.output[0]])
    if _attributes(node).get("axis", -1) not in (-1, rank - 1) or rank == len(CHANNELS_LAST):
        raise ContractError(f"{node.name}: axis", _attributes(node), "the last of a vector")
    inputs = [network.read(node.input[0], in_codes)]
    network.file.operator("SOFTMAX", inputs, output, schema.SoftmaxOptionsT(beta=1.0))


def _mean(network: Network, node: NodeProto, output: int, in_codes: bool) -> None:
    given = _attributes(node)
    axes = given["axes"] if "axes" in given else network.constants[node.input[1]].tolist()
    if len(network.shapes[network.source(node.input[0])]) == len(CHANNELS_LAST):
        axes = [CHANNELS_LAST.index(axis) for axis in axes]
    kept = bool(given.get("keepdims", 1))
    where = network.file.constant(np.array(axes, np.int32), f"{node.name}/axes")
    inputs = [network.read(node.input[0], in_codes), where]
    network.file.operator("MEAN", inputs, output, schema.ReducerOptionsT(keepDims=kept))


def _space_to_depth(network: Network, node: NodeProto, output: int, in_codes: bool) -> None:
    options = schema.SpaceToDepthOptionsT(blockSize=_attributes(node)["blocksize"])
    network.file.operator(
        "SPACE_TO_DEPTH", [network.read(node.input[0], in_codes)], output, options
    )


def _attributes(node: NodeProto) -> dict[str, Any]:
    return {each.name: helper.get_attribute_value(each) for each in node.attribute}


_OPERATIONS: dict[str, _Operation] = {
    "Conv": _convolution,
    "Relu": _simple("RELU"),
    "Add": _simple("ADD", schema.AddOptionsT),
    "Sub": _simple("SUB", schema.SubOptionsT),
    "Mul": _simple("MUL", schema.MulOptionsT),
    "Div": _simple("DIV", schema.DivOptionsT),
    "ReduceMean": _mean,
    "SpaceToDepth": _space_to_depth,
    "Softmax": _softmax,
}
