"""Who runs against whom, and where their files lie in the work folder."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

BUNDLE = Path(__file__).parents[2] / "models" / "wafer-map"
WORK = Path(".cache/bench-model")
WAFERS = "wafers.npz"
PLANES = "planes.onnx"
INT8, FP32 = "int8", "fp32"


class Engine(StrEnum):
    """What runs a contender's file."""

    EDGE = "edge component"
    ONNX_RUNTIME = "ONNX Runtime"
    OPENVINO = "OpenVINO"
    LITERT = "LiteRT"


@dataclass(frozen=True)
class Contender:
    """One line of the table.

    Attributes:
        network: What is run.
        weights: int8 or fp32.
        engine: What runs it.
        file: In the work folder; a bundle's folder for the edge component.
        ours: Whether its decisions should be the shipped bundle's.
        precision: OpenVINO's `INFERENCE_PRECISION_HINT`; it decides itself if empty.
    """

    network: str
    weights: str
    engine: Engine
    file: str
    ours: bool = True
    precision: str = ""

    @property
    def name(self) -> str:
        """Return what messages and JSON call it."""
        return f"{self.network}, {self.weights}, {self.engine}"


_WHOLE, _NETWORK = "wafer-map bundle", "its network"
SHIPPED = Contender(_WHOLE, INT8, Engine.EDGE, INT8)
REFERENCES = {
    "ResNet-34 at 224": ("resnet34", 224),
    "MobileNetV3-small at 128": ("mobilenet_v3_small", 128),
}
"""Name -> the constructor in torchvision, the side of its pictures."""
CONTENDERS = (
    SHIPPED,
    Contender(_WHOLE, FP32, Engine.EDGE, FP32),
    *(Contender(_NETWORK, each, Engine.ONNX_RUNTIME, f"{each}.onnx") for each in (INT8, FP32)),
    Contender(_NETWORK, INT8, Engine.OPENVINO, f"{INT8}.onnx", precision="f32"),
    Contender(_NETWORK, FP32, Engine.OPENVINO, f"{FP32}.onnx"),
    *(Contender(_NETWORK, each, Engine.LITERT, f"{each}.tflite") for each in (INT8, FP32)),
    *(
        Contender(name, each, Engine.ONNX_RUNTIME, f"{constructor}-{each}.onnx", ours=False)
        for name, (constructor, _) in REFERENCES.items()
        for each in (INT8, FP32)
    ),
)
