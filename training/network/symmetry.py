"""Convolutions that know the eight symmetries of a wafer: turn or mirror the input, and the output follows.

Cohen and Welling 2016, "Group equivariant convolutional networks", for the group p4m. Eight channels are one
field: what the same filter sees in its eight views. For the deployed graph these are ordinary convolutions with
ordinary weights; the filters that training knows are an eighth of them.
"""

from enum import Enum

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

VIEWS = 8
_EPSILON = 1e-5
_MOMENTUM = 0.1
Indices = npt.NDArray[np.int64]


class Turns(Enum):
    """Between what a convolution leads: plain planes or fields of eight channels."""

    IN = "planes to fields"
    WITHIN = "fields to fields"
    OUT = "fields to planes"


def view(array: Indices, number: int) -> Indices:
    """Return one of the eight views of the last two axes; number 0 is the array itself."""
    mirrored = array.swapaxes(-1, -2) if number >= 4 else array
    return np.rot90(mirrored, number % 4, (-2, -1))


def filter_index(kernel: int, turns: Turns) -> Tensor:
    """Return which value of a filter stands where in the full weights, for one pair of fields.

    Shape (views out, views in, kernel, kernel), positions in (views of the filter, kernel, kernel) flattened.
    Output view g sees input view h through the filter's own view g^-1 h, turned by g.
    """
    seen = np.arange(VIEWS * kernel * kernel).reshape(VIEWS, kernel, kernel)
    if turns is Turns.IN:
        index = np.stack([view(seen[:1], out) for out in range(VIEWS)])
    elif turns is Turns.OUT:
        index = np.stack([view(seen[0], number) for number in range(VIEWS)])[None]
    else:
        index = np.empty((VIEWS, VIEWS, kernel, kernel), np.int64)
        for out in range(VIEWS):
            for number in range(VIEWS):
                index[out, _after(out, number)] = view(seen[number], out)
    return torch.from_numpy(index)


def _after(second: int, first: int) -> int:
    """Return the view that taking view `first` and of it view `second` amounts to."""
    probe = np.arange(9).reshape(3, 3)
    wanted = view(view(probe, first), second)
    return next(n for n in range(VIEWS) if np.array_equal(view(probe, n), wanted))


class Convolution(nn.Module):
    """A convolution and its batch normalisation, both shared by the eight views.

    Args:
        inputs: Channels; a multiple of eight unless they are planes.
        outputs: Channels, likewise.
        kernel: Side of the filter, odd.
        stride: Step.
        turns: Between what it leads.
    """

    index: Tensor
    mean: Tensor
    variance: Tensor

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, turns: Turns = Turns.WITHIN
    ) -> None:
        super().__init__()
        self.stride, self.kernel = stride, kernel
        self.views = 1 if turns is Turns.OUT else VIEWS
        self.fields = outputs // self.views
        self.register_buffer("index", filter_index(kernel, turns), persistent=False)
        sources = inputs if turns is Turns.IN else inputs // VIEWS
        values = kernel * kernel * (VIEWS if turns is Turns.WITHIN else 1)
        spread = (2 / (kernel * kernel * inputs)) ** 0.5
        self.weight = nn.Parameter(torch.randn(self.fields, sources, values) * spread)
        self.gain = nn.Parameter(torch.ones(self.fields))
        self.offset = nn.Parameter(torch.zeros(self.fields))
        self.register_buffer("mean", torch.zeros(outputs))
        self.register_buffer("variance", torch.ones(outputs))

    def expanded(self) -> Tensor:
        """Return ordinary weights, (outputs, inputs, kernel, kernel)."""
        every = self.weight[:, :, self.index].permute(0, 2, 1, 3, 4, 5)
        return every.reshape(len(self.mean), -1, self.kernel, self.kernel)

    def forward(self, x: Tensor) -> Tensor:
        """Take (batch, inputs, height, width); height and width odd if the stride is 2."""
        y = F.conv2d(x, self.expanded(), None, self.stride, self.kernel // 2)
        gain, offset = self._for_views(self.gain), self._for_views(self.offset)
        if self.training:
            return F.batch_norm(
                y, self.mean, self.variance, gain, offset, True, _MOMENTUM, _EPSILON
            )
        mean, variance = self.statistics()
        return F.batch_norm(y, mean, variance, gain, offset, eps=_EPSILON)

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Return mean and variance (outputs,) of the normalisation, the same for the views of a field."""
        mean, variance = (
            each.view(self.fields, self.views).mean(1) for each in (self.mean, self.variance)
        )
        return self._for_views(mean), self._for_views(variance)

    def _for_views(self, values: Tensor) -> Tensor:
        return values.repeat_interleave(self.views)

    def folded(self) -> tuple[Tensor, Tensor]:
        """Return weights and bias (outputs,) of one ordinary convolution that does it all, in float64."""
        mean, variance = (each.double() for each in self.statistics())
        gain = self._for_views(self.gain).double() / torch.sqrt(variance + _EPSILON)
        weight = self.expanded().double() * gain[:, None, None, None]
        return weight.detach(), (self._for_views(self.offset).double() - mean * gain).detach()
