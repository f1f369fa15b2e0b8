"""The camera moved: pictures have changed in what no wafer changes. Pure.

Each figure of a camera's pictures has two sums, one for higher and one for lower. A group, the wafers of one lot on
one camera, adds how many standard deviations its mean is off, less one: the sums are designed for a shift of two. One
odd group cannot ring alone. The usual figures are learned once and not adapted, or a lamp that fades would become usual.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from fabwafer.cusum import Cusum
from fabwafer.messages import PictureState

FIGURES = ("no die", "pass", "fail", "sharpness", "tilt", "size", "dies")
"""Grey levels of no die, pass and fail; sharpness; degrees of tilt; side in pixels; share of the picture that is die."""
_SMALLEST = {
    "no die": 1.0,
    "pass": 1.0,
    "fail": 1.0,
    "sharpness": 0.01,
    "tilt": 0.2,
    "size": 0.5,
    "dies": 0.01,
}
"""Standard deviations below which a figure is as good as constant; in its own unit."""
_ALLOWANCE = 1.0
_MOST = 4.0


@dataclass(frozen=True)
class Rules:
    """How a camera is watched.

    Attributes:
        threshold: Where a sum rings, in standard deviations of a group's mean.
        arm_groups: Groups to learn the usual figures from.
        least_wafers: Wafers below which a group says nothing.
    """

    threshold: float
    arm_groups: int = 30
    least_wafers: int = 5


@dataclass(frozen=True)
class Usual:
    """Count, mean and sum of squared differences of what groups showed (Welford 1962)."""

    groups: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def plus(self, value: float) -> "Usual":
        """Return the same with one more group."""
        groups = self.groups + 1
        off = value - self.mean
        mean = self.mean + off / groups
        return Usual(groups, mean, self.squares + off * (value - mean))

    def deviation(self, value: float, smallest: float) -> float:
        """Return how many standard deviations a new group's mean is off, at most 4 either way."""
        variance = self.squares / max(1, self.groups - 1) * (1 + 1 / max(1, self.groups))
        off = (value - self.mean) / math.sqrt(variance + smallest**2)
        return min(max(off, -_MOST), _MOST)


@dataclass(frozen=True)
class Watched:
    """What is known of one figure of one camera."""

    usual: Usual = field(default_factory=Usual)
    higher: Cusum = field(default_factory=Cusum)
    lower: Cusum = field(default_factory=Cusum)

    @property
    def cusum(self) -> Cusum:
        """Return the sum that rings, or else the larger one."""
        return max((self.higher, self.lower), key=lambda each: (each.rings, each.value))


def figures(picture: PictureState) -> dict[str, float]:
    """Return a picture's figures, without those that it does not show."""
    area = picture.width * picture.height
    found = {
        **dict(zip(FIGURES, picture.levels, strict=False)),
        "sharpness": picture.sharpness,
        "tilt": picture.tilt_deg,
        "size": math.sqrt(area),
        "dies": picture.dies / area if area else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def after_group(
    watched: Mapping[str, Watched], means: Mapping[str, float], at_ms: int, rules: Rules
) -> dict[str, Watched]:
    """Return what is known of a camera's figures after one more group.

    Args:
        watched: Figure -> what was known.
        means: Figure -> its mean in the group, without what it did not show.
        at_ms: When the group's last picture was taken.
        rules: How to watch.
    """
    after = dict(watched)
    for name, value in means.items():
        after[name] = _after(after.get(name, Watched()), value, _SMALLEST[name], at_ms, rules)
    return after


def _after(watched: Watched, value: float, smallest: float, at_ms: int, rules: Rules) -> Watched:
    """What has rung for as long as arming takes is learned anew."""
    if watched.usual.groups < rules.arm_groups:
        return Watched(watched.usual.plus(value))
    off = watched.usual.deviation(value, smallest)
    higher = watched.higher.step(off - _ALLOWANCE, at_ms, rules.threshold)
    lower = watched.lower.step(-off - _ALLOWANCE, at_ms, rules.threshold)
    if max(higher.groups, lower.groups) >= rules.arm_groups:
        return Watched(Usual().plus(value))
    return Watched(watched.usual, higher, lower)
