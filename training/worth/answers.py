"""A bundle's answers to wafers -> what it is worth on them, and what triage would do. NumPy alone, as evaluation."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort  # type: ignore[import-untyped]

from fabwafer.bundle import DIGITS, MODEL, Manifest, read_bundle
from fabwafer.errors import BundleError, ContractError
from fabwafer.release import LabelWorth, Routed, Worth
from fabwafer.triage import Refusal
from training.data.maps import Codes
from training.worth.deciding import decide
from training.worth.doubts import doubts_of
from training.worth.metrics import Bools, Floats, calibration_error
from training.worth.sessions import measure, open_model

Names = npt.NDArray[np.str_]


@dataclass(frozen=True)
class OpenBundle:
    """A bundle that was checked, and its graph."""

    manifest: Manifest
    session: ort.InferenceSession
    size_bytes: int

    @classmethod
    def of(cls, folder: Path) -> "OpenBundle":
        """Open a bundle.

        Raises:
            BundleError: If it is incomplete, altered, or its graph cannot run.
        """
        graph = folder / MODEL
        return cls(read_bundle(folder), open_model(graph), graph.stat().st_size)

    @property
    def takes_grey(self) -> bool:
        """Tell whether its graph is given a picture without its colours, which then speak against the picture."""
        return len(self.session.get_inputs()[0].shape) == 2

    def spelled(self, label: str) -> str:
        """Return the model's spelling of a label, the label itself if the model does not know it."""
        try:
            return self.manifest.policy.label_set.canonical(label)
        except ContractError:
            return label


@dataclass(frozen=True)
class Answers:
    """What a model says of some wafers, and what its policy makes of it; one value a wafer each.

    Attributes:
        labels: The most probable label.
        confidence: Its probability.
        accepted: Whether nobody need look.
        refused: Whether it is taken for no wafer map.
        alerts: Whether somebody is told at once.
        normal: The label of wafers without a defect.
    """

    labels: Names
    confidence: Floats
    accepted: Bools
    refused: Bools
    alerts: Bools
    normal: str


def ask(
    model: OpenBundle, maps: Sequence[Codes], colours: Sequence[float] | None = None
) -> Answers:
    """Ask a model about at least one wafer.

    Args:
        model: The model.
        maps: Die codes, or pictures as the edge gives them to a graph.
        colours: For each the share of its pixels that have a colour; none has one where nothing is said.

    Raises:
        BundleError: If the graph has not as many labels as the policy.
    """
    policy = model.manifest.policy
    probabilities, measured = measure(model.session, maps)
    if probabilities.shape[1] != len(policy.labels):
        expected = f"{len(policy.labels)}, the labels of {policy.model}"
        raise BundleError(f"probabilities: expected {expected}, got {probabilities.shape[1]}")
    predicted, sure = decide(probabilities, policy)
    if colours is not None and model.takes_grey:
        measured = {**measured, Refusal.COLOUR: np.array(colours)}
    doubts = doubts_of(measured, policy, len(maps))
    labels, confidence = np.array(policy.labels)[predicted], probabilities.max(1).round(DIGITS)
    defect = labels != policy.normal
    return Answers(
        labels=labels,
        confidence=confidence,
        accepted=sure & ~doubts.any,
        refused=doubts.refused,
        alerts=defect & (confidence >= policy.alert) & ~doubts.refused,
        normal=policy.normal,
    )


def worth(answers: Answers, truth: Names) -> Worth:
    """Return a model's figures; a true label that it does not know counts as missed.

    Args:
        answers: What it said, of at least one wafer.
        truth: The true labels, spelled as the model does.
    """
    right = answers.labels == truth
    defect = truth != answers.normal
    unseen = answers.accepted & (answers.labels == answers.normal)
    table = {str(name): _label(answers, truth, name) for name in np.union1d(truth, answers.labels)}
    occurring = [each.f1 or 0.0 for each in table.values() if each.wafers]
    return Worth(
        wafers=len(truth),
        macro_f1=float(np.mean(occurring)),
        accuracy=float(right.mean()),
        ece=calibration_error(answers.confidence, right),
        accepted=float(answers.accepted.mean()),
        escapes=float((unseen & defect).sum() / max(int(defect.sum()), 1)),
        labels=table,
    )


def _label(answers: Answers, truth: Names, name: str) -> LabelWorth:
    actual, called = truth == name, answers.labels == name
    hits = int((actual & called).sum())
    wafers, calls = int(actual.sum()), int(called.sum())
    return LabelWorth(
        wafers=wafers,
        called=calls,
        recall=hits / wafers if wafers else None,
        precision=hits / calls if calls else None,
        f1=2 * hits / (wafers + calls) if wafers else None,
    )


def routed(answers: Answers) -> Routed:
    """Return what triage would do with the wafers, random audits aside."""
    counts = Counter(answers.labels.tolist())
    return Routed(
        alerts=int(answers.alerts.sum()),
        reviews=int((~answers.accepted).sum()),
        refused=int(answers.refused.sum()),
        by_label=dict(sorted(counts.items())),
    )
