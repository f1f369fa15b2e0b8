"""The references, quantized by our own recipe: `python -m bench.model.references`, in the train environment.

Their weights are random, which costs as much time as any others. A reference takes one grey picture of its size.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
import torchvision
from PIL import Image
from torch import Tensor, nn

from bench.model import wafers
from bench.model.contenders import FP32, INT8, REFERENCES, WORK
from bench.real_wafers import real_wafers
from edge_component.pictures import decode, encode_dies
from training.bundle.graph import INT8 as MAY_BE_INT8
from training.bundle.graph import OPSET
from training.bundle.quantize import quantize

_CLASSES = 9
_CALIBRATION_WAFERS = 40


class _Picture(nn.Module):  # type: ignore[misc, unused-ignore]  # checked without torch
    """Grey levels, uint8 (side, side) -> probabilities (classes,)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, wafer: Tensor) -> Tensor:
        """Repeat the grey picture for red, green and blue."""
        picture = (wafer.float() / 127.5 - 1).expand(1, 3, *wafer.shape)
        probabilities: Tensor = self.network(picture).softmax(1)[0]
        return probabilities


def reference(constructor: str, side: int, path: Path) -> onnx.ModelProto:
    """Write a network of torchvision as a graph `wafer` -> `probabilities`, all of which may be quantized."""
    torch.manual_seed(0)
    network = getattr(torchvision.models, constructor)(weights=None, num_classes=_CLASSES).eval()
    for name, values in network.named_parameters():
        if name.endswith(
            "bias"
        ):  # alike as they begin, the exporter would make one of all, out of the quantizer's reach
            nn.init.normal_(values, 0, 0.1)
    with warnings.catch_warnings():
        # The successor of this exporter needs a package more and makes the same graph of these networks.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Picture(network),
            (torch.zeros(side, side, dtype=torch.uint8),),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=["wafer"],
            output_names=["probabilities"],
        )
    model = onnx.load(path)
    for node in model.graph.node:
        node.name = f"{MAY_BE_INT8}{node.name}"
    onnx.save(model, path)
    return model


def main() -> None:
    """Write every reference in float and in int8."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--data", type=Path, default=real_wafers())
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    maps = [decode(encode_dies(each)) for each in wafers.gather(given.data, _CALIBRATION_WAFERS)]
    for constructor, side in REFERENCES.values():
        sized = [np.asarray(Image.fromarray(each).resize((side, side))) for each in maps]
        model = reference(constructor, side, given.work / f"{constructor}-{FP32}.onnx")
        onnx.save(quantize(model, sized), given.work / f"{constructor}-{INT8}.onnx")


if __name__ == "__main__":
    main()
