"""Wafers whose lots taught no weight -> thresholds of novelty and refusal, and what they are certified for.

Novelty: 0.2 % of the validation wafers are beyond. Refusal: hardly a validation wafer, nor a picture of one that is
compressed, noisy or has soft edges, is refused, and for novelty a margin is left. The calibration lots, which chose none
of these thresholds but set the int8 ranges of the graph, certify how rarely either happens to a wafer. No picture that is
none has a part in a threshold; the measures were shaped with the families that `training.refusals` draws in view.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO

import numpy as np
import onnx
import onnxruntime as ort  # type: ignore[import-untyped]
from PIL import Image
from pydantic import JsonValue

from fabwafer.bundle import FEATURES
from fabwafer.triage import Refusal
from training.bundle.calibrate import CONFIDENCE, upper_bound
from training.bundle.novelty import CENTRES, PROJECTION, Floats, fit
from training.bundle.quantize import set_constant
from training.data.maps import Codes, Ints
from training.data.wafers import WaferSet
from training.worth.doubts import Bools
from training.worth.metrics import Decisions
from training.worth.sessions import measure, open_model

NOVEL_SHARE = 0.002
"""Of the wafers of validation lots, how many are called novel."""
COLOURED = 0.02
"""Of a picture's pixels: what a logo or a cursor may colour. Seen only where pictures are decoded, on the edge."""
ODD_SHAPE = 0.1
"""A tenth of the wafer without dies, or a hole. Of 115,521 wafers of WM-811K 9 are beyond, of which 3 are no discs."""
_NEARLY_ALL, _NEARLY_ALL_DRAWN = 0.999, 0.99
_BEYOND_ALL, _BEYOND_USUAL = 1.15, 1.5
_TAUGHT = 8000
_OF_A_RARE_CLASS = 100
_RENDERED = 500
_SEED = 811
_GREYS = np.array([0, 127, 255], np.uint8)


@dataclass(frozen=True)
class Screen:
    """The thresholds of a policy that no label has a part in."""

    novelty: float
    refusal: dict[Refusal, float]


@dataclass(frozen=True)
class Certified:
    """How often something happens to wafers of some lots, and how often at most with 95 % confidence.

    Where acceptance has a part in it, as in `reviewed_for_it_alone` and `labels`, its threshold was chosen on the same
    lots, and the bound takes no account of that.
    """

    share: float
    bound: float
    wafers: int
    lots: int


def teach_novelty(
    models: Sequence[onnx.ModelProto], wafers: WaferSet, indices: Ints, normal: str
) -> None:
    """Set the statistics of novelty in all graphs, by the features that the first gives wafers of training lots.

    As many normal wafers as defects: else the covariance would be that of the former alone. A class so rare that the
    draw missed it has a few wafers among them all the same: it must not be novel.
    """
    shuffled = np.random.default_rng(_SEED).permutation(indices)
    is_normal = wafers.labels[shuffled] == wafers.classes.index(normal)
    defects = shuffled[~is_normal][:_TAUGHT]
    missed = np.setdiff1d(
        wafers.labels[shuffled], [*wafers.labels[defects], wafers.classes.index(normal)]
    )
    rare = [shuffled[wafers.labels[shuffled] == label][:_OF_A_RARE_CLASS] for label in missed]
    chosen = np.concatenate((defects, *rare, shuffled[is_normal][: len(defects)]))
    features = pooled(models[0], (wafers.maps[int(index)] for index in chosen))
    statistics = fit(features, wafers.labels[chosen])
    for model in models:
        set_constant(model, PROJECTION, statistics.projection)
        set_constant(model, CENTRES, statistics.centres)


def pooled(model: onnx.ModelProto, maps: Iterable[Codes]) -> Floats:
    """Return the features (maps, features) that novelty is measured in."""
    session = open_model(model.SerializeToString())
    rows = [session.run([FEATURES], {"wafer": each})[0] for each in maps]
    return np.stack(rows).astype(np.float64)


def screen(session: ort.InferenceSession, validation: Decisions, maps: Sequence[Codes]) -> Screen:
    """Return the thresholds.

    Args:
        session: The graph, its statistics set.
        validation: What it said of the wafers of validation lots.
        maps: Some of these wafers, to be drawn anew in ways that a camera may.
    """
    measured = validation.doubts.measured if validation.doubts else {}
    novelty = measured[Refusal.NOVELTY]
    refusal: dict[Refusal, float] = {}
    if Refusal.SHAPE in measured:
        refusal[Refusal.COLOUR] = COLOURED
        drawn = [each for wafer in maps for each in renderings(wafer)]
        levels = measure(session, drawn)[1][Refusal.LEVELS]
        refusal[Refusal.LEVELS] = float(np.quantile(levels, _NEARLY_ALL_DRAWN))
        usual = float(np.quantile(measured[Refusal.SHAPE], _NEARLY_ALL))
        refusal[Refusal.SHAPE] = max(ODD_SHAPE, _BEYOND_USUAL * usual)
        novelty = novelty[measured[Refusal.SHAPE] <= refusal[Refusal.SHAPE]]
    threshold = float(np.quantile(novelty, 1 - NOVEL_SHARE, method="higher"))
    refusal[Refusal.NOVELTY] = max(_BEYOND_ALL * float(novelty.max()), _BEYOND_USUAL * threshold)
    return Screen(threshold, refusal)


def renderings(wafer: Codes) -> Iterator[Codes]:
    """Yield a wafer's picture compressed, with soft edges, and with noise."""
    grey = _GREYS[wafer]
    picture = Image.fromarray(grey)
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=75)
    yield np.asarray(Image.open(buffer))
    size = (round(grey.shape[1] * 2.7), round(grey.shape[0] * 2.7))
    yield np.asarray(picture.resize(size, Image.Resampling.BILINEAR))
    noise = np.random.default_rng(_SEED).normal(0, 10, grey.shape)
    yield (grey + noise).clip(0, 255).astype(np.uint8)


def certify(happens: Bools, lots: Ints) -> Certified:
    """Return the share, and what it is at most with 95 % confidence, lots as units."""
    bound = upper_bound(happens, lots, 1 - CONFIDENCE)
    return Certified(float(happens.mean()), bound, len(lots), len(np.unique(lots)))


def described(thresholds: Screen, calibration: Decisions) -> dict[str, JsonValue]:
    """Return what the thresholds are certified for by calibration lots, as a manifest carries it."""
    doubts, sure = calibration.doubts, calibration.sure
    if doubts is None or sure is None:
        return {}
    alone = sure & doubts.novel & ~doubts.refused
    return {
        "novelty": {
            "method": f"Mahalanobis distance; {NOVEL_SHARE:.1%} of the validation wafers are beyond",
            "threshold": thresholds.novelty,
            "novel": asdict(certify(doubts.novel, calibration.lots)),
            "reviewed_for_it_alone": asdict(certify(alone, calibration.lots)),
        },
        "refusal": {
            "thresholds": {reason.value: limit for reason, limit in thresholds.refusal.items()},
            "wafers_refused": asdict(certify(doubts.refused, calibration.lots)),
        },
    }


def sample(wafers: WaferSet, indices: Ints) -> list[Codes]:
    """Return some maps of the wafers at `indices`, drawn at random."""
    drawn = np.random.default_rng(_SEED).permutation(indices)[:_RENDERED]
    return [wafers.maps[int(index)] for index in drawn]
