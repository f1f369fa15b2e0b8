import numpy as np
import pytest
import torch

from fabwafer.triage import Policy, Refusal
from training.bundle.graph import build
from training.bundle.novelty import CENTRES, PROJECTION, fit
from training.bundle.quantize import set_constant
from training.bundle.screening import pooled
from training.network.model import Architecture, Network, Planes
from training.worth.doubts import doubts_of, shares
from training.worth.sessions import measure, open_model

SHAPE = Architecture(side=25, widths=(32, 32, 32), blocks=(1, 1, 1))


def features(seed: int = 0, count: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    """Three classes, far apart in one of six directions, that all spread widely along another."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, count)
    spread = np.array([1.0, 9.0, 1.0, 1.0, 1.0, 0.0])
    values = generator.normal(size=(count, 6)) * spread
    values[:, 0] += 20 * labels
    return values, labels


def test_a_usual_wafer_is_one_away() -> None:
    score = fit(*features()).score(features(seed=1)[0])
    assert 0.8 < np.sqrt((score**2).mean()) < 1.05


def test_between_two_classes_is_farther_than_wherever_classes_spread() -> None:
    statistics = fit(*features())
    spread, between = np.array([[20.0, 18, 0, 0, 0, 0], [10.0, 0, 0, 0, 0, 0]])
    assert statistics.score(between[None]) > 2 * statistics.score(spread[None])


def test_a_feature_that_never_changed_does_not_count_without_end() -> None:
    statistics = fit(*features())
    assert 1 < statistics.score(np.array([[0.0, 0, 0, 0, 0, 1]]))[0] < 20


def test_one_wafer_a_class_is_enough_for_numbers() -> None:
    statistics = fit(np.ones((2, 4)), np.array([0, 1]))
    assert np.isfinite(statistics.score(np.zeros((3, 4)))).all()


def test_the_graph_tells_the_distance_of_the_pooled_features() -> None:
    torch.manual_seed(3)
    network = Network(SHAPE).eval()
    model = build(network)
    generator = np.random.default_rng(1)
    maps = [generator.integers(0, 3, (26, 25 + n), dtype=np.uint8) for n in range(8)]
    vectors = pooled(model, maps)
    planes = torch.cat([Planes(25)(torch.from_numpy(each)[None]) for each in maps])
    with torch.inference_mode():
        expected = network.features(planes).mean((2, 3)).numpy()
    assert vectors == pytest.approx(expected, abs=1e-5)
    labels = np.arange(8) % 4
    statistics = fit(vectors, labels)
    centres = np.resize(statistics.centres, (SHAPE.classes, SHAPE.features))
    set_constant(model, PROJECTION, statistics.projection)
    set_constant(model, CENTRES, centres)
    told = measure(open_model(model.SerializeToString()), maps)[1][Refusal.NOVELTY]
    assert told == pytest.approx(statistics.score(vectors), abs=1e-3)


POLICY = Policy(novelty=2.0, refusal={Refusal.SHAPE: 0.5, Refusal.NOVELTY: 4.0})
MEASURED = {
    Refusal.NOVELTY: np.array([1.0, 3.0, 5.0, 5.0]),
    Refusal.SHAPE: np.array([0.5, 0.0, 0.0, 1.0]),
}


def test_novel_and_refused_are_told_apart() -> None:
    doubts = doubts_of(MEASURED, POLICY, 4)
    assert doubts.novel.tolist() == [False, True, True, True]
    assert doubts.reasons.tolist() == [-1, -1, 1, 0]
    assert doubts.any.tolist() == [False, True, True, True]


def test_arrays_are_judged_as_single_pictures_are() -> None:
    doubts = doubts_of(MEASURED, POLICY, 4)
    for n in range(4):
        single = {reason: float(values[n]) for reason, values in MEASURED.items()}
        reason = POLICY.refuses(single)
        assert doubts.reasons[n] == (-1 if reason is None else list(POLICY.refusal).index(reason))
        assert doubts.novel[n] == POLICY.is_novel(single[Refusal.NOVELTY])


def test_a_graph_that_measures_nothing_doubts_nothing() -> None:
    assert not doubts_of({}, POLICY, 3).any.any()


def test_shares_count_what_novelty_alone_sends_to_people() -> None:
    sure = np.array([True, True, False, True])
    assert shares(doubts_of(MEASURED, POLICY, 4), sure) == {
        "novel": 0.75,
        "reviewed_for_novelty_alone": 0.25,
        "refused": 0.5,
        "refused_wafers": 2,
    }
