"""Planes -> planes that deserve the same label: the eight symmetries, then for some a small turn, zoom and shift."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

_WARPED = 0.5
_TURN = math.pi / 4
_ZOOM = 0.1
_SHIFT = 0.06
_FLIPPED = 0.05
_SECTOR = math.pi / 4


def augment(planes: Tensor) -> Tensor:
    """Return (batch, 2, side, side), each wafer seen its own way."""
    return _warp(_symmetry(planes))


def _symmetry(planes: Tensor) -> Tensor:
    seen = torch.empty_like(planes)
    view = torch.randint(8, (len(planes),))
    for number in range(8):
        chosen = _indices(view == number, planes.device)
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
    places = _indices(chosen, planes.device)
    grid = F.affine_grid(matrix.to(planes.device), [count, *planes.shape[1:]], align_corners=False)
    warped = planes.clone()
    warped[places] = F.grid_sample(planes[places], grid, align_corners=False)
    return warped


def _indices(chosen: Tensor, device: torch.device) -> Tensor:
    """Return where it is true; found on the CPU, as a mask on a GPU makes the CPU wait for all that is queued."""
    return chosen.nonzero()[:, 0].to(device)


def disturb(planes: Tensor) -> Tensor:
    """Return planes changed strongly, as FixMatch needs: dies flipped at random, and a sector not measured."""
    return _cut_sector(_flip_dies(planes))


def _flip_dies(planes: Tensor) -> Tensor:
    """Turn up to 5 % of the passing cells into failing ones and the reverse; each wafer has a rate of its own."""
    rate = torch.rand(len(planes), 1, 1) * _FLIPPED
    flipped = (torch.rand(planes[:, 0].shape) < rate).to(planes.device)
    dies, fails = planes[:, 0], planes[:, 1]
    return torch.stack((dies, torch.where(flipped, dies - fails, fails)), 1)


def _cut_sector(planes: Tensor) -> Tensor:
    """Blank a sector of up to 45 degrees about the middle: no die there, so nothing is said of it."""
    side = planes.shape[-1]
    axis = torch.linspace(-1, 1, side)
    angle = torch.atan2(axis[:, None], axis[None, :])
    centre = (torch.rand(len(planes), 1, 1) * 2 - 1) * math.pi
    width = torch.rand(len(planes), 1, 1) * _SECTOR
    away = (angle - centre + math.pi).remainder(2 * math.pi) - math.pi
    return planes * (away.abs() > width / 2).to(planes.device)[:, None]
