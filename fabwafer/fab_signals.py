"""Every sum of a fab as people see it: whose it is, how far it has come, where it rings. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from fabwafer import camera_drift, model_drift, process_drift
from fabwafer.cusum import Cusum
from fabwafer.fab_watch import Fab, Rules


class Detector(StrEnum):
    """What has changed; the words that people read."""

    PROCESS = "process"
    CAMERA = "camera"
    MODEL = "model"


@dataclass(frozen=True)
class Signal:
    """One sum as people see it: whose it is, how far it has come, where it rings, since when.

    Attributes:
        detector: Which of the three.
        what: The label; camera and figure; the model.
        cusum: The sum.
        threshold: Where it rings.
        armed: Whether it knows enough to ring.
        usual: The usual rate or mean, None if it has none yet.
    """

    detector: Detector
    what: str
    cusum: Cusum
    threshold: float
    armed: bool
    usual: float | None

    @property
    def model(self) -> str | None:
        """Return the model that is suspected if this rings; None for what is no model's."""
        return self.what if self.detector is Detector.MODEL else None


def signals(fab: Fab, rules: Rules) -> list[Signal]:
    """Return every sum of a fab, those of cameras by the higher of their two."""
    found = [_of_label(label, each, rules.process) for label, each in sorted(fab.labels.items())]
    for camera, figures in sorted(fab.cameras.items()):
        found += [_of_figure(f"{camera} {name}", each, rules) for name, each in figures.items()]
    for name, model in sorted(fab.models.items()):
        found.append(
            Signal(
                Detector.MODEL,
                name,
                model.doubt.cusum,
                rules.model.threshold,
                model.doubt.is_armed(rules.model),
                model_drift.usual_error(model.doubt) if model.doubt.lots else None,
            )
        )
    return found


def rung(before: Iterable[Signal], after: Iterable[Signal]) -> list[Signal]:
    """Return what rings by now and did not before."""
    quiet_or_new = {(each.detector, each.what) for each in before if each.cusum.rings}
    return [
        each
        for each in after
        if each.cusum.rings and (each.detector, each.what) not in quiet_or_new
    ]


def _of_label(label: str, each: process_drift.Watched, rules: process_drift.Rules) -> Signal:
    usual = each.usual.rate if each.usual.lots else None
    threshold, armed = rules.at(each.usual), rules.know(each.usual)
    return Signal(Detector.PROCESS, label, each.cusum, threshold, armed, usual)


def _of_figure(what: str, each: camera_drift.Watched, rules: Rules) -> Signal:
    usual = each.usual
    return Signal(
        Detector.CAMERA,
        what,
        each.cusum,
        rules.camera.threshold,
        usual.groups >= rules.camera.arm_groups,
        usual.mean if usual.groups else None,
    )
