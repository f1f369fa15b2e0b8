"""Writes tiny.onnx, a graph of the bundle's interface that decides by the share of failing dies alone.

Run once with the training environment, which has `onnx`: `python tests/edge_component/make_tiny_model.py`.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SHARES = [0.03, 0.12, 0.18, 0.24, 0.30, 0.36, 0.90, 0.50, 0.42]
SHARPNESS = 400.0


def main() -> None:
    constants = {
        "pass_level": np.array(0, np.uint8),
        "grey_fail": np.array(191, np.uint8),
        "code_fail": np.array(2, np.uint8),
        "one": np.array(1, np.float32),
        "centres": np.array(SHARES, np.float32),
        "sharpness": np.array(-SHARPNESS, np.float32),
        "heat_shape": np.array([4, 5], np.int64),
    }
    nodes = [
        ("Greater", ["wafer", "grey_fail"], "grey"),
        ("Equal", ["wafer", "code_fail"], "code"),
        ("Or", ["grey", "code"], "fails"),
        ("Greater", ["wafer", "pass_level"], "dies"),
        ("Cast", ["fails"], "fails_f", {"to": TensorProto.FLOAT}),
        ("Cast", ["dies"], "dies_f", {"to": TensorProto.FLOAT}),
        ("ReduceSum", ["fails_f"], "failing", {"keepdims": 0}),
        ("ReduceSum", ["dies_f"], "present", {"keepdims": 0}),
        ("Max", ["present", "one"], "at_least_one"),
        ("Div", ["failing", "at_least_one"], "share"),
        ("Sub", ["share", "centres"], "away"),
        ("Mul", ["away", "away"], "squared"),
        ("Mul", ["squared", "sharpness"], "logits"),
        ("Softmax", ["logits"], "probabilities", {"axis": 0}),
        ("Expand", ["share", "heat_shape"], "heat"),
    ]
    graph = helper.make_graph(
        [helper.make_node(op, ins, [out], **dict(*more)) for op, ins, out, *more in nodes],
        "tiny",
        [helper.make_tensor_value_info("wafer", TensorProto.UINT8, ["height", "width"])],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [len(SHARES)]),
            helper.make_tensor_value_info("heat", TensorProto.FLOAT, [4, 5]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    Path(__file__).with_name("tiny.onnx").write_bytes(model.SerializeToString())


if __name__ == "__main__":
    main()
