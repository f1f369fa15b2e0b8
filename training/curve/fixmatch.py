"""Maps without labels, and what the network says of them -> lessons it may trust.

FixMatch (Sohn et al. 2020): the opinion on a weakly changed map, where it is sure, is the target for the
strongly changed one. Three things differ here, for data that is 85 % normal:

- the averaged network gives the opinion, which is steadier than the one in training;
- targets are its probabilities, not its first choice made certain, which keeps a mistake small;
- of a batch no more maps are taken as normal than as defects. They are chosen by what the network sees of them,
  so the natural prior in their targets needs no correction.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.network.augment import augment, disturb
from training.network.lessons import Batch
from training.network.step import autocast


@dataclass(frozen=True)
class Consistency:
    """How pseudo-labels are chosen.

    Attributes:
        looked_at: Maps a step that the network is asked about.
        taken: Of these, at most so many become lessons.
        threshold: Probability of the first choice from which on it is trusted.
        hard: Make the first choice the whole target, as published.
    """

    looked_at: int = 128
    taken: int = 32
    threshold: float = 0.8
    hard: bool = False


@torch.inference_mode()
def opinion(network: nn.Module, images: Tensor) -> Tensor:
    """Return probabilities (maps, labels) of weakly changed images (maps, 2, side, side)."""
    network.eval()
    seen = augment(images).contiguous(memory_format=torch.channels_last)
    with autocast(images.device):
        logits: Tensor = network(seen)
    return logits.float().softmax(1)


def trusted(opinions: Tensor, normal: int, rule: Consistency) -> Tensor:
    """Return positions of the maps to learn from: sure ones, of these as many normal ones as defects or fewer."""
    confidence, choice = opinions.max(1)
    sure = (confidence >= rule.threshold).nonzero()[:, 0]
    normals, defects = sure[choice[sure] == normal], sure[choice[sure] != normal]
    return torch.cat((defects[: rule.taken // 2], normals[: min(len(defects), rule.taken // 2)]))


def pseudo_labelled(network: nn.Module, images: Tensor, normal: int, rule: Consistency) -> Batch:
    """Return strongly changed images with the network's own opinion as targets; perhaps none."""
    opinions = opinion(network, images)
    chosen = trusted(opinions, normal, rule)
    targets = opinions[chosen].clone()
    if rule.hard:
        targets = nn.functional.one_hot(targets.argmax(1), targets.shape[1]).float()
    return Batch(disturb(images[chosen]), targets, torch.zeros_like(targets))
