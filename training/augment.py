"""Planes -> planes that deserve the same label: the eight symmetries, then for some a small turn, zoom and shift."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

_WARPED = 0.5
_TURN = math.pi / 4
_ZOOM = 0.1
_SHIFT = 0.06


def augment(planes: Tensor) -> Tensor:
    """Return (batch, 2, side, side), each wafer seen its own way."""
    return _warp(_symmetry(planes))


def _symmetry(planes: Tensor) -> Tensor:
    seen = torch.empty_like(planes)
    view = torch.randint(8, (len(planes),)).to(planes.device)
    for number in range(8):
        chosen = view == number
        turned = torch.rot90(planes[chosen], number % 4, (2, 3))
        seen[chosen] = turned.transpose(2, 3) if number >= 4 else turned
    return seen


def _warp(planes: Tensor) -> Tensor:
    """Turn by up to 45 degrees either way: with the symmetries, every angle is met."""
    chosen = torch.rand(len(planes)) < _WARPED
    count = int(chosen.sum())
    draw = torch.rand(4, count) * 2 - 1
    angle, zoom = draw[0] * _TURN, 1 + draw[1] * _ZOOM
    cosine, sine = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    shift = draw[2:] * _SHIFT
    matrix = torch.stack((cosine, -sine, shift[0], sine, cosine, shift[1]), 1).view(count, 2, 3)
    chosen = chosen.to(planes.device)
    grid = F.affine_grid(matrix.to(planes.device), [count, *planes.shape[1:]], align_corners=False)
    warped = planes.clone()
    warped[chosen] = F.grid_sample(planes[chosen], grid, align_corners=False)
    return warped
