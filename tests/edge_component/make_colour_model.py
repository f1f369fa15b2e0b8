"""Writes colour.onnx: a graph that takes colours and says which of red, green and blue a picture has most of.

Run in an environment that has `onnx`: python tests/edge_component/make_colour_model.py
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LABELS = ("red", "green", "blue")


def main() -> None:
    constants = {
        "sharpness": np.array(0.1, np.float32),
        "heat_shape": np.array([2, 2], np.int64),
        "one": np.array(1, np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["wafer"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["levels"], ["means"], axes=[0, 1], keepdims=0),
        helper.make_node("Mul", ["means", "sharpness"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=0),
        helper.make_node("Expand", ["one", "heat_shape"], ["heat"]),
    ]
    size = ["height", "width", 3]
    graph = helper.make_graph(
        nodes,
        "colour",
        [helper.make_tensor_value_info("wafer", TensorProto.UINT8, size)],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [len(LABELS)]),
            helper.make_tensor_value_info("heat", TensorProto.FLOAT, [2, 2]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    Path(__file__).with_name("colour.onnx").write_bytes(model.SerializeToString())


if __name__ == "__main__":
    main()
