import shutil
from pathlib import Path

import numpy as np
import pytest
from generated_wafers import draw_wafer

from fabwafer.bundle import MODEL, read_bundle
from fabwafer.labels import WM811K
from training.card.figures import FIGURES
from training.card.model_card import CARD
from training.data.lots import SPLIT_SEED, Split
from training.evaluate import evaluate
from training.report import write_report
from training.worth.doubts import doubts_of
from training.worth.foreign import FOREIGN
from training.worth.sessions import measure, open_model
from training.worth.spoilt import SPOILT

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "models" / "wafer-map"
REAL = ROOT.parent / "shared" / "data" / "wm811k_labelled.npz"
FLOOR = 0.88


def test_the_shipped_bundle_fits_the_contract() -> None:
    manifest = read_bundle(SHIPPED)
    assert manifest.model == "wafer-map@1.2.0"
    assert manifest.policy.labels == WM811K.names
    assert manifest.policy.normal == WM811K.normal
    assert set(manifest.policy.accept) == set(WM811K.names)
    assert manifest.data["split_seed"] == SPLIT_SEED
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 3_000_000


def test_eight_bits_cost_next_to_nothing() -> None:
    metrics = read_bundle(SHIPPED).metrics
    supports = [figures["support"] for figures in metrics["classes"].values()]
    one_wafer = 1 / min(supports) / len(supports)
    assert metrics["macro_f1"] >= metrics["fp32"]["macro_f1"] - 0.003 - one_wafer
    for label, figures in metrics["classes"].items():
        lost = metrics["fp32"]["classes"][label]["recall"] - figures["recall"]
        assert lost * figures["support"] <= 0.01 * figures["support"] + 1 + 1e-9, label


def test_the_shipped_card_says_what_its_report_says(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(SHIPPED, tmp_path / "copy"))
    write_report(copy)
    assert (copy / CARD).read_text() == (SHIPPED / CARD).read_text()
    figures = [{path.name for path in (each / FIGURES).iterdir()} for each in (copy, SHIPPED)]
    assert figures[0] == figures[1]


@pytest.mark.skipif(not REAL.exists(), reason="needs WM-811K beside the repository")
def test_the_shipped_bundle_keeps_its_word_on_real_test_lots() -> None:
    figures = evaluate(SHIPPED, REAL, Split.TEST)[0]
    metrics = read_bundle(SHIPPED).metrics
    assert (SHIPPED / MODEL).stat().st_size == metrics["size_bytes"]
    assert figures["wafers"] == metrics["wafers"]
    assert figures["macro_f1"] >= FLOOR
    assert figures["macro_f1"] == pytest.approx(metrics["macro_f1"], abs=0.005)
    assert figures["ece"] <= 0.005
    assert figures["accepting"]["escapes"] <= 0.02
    assert figures["accepting"]["wrong_defect_calls"] <= 0.05


def test_the_shipped_bundle_refuses_what_is_no_wafer_map_and_no_wafer() -> None:
    policy = read_bundle(SHIPPED).policy
    session = open_model(SHIPPED / MODEL)
    generator = np.random.default_rng(1)
    wafers = [draw_wafer(generator, number % 4) for number in range(20)]
    foreign = [draw(generator) for draw in FOREIGN.values() for _ in range(10)]
    near = [spoil(generator, wafer) for spoil in SPOILT.values() for wafer in wafers]
    grey = [each if each.ndim == 2 else each[..., 1].copy() for each in foreign + near]
    assert doubts_of(measure(session, grey)[1], policy, len(grey)).refused.mean() > 0.98
    assert not doubts_of(measure(session, wafers)[1], policy, len(wafers)).refused.any()
