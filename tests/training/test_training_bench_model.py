"""What `make bench-model` derives from a bundle: its fp32, its parts, and references quantized alike."""

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from generated_wafers import TINY, draw_wafer

from bench.model.float_graph import float_graph
from bench.model.prepare import part, write_bundle
from bench.model.references import reference
from edge_component.classifier import Classifier
from fabwafer.bundle import MODEL
from training.bundle.graph import build
from training.bundle.quantize import quantize
from training.network.model import Network
from training.network.symmetry import Convolution

SHIPPED = Path(__file__).parents[2] / "models" / "wafer-map"


def wafers(count: int) -> list[np.ndarray]:
    generator = np.random.default_rng(3)
    return [draw_wafer(generator, number % 4) for number in range(count)]


@pytest.fixture(scope="module")
def float_model() -> onnx.ModelProto:
    torch.manual_seed(0)
    network = Network(TINY.shape)
    for layer in network.modules():
        if isinstance(layer, Convolution):
            layer.mean.normal_(0, 0.1)
            layer.variance.uniform_(0.5, 2)
    return build(network)


@pytest.fixture(scope="module")
def int8_model(float_model: onnx.ModelProto) -> onnx.ModelProto:
    return quantize(float_model, wafers(16))


def session(model: onnx.ModelProto) -> ort.InferenceSession:
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def operations(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def test_the_rebuilt_float_graph_has_the_operations_of_the_one_that_was_quantized(
    float_model: onnx.ModelProto, int8_model: onnx.ModelProto
) -> None:
    assert operations(float_graph(int8_model)) == operations(float_model)


def test_the_rebuilt_float_graph_decides_nearly_as_the_one_that_was_quantized(
    float_model: onnx.ModelProto, int8_model: onnx.ModelProto
) -> None:
    rebuilt, original = session(float_graph(int8_model)), session(float_model)
    for wafer in wafers(12):
        for made, expected in zip(
            rebuilt.run(None, {"wafer": wafer}), original.run(None, {"wafer": wafer}), strict=True
        ):
            assert made == pytest.approx(expected, abs=0.03)


def test_weights_taken_back_from_codes_are_off_by_half_a_step_at_most(
    float_model: onnx.ModelProto, int8_model: onnx.ModelProto
) -> None:
    def convolutions(model: onnx.ModelProto) -> dict[str, np.ndarray]:
        values = {each.name: onnx.numpy_helper.to_array(each) for each in model.graph.initializer}
        nodes = [node for node in model.graph.node if node.op_type == "Conv"]
        return {node.name: values[node.input[1]] for node in nodes}

    rebuilt = convolutions(float_graph(int8_model))
    for name, weights in convolutions(float_model).items():
        step = np.abs(weights).max((1, 2, 3), keepdims=True) / 127
        assert (np.abs(rebuilt[name] - weights) <= step * 0.51).all()


def test_both_parts_of_a_graph_after_one_another_are_the_graph(
    int8_model: onnx.ModelProto,
) -> None:
    before = session(part(int8_model, "wafer", "planes"))
    after = session(part(int8_model, "planes", "probabilities"))
    whole = session(int8_model)
    for wafer in wafers(4):
        (planes,) = before.run(None, {"wafer": wafer})
        (made,) = after.run(None, {"planes": planes})
        assert made == pytest.approx(whole.run(["probabilities"], {"wafer": wafer})[0], abs=1e-6)


def test_the_shipped_bundle_in_float_is_a_bundle_that_the_edge_loads(tmp_path: Path) -> None:
    write_bundle(SHIPPED, tmp_path / "fp32", float_graph(onnx.load(SHIPPED / MODEL)))
    shipped, rebuilt = Classifier.load(SHIPPED), Classifier.load(tmp_path / "fp32")
    for made, expected in zip(
        rebuilt.classify(wafers(8)), shipped.classify(wafers(8)), strict=True
    ):
        assert made.probability == pytest.approx(expected.probability, abs=0.15)


def test_every_convolution_of_a_reference_is_quantized_by_our_recipe(tmp_path: Path) -> None:
    model = reference("mobilenet_v3_small", 32, tmp_path / "reference.onnx")
    generator = np.random.default_rng(0)
    pictures = [generator.integers(0, 256, (32, 32), np.uint8) for _ in range(4)]
    int8 = quantize(model, pictures)
    makers = {name: node.op_type for node in int8.graph.node for name in node.output}
    convolutions = [node for node in int8.graph.node if node.op_type == "Conv"]
    assert len(convolutions) == operations(model)["Conv"] > 50
    for node in convolutions:
        assert {makers[name] for name in node.input} == {"DequantizeLinear"}
    (probabilities,) = session(int8).run(None, {"wafer": pictures[0]})
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
