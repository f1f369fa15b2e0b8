"""A trained network and wafers -> its float and its int8 graph, calibrated, and what their thresholds promise.

Temperature and the thresholds of novelty and refusal from the validation lots, int8 ranges and acceptance thresholds
from the calibration lots; the test lots have no part in it.
"""

from dataclasses import asdict, dataclass, replace

import onnx
from pydantic import JsonValue

from fabwafer.triage import NEVER, Policy
from training.bundle import graph
from training.bundle.calibrate import (
    ASSUMPTIONS,
    CONFIDENCE,
    MAX_ESCAPES,
    MAX_WRONG_CALLS,
    Threshold,
    accept_policy,
    accept_thresholds,
    fit_temperature,
)
from training.bundle.coverage import by_label, uncovered
from training.bundle.gate import Contender
from training.bundle.quantize import calibration_sample, quantize, set_constant
from training.bundle.screening import described, sample, screen, teach_novelty
from training.data.lots import Split
from training.data.maps import Ints
from training.data.wafers import WaferSet
from training.network.model import Network
from training.worth.deciding import decide, decisions_of
from training.worth.sessions import open_model


@dataclass(frozen=True)
class Candidate:
    """Both graphs of a network with one policy, and what its thresholds are certified for."""

    int8: onnx.ModelProto
    fp32: onnx.ModelProto
    policy: Policy
    temperature: float
    thresholds: dict[str, Threshold]
    screening: dict[str, JsonValue]


def make_candidate(
    network: Network, wafers: WaferSet, parts: dict[Split, Ints], policy: Policy
) -> Candidate:
    """Quantize and calibrate; never touches the test lots."""
    fp32 = graph.build(network)
    int8 = quantize(fp32, calibration_sample(wafers, parts[Split.CALIBRATION]))
    teach_novelty((int8, fp32), wafers, parts[Split.TRAIN], policy.normal)
    validation = decisions_of(
        open_model(int8.SerializeToString()), wafers, parts[Split.VALIDATION], policy
    )
    temperature = fit_temperature(validation.probabilities, validation.truth)
    for model in (fp32, int8):
        set_constant(model, graph.TEMPERATURE, temperature)
    session = open_model(int8.SerializeToString())
    screened = screen(session, validation, sample(wafers, parts[Split.VALIDATION]))
    policy = policy.model_copy(update=asdict(screened))
    calibration = decisions_of(session, wafers, parts[Split.CALIBRATION], policy)
    thresholds = accept_thresholds(calibration)
    unseen = uncovered(calibration)
    accept = accept_policy(thresholds, policy.labels) | dict.fromkeys(unseen, NEVER)
    policy = policy.model_copy(update={"accept": accept})
    _, sure = decide(calibration.probabilities, policy)
    calibration = replace(calibration, sure=sure)
    screening = {**described(screened, calibration), "labels": by_label(calibration)}
    return Candidate(int8, fp32, policy, temperature, thresholds, screening)


def contenders(
    candidate: Candidate, wafers: WaferSet, indices: Ints
) -> tuple[Contender, Contender]:
    """Return int8 and fp32 with what they say of the wafers at `indices`."""
    graphs = (candidate.int8, candidate.fp32)
    int8, fp32 = (open_model(each.SerializeToString()) for each in graphs)
    return (
        Contender(int8, decisions_of(int8, wafers, indices, candidate.policy)),
        Contender(fp32, decisions_of(fp32, wafers, indices, candidate.policy)),
    )


def promises(candidate: Candidate) -> dict[str, JsonValue]:
    """Return what the acceptance thresholds promise, and how that was found."""
    return {
        "method": "fixed-sequence testing; Clopper-Pearson, lots as units (Korn-Graubard)",
        "assumptions": ASSUMPTIONS,
        "data": "lots of the calibration part of `data.sha256`",
        "confidence": CONFIDENCE,
        "max_escapes": MAX_ESCAPES,
        "max_wrong_defect_calls": MAX_WRONG_CALLS,
        "temperature": candidate.temperature,
        "thresholds": {name: asdict(each) for name, each in candidate.thresholds.items()},
        **candidate.screening,
    }
