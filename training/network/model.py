"""The network, with what comes before it (any picture -> planes) and after it (probabilities, heat map)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from training.data.maps import HIGHEST_CODE, IS_DIE, IS_FAIL, Kind
from training.network.symmetry import Convolution, Turns


@dataclass(frozen=True)
class Architecture:
    """Everything that gives a network its shape; a checkpoint carries it.

    Widths count channels; eight of them are one field. They are multiples of 16, at least 32: what int8
    kernels on Arm want. A side is 8 n + 1: then every stride keeps the middle in the middle.
    """

    classes: int = 9
    side: int = 49
    widths: tuple[int, ...] = (48, 96, 192)
    blocks: tuple[int, ...] = (1, 2, 1)
    features: int = 128
    dropout: float = 0.1
    input: str = Kind.DIES.value

    @property
    def kind(self) -> Kind:
        """Return what the pictures are."""
        return Kind(self.input)


def heat_side(shape: Architecture) -> int:
    """Return the side of the heat map: one cell for four of the input's, its middle in the middle."""
    return (shape.side + 3) // 4


class Planes(nn.Module):
    """Picture of any size -> (batch, planes, side, side), 0..1.

    Of wafer maps the share of each cell that is die, and that fails; of others its grey, or its red, green and blue.
    A cell is the exact area average of what it covers, when shrinking and when growing alike: a picture
    drawn k times larger gives the same planes, and a scratch one die wide survives.
    """

    def __init__(self, side: int, kind: Kind = Kind.DIES) -> None:
        super().__init__()
        self.side, self.kind = side, kind

    def forward(self, wafers: Tensor) -> Tensor:
        """Take uint8 (batch, height, width), of dies all codes or all grey levels; in colour (..., 3)."""
        planes = _dies(wafers) if self.kind is Kind.DIES else _channels(wafers)
        rows = overlap(wafers.shape[1], self.side)
        columns = overlap(wafers.shape[2], self.side)
        return rows @ planes @ columns.T


def _dies(wafers: Tensor) -> Tensor:
    levels = wafers.float()
    grey = int(levels.amax() > HIGHEST_CODE)
    return torch.stack((levels > IS_DIE[grey], levels > IS_FAIL[grey]), 1).float()


def _channels(pictures: Tensor) -> Tensor:
    channels = pictures[:, None] if pictures.dim() == 3 else pictures.permute(0, 3, 1, 2)
    return channels.float() / 255


def overlap(length: int, side: int) -> Tensor:
    """Return (side, length): the share of output cell i that input cell j covers; rows sum to 1."""
    scale = length / side
    starts = torch.arange(side)[:, None] * scale
    cells = torch.arange(length)[None, :]
    shared = torch.minimum(starts + scale, cells + 1) - torch.maximum(starts, cells)
    return shared.clamp(min=0) / scale


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = Convolution(inputs, outputs, 3, stride)
        self.second = Convolution(outputs, outputs, 3)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else Convolution(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape, but for the stride."""
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


class Network(nn.Module):
    """A residual network whose logits (batch, classes) are the same for all eight views of a wafer."""

    def __init__(self, shape: Architecture) -> None:
        super().__init__()
        self.shape = shape
        self.stem = Convolution(shape.kind.planes, shape.widths[0], 5, 2, turns=Turns.IN)
        blocks = []
        inputs = shape.widths[0]
        for stage, (width, count) in enumerate(zip(shape.widths, shape.blocks, strict=True)):
            for index in range(count):
                blocks.append(Block(inputs, width, 2 if stage and not index else 1))
                inputs = width
        self.blocks = nn.Sequential(*blocks)
        self.last = Convolution(inputs, shape.features, 3, turns=Turns.OUT)
        self.dropout = nn.Dropout(shape.dropout)
        self.head = nn.Linear(shape.features, shape.classes)

    def features(self, planes: Tensor) -> Tensor:
        """Return the last feature map, (batch, features, n, n) with n = (side + 7) / 8 after three stages.

        A wafer that is turned or mirrored gives the same map, turned or mirrored.
        """
        last: Tensor = self.last(self.blocks(F.relu(self.stem(planes))))
        return F.relu(last)

    def forward(self, planes: Tensor) -> Tensor:
        """Return logits."""
        logits: Tensor = self.head(self.dropout(self.features(planes).mean((2, 3))))
        return logits


class WaferClassifier(nn.Module):
    """What a bundle's graph computes, in PyTorch: the parity tests hold the two together."""

    def __init__(self, network: Network, temperature: float = 1.0) -> None:
        super().__init__()
        self.planes = Planes(network.shape.side, network.shape.kind)
        self.network = network.eval()
        self.temperature = temperature

    def forward(self, wafer: Tensor) -> tuple[Tensor, Tensor]:
        """Take uint8 (height, width), in colour (..., 3); return probabilities (classes,), heat (n, n), n = `heat_side`.

        Heat is the top label's class activation (Zhou et al. 2016), 0..1, of wafer maps only where dies fail.
        """
        planes = self.planes(wafer[None])
        head = self.network.head
        evidence = F.conv2d(self.network.features(planes), head.weight[:, :, None, None])
        probabilities = ((evidence.mean((2, 3))[0] + head.bias) / self.temperature).softmax(0)
        top = evidence[:, probabilities.argmax()][None].relu()
        side = heat_side(self.network.shape)
        grown = F.interpolate(top, (side, side), mode="bilinear", align_corners=True)
        heat = grown / grown.amax().clamp(min=1e-6)
        if self.network.shape.kind is Kind.DIES:
            heat = heat * (F.max_pool2d(planes[:, 1:], 5, 4, 2) > 0)
        return probabilities, heat[0, 0]


def multiply_adds(network: Network) -> int:
    """Return how many multiply-adds the network makes for one wafer, preprocessing aside."""
    total = 0

    def count(layer: nn.Module, _: object, output: Tensor) -> None:
        nonlocal total
        assert isinstance(layer, Convolution)  # noqa: S101
        total += layer.expanded().numel() * output[0, 0].numel()

    layers = [each for each in network.modules() if isinstance(each, Convolution)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    with torch.inference_mode():
        network(torch.zeros(1, network.shape.kind.planes, network.shape.side, network.shape.side))
    for hook in hooks:
        hook.remove()
    return total
