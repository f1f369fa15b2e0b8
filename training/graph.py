"""A trained network -> the bundle's ONNX graph, written node by node so that nothing is left to a tracer.

`WaferClassifier` says the same in PyTorch. Nodes named `int8/...` may be quantized; the rest stays float:
thresholds and overlaps need it, and the classifier is where int8 would cost accuracy.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from training.model import HIGHEST_CODE, IS_DIE, IS_FAIL, Block, Network, heat_side
from training.symmetry import Convolution

OPSET = 17
IR_VERSION = 8
INT8 = "int8/"
TEMPERATURE = "temperature"
Array = npt.NDArray[np.float32] | npt.NDArray[np.int64]


class Graph:
    """Nodes and constants in the order they are added; a value is known by its name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        """Add a node with one output; the output has the node's name."""
        name = name or f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def constant(self, value: float | list[int] | Array, name: str | None = None) -> str:
        """Add a constant: float32, or int64 for a list of integers."""
        kind = np.int64 if isinstance(value, list) else np.float32
        name = name or f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name


def build(network: Network, temperature: float = 1.0) -> onnx.ModelProto:
    """Return the graph `wafer` uint8 (height, width) -> `probabilities` (classes,), `heat`."""
    network.eval()
    graph = Graph()
    side = network.shape.side
    planes = _planes(graph, side)
    features = _features(graph, network, planes)
    _decide(graph, network, planes, features, temperature)
    outputs = [
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [network.shape.classes]),
        helper.make_tensor_value_info("heat", TensorProto.FLOAT, [heat_side(network.shape)] * 2),
    ]
    wafer = helper.make_tensor_value_info("wafer", TensorProto.UINT8, ["height", "width"])
    body = helper.make_graph(graph.nodes, "wafer_map", [wafer], outputs, graph.constants)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return model


def _planes(graph: Graph, side: int) -> str:
    """Codes or grey levels -> (1, 2, side, side) area averages, as `Planes` does."""
    levels = graph.add("Cast", "wafer", to=TensorProto.FLOAT)
    highest = graph.add("ReduceMax", levels, keepdims=0)
    grey = graph.add("Greater", highest, graph.constant(HIGHEST_CODE))
    layers = []
    for code, level in (IS_DIE, IS_FAIL):
        limit = graph.add("Where", grey, graph.constant(level), graph.constant(code))
        layer = graph.add("Cast", graph.add("Greater", levels, limit), to=TensorProto.FLOAT)
        layers.append(graph.add("Unsqueeze", layer, graph.constant([0, 1])))
    stacked = graph.add("Concat", *layers, axis=1)
    rows = _overlap(graph, 0, side)
    columns = graph.add("Transpose", _overlap(graph, 1, side), perm=[1, 0])
    return graph.add("MatMul", graph.add("MatMul", rows, stacked), columns, name="planes")


def _overlap(graph: Graph, axis: int, side: int) -> str:
    """Return the (side, length) matrix of `overlap` for one axis of the wafer, whatever its length."""
    length = graph.add("Shape", "wafer", start=axis, end=axis + 1)
    scalar = graph.add("Squeeze", graph.add("Cast", length, to=TensorProto.FLOAT))
    scale = graph.add("Div", scalar, graph.constant(float(side)))
    steps = graph.constant(np.arange(side, dtype=np.float32)[:, None])
    starts = graph.add("Mul", steps, scale)
    zero, one = graph.constant(0.0), graph.constant(1.0)
    cells = graph.add("Unsqueeze", graph.add("Range", zero, scalar, one), graph.constant([0]))
    last = graph.add("Min", graph.add("Add", starts, scale), graph.add("Add", cells, one))
    shared = graph.add("Sub", last, graph.add("Max", starts, cells))
    return graph.add("Div", graph.add("Max", shared, zero), scale)


def _features(graph: Graph, network: Network, planes: str) -> str:
    x = _convolution(graph, network.stem, planes, f"{INT8}stem")
    x = graph.add("Relu", x, name=f"{INT8}stem/relu")
    for number, block in enumerate(network.blocks):
        assert isinstance(block, Block)  # noqa: S101 for the type checker: Sequential forgets it
        x = _block(graph, block, x, f"{INT8}{number}")
    last = _convolution(graph, network.last, x, f"{INT8}last")
    return graph.add("Relu", last, name=f"{INT8}last/relu")


def _block(graph: Graph, block: Block, x: str, name: str) -> str:
    first = _convolution(graph, block.first, x, f"{name}/first")
    first = graph.add("Relu", first, name=f"{name}/first/relu")
    second = _convolution(graph, block.second, first, f"{name}/second")
    if isinstance(block.shortcut, Convolution):
        x = _convolution(graph, block.shortcut, x, f"{name}/shortcut")
    total = graph.add("Add", second, x, name=f"{name}/add")
    return graph.add("Relu", total, name=f"{name}/relu")


def _convolution(graph: Graph, layer: Convolution, x: str, name: str) -> str:
    """Add an ordinary convolution: the eight views written out, batch normalisation folded in."""
    weight, bias = (each.cpu().numpy() for each in layer.folded())
    return graph.add(
        "Conv",
        x,
        graph.constant(weight, f"{name}/weight"),
        graph.constant(bias, f"{name}/bias"),
        name=name,
        kernel_shape=[layer.kernel, layer.kernel],
        strides=[layer.stride, layer.stride],
        pads=[layer.kernel // 2] * 4,
    )


def _decide(graph: Graph, network: Network, planes: str, features: str, temperature: float) -> None:
    """The head as a 1x1 convolution: its mean is the logits, its top layer the class activation."""
    weight = network.head.weight.detach().cpu().numpy()[:, :, None, None]
    evidence = graph.add("Conv", features, graph.constant(weight), kernel_shape=[1, 1])
    mean = graph.add("ReduceMean", evidence, axes=[0, 2, 3], keepdims=0)
    logits = graph.add("Add", mean, graph.constant(network.head.bias.detach().cpu().numpy()))
    calibrated = graph.add("Div", logits, graph.constant(temperature, TEMPERATURE))
    probabilities = graph.add("Softmax", calibrated, axis=0, name="probabilities")
    label = graph.add("ArgMax", probabilities, axis=0, keepdims=1)
    top = graph.add("Relu", graph.add("Gather", evidence, label, axis=1))
    side = heat_side(network.shape)
    grown = graph.add(
        "Resize",
        top,
        "",
        "",
        graph.constant([1, 1, side, side]),
        mode="linear",
        coordinate_transformation_mode="align_corners",
    )
    highest = graph.add("Max", graph.add("ReduceMax", grown, keepdims=0), graph.constant(1e-6))
    fails = graph.add("Slice", planes, *_slice(graph))
    pooled = graph.add("MaxPool", fails, kernel_shape=[5, 5], strides=[4, 4], pads=[2] * 4)
    failing = graph.add("Greater", pooled, graph.constant(0.0))
    masked = graph.add(
        "Mul", graph.add("Div", grown, highest), graph.add("Cast", failing, to=TensorProto.FLOAT)
    )
    graph.add("Squeeze", masked, graph.constant([0, 1]), name="heat")


def _slice(graph: Graph) -> tuple[str, str, str]:
    """Return starts, ends, axes that pick the plane of failing dies."""
    return graph.constant([1]), graph.constant([2]), graph.constant([1])
