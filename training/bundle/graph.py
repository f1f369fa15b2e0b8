"""A trained network -> the bundle's ONNX graph, written node by node so that nothing is left to a tracer.

`WaferClassifier` says the same in PyTorch. Nodes named `int8/...` may be quantized; the rest stays float:
thresholds and overlaps need it, the classifier is where int8 would cost accuracy, and the first convolution in int8
makes half of all that int8 changes in the probabilities (0.0011 on average against 0.0005), and no wafer faster.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper

from fabwafer.bundle import FEATURES
from training.bundle.nodes import Graph
from training.bundle.novelty import NOVELTY, add_novelty, blank
from training.bundle.refusal import LEVELS, SHAPE, Layers, add_levels, add_shape
from training.data.maps import HIGHEST_CODE, IS_DIE, IS_FAIL, Kind
from training.network.model import Block, Network, heat_side
from training.network.symmetry import Convolution

OPSET = 17
IR_VERSION = 8
INT8 = "int8/"
TEMPERATURE = "temperature"
_LAYERS = Layers(levels="pixels", grey="grey", dies="dies")


def build(network: Network, temperature: float = 1.0) -> onnx.ModelProto:
    """Return the graph `wafer` uint8 (height, width), in colour (..., 3) -> `probabilities` (classes,), `heat`.

    Further outputs: `features`, the mean of the last feature map, and a number each: `novelty`, 0 until its statistics
    are set; of wafer maps `levels` and `shape`.
    """
    network.eval()
    graph = Graph()
    kind = network.shape.kind
    planes = _planes(graph, network.shape.side, kind)
    features = _features(graph, network, planes)
    _decide(graph, network, planes, features, temperature)
    add_novelty(graph, features, blank(network.shape.features, network.shape.classes))
    measures = [NOVELTY]
    if kind is Kind.DIES:
        add_levels(graph, _LAYERS)
        add_shape(graph, planes, network.shape.side)
        measures += [LEVELS, SHAPE]
    outputs = [
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [network.shape.classes]),
        helper.make_tensor_value_info("heat", TensorProto.FLOAT, [heat_side(network.shape)] * 2),
        helper.make_tensor_value_info(FEATURES, TensorProto.FLOAT, [network.shape.features]),
        *(helper.make_tensor_value_info(name, TensorProto.FLOAT, []) for name in measures),
    ]
    sizes: list[str | int | None] = ["height", "width", *([3] if kind is Kind.COLOUR else [])]
    wafer = helper.make_tensor_value_info("wafer", TensorProto.UINT8, sizes)
    body = helper.make_graph(graph.nodes, "wafer_map", [wafer], outputs, graph.constants)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return model


def _planes(graph: Graph, side: int, kind: Kind) -> str:
    """Picture -> (1, planes, side, side) area averages, as `Planes` does."""
    levels = graph.add("Cast", "wafer", to=TensorProto.FLOAT, name=_LAYERS.levels)
    layers = _dies(graph, levels) if kind is Kind.DIES else _channels(graph, levels, kind)
    rows = _overlap(graph, 0, side)
    columns = graph.add("Transpose", _overlap(graph, 1, side), perm=[1, 0])
    return graph.add("MatMul", graph.add("MatMul", rows, layers), columns, name="planes")


def _channels(graph: Graph, levels: str, kind: Kind) -> str:
    shares = graph.add("Div", levels, graph.constant(255.0))
    if kind is Kind.GREY:
        return graph.add("Unsqueeze", shares, graph.constant([0, 1]))
    first = graph.add("Transpose", shares, perm=[2, 0, 1])
    return graph.add("Unsqueeze", first, graph.constant([0]))


def _dies(graph: Graph, levels: str) -> str:
    """Codes or grey levels -> (1, 2, height, width): is die, fails."""
    highest = graph.add("ReduceMax", levels, keepdims=0)
    grey = graph.add("Greater", highest, graph.constant(HIGHEST_CODE), name=_LAYERS.grey)
    layers = []
    for code, level in (IS_DIE, IS_FAIL):
        limit = graph.add("Where", grey, graph.constant(level), graph.constant(code))
        layer = graph.add("Cast", graph.add("Greater", levels, limit), to=TensorProto.FLOAT)
        layers.append(graph.add("Unsqueeze", layer, graph.constant([0, 1])))
    return graph.add("Concat", *layers, axis=1, name=_LAYERS.dies)


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
    x = _convolution(graph, network.stem, planes, "stem")
    x = graph.add("Relu", x, name="stem/relu")
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
    heat = graph.add("Div", grown, highest)
    if network.shape.kind is Kind.DIES:
        heat = graph.add("Mul", heat, _failing(graph, planes))
    graph.add("Squeeze", heat, graph.constant([0, 1]), name="heat")


def _failing(graph: Graph, planes: str) -> str:
    """Return 1 for cells of the heat map in which dies fail."""
    fails = graph.add("Slice", planes, *_slice(graph))
    pooled = graph.add("MaxPool", fails, kernel_shape=[5, 5], strides=[4, 4], pads=[2] * 4)
    failing = graph.add("Greater", pooled, graph.constant(0.0))
    return graph.add("Cast", failing, to=TensorProto.FLOAT)


def _slice(graph: Graph) -> tuple[str, str, str]:
    """Return starts, ends, axes that pick the plane of failing dies."""
    return graph.constant([1]), graph.constant([2]), graph.constant([1])
