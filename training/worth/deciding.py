"""A session, a policy and labelled wafers -> what triage would decide of each, beside the truth."""

import numpy as np
import onnxruntime as ort  # type: ignore[import-untyped]
from pydantic import JsonValue

from fabwafer.bundle import DIGITS
from fabwafer.errors import BundleError
from fabwafer.triage import NEVER, Policy
from training.data.maps import Ints, eight_views
from training.data.wafers import WaferSet
from training.worth.doubts import doubts_of
from training.worth.metrics import Bools, Decisions, Floats
from training.worth.sessions import classify, measure


def decide(probabilities: Floats, policy: Policy) -> tuple[Ints, Bools]:
    """Return the labels' positions, and which of them are probable enough, as the edge decides it."""
    published = probabilities.round(DIGITS)
    predicted = published.argmax(1)
    thresholds = np.array([policy.accept_threshold(label) for label in policy.labels])
    asked = thresholds[predicted]
    return predicted, (published.max(1) >= asked) & (asked < NEVER)


def truth_of(wafers: WaferSet, indices: Ints, policy: Policy) -> Ints:
    """Return true labels as positions in the policy's labels; names that none of these wafers has do no harm.

    Raises:
        ContractError: If one has a label that the bundle does not know.
    """
    labels = wafers.labels[indices]
    position = np.zeros(len(wafers.classes), np.int64)
    for label in np.unique(labels).tolist():
        name = policy.label_set.canonical(wafers.classes[label])
        position[label] = policy.labels.index(name)
    return position[labels]


def decisions_of(
    session: ort.InferenceSession, wafers: WaferSet, indices: Ints, policy: Policy
) -> Decisions:
    """Run the model over the wafers at `indices`.

    Raises:
        BundleError: If the graph has not as many labels as the policy.
        ContractError: If a wafer has a label that the policy does not know.
    """
    truth = truth_of(wafers, indices, policy)
    maps = (wafers.maps[int(index)] for index in indices)
    probabilities, measured = measure(session, maps)
    if probabilities.shape[1] != len(policy.labels):
        raise BundleError(
            f"probabilities: expected {len(policy.labels)}, the labels of {policy.model}, "
            f"got {probabilities.shape[1]}"
        )
    predicted, sure = decide(probabilities, policy)
    doubts = doubts_of(measured, policy, len(indices))
    return Decisions(
        truth=truth,
        predicted=predicted,
        probabilities=probabilities,
        accepted=sure & ~doubts.any,
        lots=wafers.lots[indices],
        labels=policy.labels,
        normal=policy.labels.index(policy.normal),
        sure=sure,
        doubts=doubts,
    )


def changed_by_symmetry(
    session: ort.InferenceSession, wafers: WaferSet, indices: Ints
) -> dict[str, JsonValue]:
    """Return the share of turned and mirrored wafers decided otherwise, and of wafers with any such view."""
    views = (view for index in indices for view in eight_views(wafers.maps[int(index)]))
    every = classify(session, map(np.ascontiguousarray, views)).argmax(1)
    differs = every.reshape(-1, 8)[:, 1:] != every.reshape(-1, 8)[:, :1]
    return {"views": float(differs.mean()), "wafers": float(differs.any(1).mean())}
