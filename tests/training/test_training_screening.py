import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from generated_wafers import draw_wafer

from fabwafer.bundle import MODEL, read_bundle
from fabwafer.errors import BundleError
from fabwafer.triage import Policy, Refusal
from training.bundle.calibrate import accept_thresholds
from training.bundle.screening import certify, renderings, sample
from training.data.lots import Split
from training.data.wafers import WaferSet, splits
from training.refusals import judge, main
from training.worth.deciding import decide, decisions_of
from training.worth.discs import DISCS
from training.worth.metrics import Decisions
from training.worth.sessions import measure, open_model
from training.worth.summary import report


@pytest.fixture(scope="module")
def calibration(bundle: Path, wafers: WaferSet) -> Decisions:
    policy = read_bundle(bundle).policy
    session = open_model(bundle / MODEL)
    return decisions_of(session, wafers, splits(wafers)[Split.CALIBRATION], policy)


def test_a_bundle_brings_thresholds_of_novelty_and_refusal(bundle: Path) -> None:
    manifest = read_bundle(bundle)
    assert list(manifest.policy.refusal) == [*Refusal]
    assert manifest.policy.novelty < manifest.policy.refusal[Refusal.NOVELTY]
    promise = manifest.metrics["promise"]
    assert promise["novelty"]["threshold"] == manifest.policy.novelty
    assert promise["refusal"]["wafers_refused"]["bound"] > 0


def test_no_wafer_of_lots_unseen_is_refused(calibration: Decisions) -> None:
    assert not calibration.doubts.refused.any()
    assert calibration.doubts.novel.mean() < 0.1


def test_a_novel_or_refused_wafer_is_not_accepted(bundle: Path, calibration: Decisions) -> None:
    policy = read_bundle(bundle).policy
    everything = policy.model_copy(update={"novelty": -1.0})
    doubts = replace(calibration.doubts, novel=np.ones(len(calibration.truth), bool))
    spoilt = replace(calibration, doubts=doubts)
    assert spoilt.blocked.all()
    assert everything.is_novel(0.0)
    assert accept_thresholds(spoilt)["none"].observed == 0.0
    _, sure = decide(calibration.probabilities, policy)
    assert calibration.accepted.tolist() == (sure & ~calibration.blocked).tolist()


def test_figures_say_how_many_are_novel_and_refused(calibration: Decisions) -> None:
    assert report(calibration)["doubts"]["refused_wafers"] == 0
    assert report(replace(calibration, doubts=None))["doubts"] is None


def test_what_a_camera_may_do_to_a_wafer_is_no_reason_to_refuse_it(
    bundle: Path, wafers: WaferSet
) -> None:
    session = open_model(bundle / MODEL)
    limit = read_bundle(bundle).policy.refusal[Refusal.LEVELS]
    maps = sample(wafers, splits(wafers)[Split.VALIDATION])[:20]
    pictures = [picture for wafer in maps for picture in renderings(wafer)]
    levels = measure(session, pictures)[1][Refusal.LEVELS]
    assert (levels > limit).mean() <= 0.05


def test_the_bound_is_for_lots_not_for_wafers() -> None:
    never = np.zeros(1000, bool)
    few, many = certify(never, np.arange(1000) // 100), certify(never, np.arange(1000))
    assert (few.lots, many.lots, few.wafers) == (10, 1000, 1000)
    assert few.bound > 50 * many.bound


def test_the_judge_counts_by_family_and_reason(bundle: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "refusals.json"
    given = ["--bundle", str(bundle), "--data", str(data), "--split", "test", "--json", str(out)]
    assert main(given) == 0
    figures = json.loads(out.read_text())
    assert figures["wafers_refused"] == 0
    families = figures["families"]
    assert sum(each["pictures"] for each in families.values()) == figures["pictures"]
    assert sum(each["refused"] for each in families.values()) == figures["refused"]
    for name in ("photograph", "blank", "text", "square_code", "half", "pair", "inverted"):
        assert families[name]["refused"] == families[name]["pictures"]
    assert figures["refused"] > 0.95 * figures["pictures"]


def test_the_judge_counts_apart_what_the_measures_were_not_shaped_by(
    bundle: Path, data: Path
) -> None:
    figures = judge(bundle, data, Split.TEST)
    later = figures["not_seen_in_development"]
    assert set(later["families"]) == {*DISCS, "trimmed"}
    assert not set(later["families"]) & set(figures["families"])
    assert later["pictures"] == 50 * len(later["families"])


def test_a_missing_bundle_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="gone"):
        judge(tmp_path / "gone", data)
    assert main(["--bundle", str(tmp_path / "gone"), "--data", str(data)]) == 1


def test_a_policy_of_before_is_judged_without_doubts(wafers: WaferSet, bundle: Path) -> None:
    old = Policy(labels=wafers.classes, normal="none")
    found = decisions_of(open_model(bundle / MODEL), wafers, np.arange(30), old)
    assert not found.blocked.any()


def test_a_wafer_of_one_die_can_be_rendered() -> None:
    assert all(each.dtype == np.uint8 for each in renderings(np.ones((1, 1), np.uint8)))
    assert len(list(renderings(draw_wafer(np.random.default_rng(0), 0)))) == 3
