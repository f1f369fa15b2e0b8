from pathlib import Path

import pytest

from fabwafer.bundle import MODEL, read_bundle
from fabwafer.labels import WM811K
from training.dataset import SPLIT_SEED, Split
from training.evaluate import evaluate

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "models" / "wafer-map"
REAL = ROOT.parent / "shared" / "data" / "wm811k_labelled.npz"
FLOOR = 0.88


def test_the_shipped_bundle_fits_the_contract() -> None:
    manifest = read_bundle(SHIPPED)
    assert manifest.model == "wafer-map@1.0.0"
    assert manifest.policy.labels == WM811K.names
    assert manifest.policy.normal == WM811K.normal
    assert set(manifest.policy.accept) == set(WM811K.names)
    assert manifest.data["split_seed"] == SPLIT_SEED
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 3_000_000


def test_eight_bits_cost_next_to_nothing() -> None:
    metrics = read_bundle(SHIPPED).metrics
    assert metrics["macro_f1"] >= metrics["fp32"]["macro_f1"] - 0.003
    for label, figures in metrics["classes"].items():
        assert figures["recall"] >= metrics["fp32"]["classes"][label]["recall"] - 0.01


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
