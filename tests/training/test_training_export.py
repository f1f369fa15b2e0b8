import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from generated_wafers import CLASSES, write_set

from fabwafer.bundle import MANIFEST, MODEL, read_bundle
from fabwafer.errors import BundleError, ContractError
from training import export as export_module
from training.bundle.gate import Limits
from training.bundle.quantize import calibration_sample
from training.bundle.writing import write_bundle
from training.data.lots import Split
from training.data.wafers import WaferSet, splits
from training.evaluate import evaluate, main
from training.export import Terms, export
from training.network.run import load, save


def test_a_bundle_can_be_read(bundle: Path) -> None:
    manifest = read_bundle(bundle)
    assert manifest.model == "wafer-map@1.0.0"
    assert manifest.policy.labels == CLASSES
    assert manifest.policy.alert == 0.5
    assert set(manifest.policy.accept) == set(CLASSES)
    assert sorted(path.name for path in bundle.iterdir()) == sorted([MANIFEST, *manifest.files])


def test_a_tiny_network_learns_the_generated_patterns(bundle: Path, data: Path) -> None:
    figures = evaluate(bundle, data, Split.TEST)[0]
    assert figures["macro_f1"] > 0.8


def test_the_manifest_says_what_evaluation_says(bundle: Path, data: Path) -> None:
    metrics = read_bundle(bundle).metrics
    figures = evaluate(bundle, data, Split.TEST)[0]
    for name in ("macro_f1", "accuracy", "ece", "classes", "accepting", "confusion"):
        assert metrics[name] == figures[name]


def test_all_convolutions_but_the_first_and_the_head_are_quantized(bundle: Path) -> None:
    graph = onnx.load(bundle / MODEL).graph
    sources = {name: node.op_type for node in graph.node for name in node.output}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    in_codes = [sources.get(node.input[1]) == "DequantizeLinear" for node in convolutions]
    assert convolutions[0].name == "stem"
    assert len(in_codes) > 6
    assert in_codes == [False] + [True] * (len(in_codes) - 2) + [False]


def test_the_calibration_sample_holds_every_class_from_many_lots(wafers: WaferSet) -> None:
    indices = splits(wafers)[Split.CALIBRATION]
    assert len(calibration_sample(wafers, indices, per_class=3)) == 12
    assert len(calibration_sample(wafers, indices, per_class=10_000)) == len(indices)


def test_a_failed_export_leaves_the_bundle_as_it_was(
    bundle: Path, data: Path, tmp_path: Path
) -> None:
    target = tmp_path / "bundle"
    write_bundle(target, (bundle / MODEL).read_bytes(), read_bundle(bundle))
    before = (target / MANIFEST).read_bytes()
    with pytest.raises(ContractError, match="a checkpoint of this version"):
        export(tmp_path / "no-run", data, target)
    assert (target / MANIFEST).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_bundle_replaces_the_one_before(bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "bundle"
    target.mkdir()
    (target / "leftover").touch()
    write_bundle(target, (bundle / MODEL).read_bytes(), read_bundle(bundle))
    assert read_bundle(target).files == read_bundle(bundle).files
    assert not (target / "leftover").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_kill_within_the_swap_left_no_bundle_and_the_next_export_threw_the_last_one_away(
    bundle: Path, data: Path, tmp_path: Path
) -> None:
    target = tmp_path / "bundle"
    write_bundle(target, (bundle / MODEL).read_bytes(), read_bundle(bundle))
    target.rename(tmp_path / "bundle.old")
    with pytest.raises(ContractError, match="a checkpoint of this version"):
        export(tmp_path / "no-run", data, target)
    assert read_bundle(target) == read_bundle(bundle)
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_run_that_was_cut_short_is_exported_on_purpose_only(
    run_folder: Path, data: Path, tmp_path: Path
) -> None:
    run = load(run_folder, torch.device("cpu"))
    run.history.pop()
    save(run, tmp_path / "run")
    with pytest.raises(ContractError, match="--run: expected all 4 epochs done, or --unfinished"):
        export(tmp_path / "run", data, tmp_path / "bundle")
    lenient = Limits(recall=1, macro_f1=1, ece=1, slower=9)
    terms = Terms(limits=lenient, unfinished=True)
    manifest = export(tmp_path / "run", data, tmp_path / "bundle", terms)
    assert manifest.metrics["epochs"] == 3


def test_a_run_is_exported_with_the_data_it_was_trained_on(
    run_folder: Path, wafers: WaferSet, tmp_path: Path
) -> None:
    other = write_set(tmp_path / "x.npz", [wafers.maps[0]], [0], [0])
    with pytest.raises(ContractError, match="--data: expected the run's data"):
        export(run_folder, other, tmp_path / "bundle")


def test_export_reports_bad_input(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = ["--run", str(tmp_path), "--data", str(data), "--bundle", str(tmp_path / "b")]
    assert export_module.main(paths) == 1
    assert "a checkpoint of this version" in capsys.readouterr().err


def test_evaluation_writes_figures_and_one_line_a_wafer(
    bundle: Path, data: Path, wafers: WaferSet, tmp_path: Path
) -> None:
    figures, predictions = tmp_path / "metrics.json", tmp_path / "preds.csv"
    given = ["--bundle", str(bundle), "--data", str(data)]
    written = ["--json", str(figures), "--predictions", str(predictions)]
    assert main([*given, *written, "--split", "test", "--symmetries"]) == 0
    with predictions.open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = ["row", "prediction", "probability", "accepted", *(f"p_{name}" for name in CLASSES)]
    assert list(rows[0]) == columns
    indices = splits(wafers)[Split.TEST]
    assert [int(row["row"]) for row in rows] == wafers.rows[indices].tolist()
    thresholds = read_bundle(bundle).policy.accept
    for row in rows:
        scores = {name: float(row[f"p_{name}"]) for name in CLASSES}
        assert row["prediction"] == max(scores, key=scores.__getitem__)
        assert float(row["probability"]) == max(scores.values())
        assert row["accepted"] in {"0", "1"}
        sure = float(row["probability"]) - thresholds[row["prediction"]]
        assert abs(sure) < 1e-6 or int(row["accepted"]) == (sure > 0)
    report = json.loads(figures.read_text())
    assert report["wafers"] == len(rows)
    assert 0 <= report["changed_by_symmetry"]["views"] <= report["changed_by_symmetry"]["wafers"]


def test_evaluation_needs_neither_torch_nor_scipy() -> None:
    without = "import sys; sys.modules.update(dict.fromkeys(['torch', 'scipy', 'tqdm', 'onnx']))"
    done = subprocess.run(
        [sys.executable, "-c", f"{without}; import training.evaluate"], check=False
    )
    assert done.returncode == 0


def test_without_a_split_all_wafers_are_evaluated(bundle: Path, data: Path) -> None:
    figures, rows, _ = evaluate(bundle, data)
    assert figures["wafers"] == len(rows) == 600


def test_labels_are_matched_by_name_not_by_position(
    bundle: Path, wafers: WaferSet, tmp_path: Path
) -> None:
    some = range(40)
    path = write_set(
        tmp_path / "x.npz",
        [wafers.maps[n] for n in some],
        [3 - int(wafers.labels[n]) for n in some],
        [0] * 40,
    )
    members = dict(np.load(path)) | {"classes": np.array(["LOC", "edge_ring", "center", "None"])}
    np.savez(tmp_path / "y.npz", **members)
    truth = evaluate(bundle, tmp_path / "y.npz")[2].truth
    assert truth.tolist() == wafers.labels[:40].tolist()


def test_labels_that_the_bundle_does_not_know_are_refused(
    bundle: Path, data: Path, tmp_path: Path
) -> None:
    members = dict(np.load(data)) | {"classes": np.array(["none", "Center", "Edge-Ring", "Comet"])}
    np.savez(tmp_path / "x.npz", **members)
    with pytest.raises(ContractError, match="expected one of none, Center.*got 'Comet'"):
        evaluate(bundle, tmp_path / "x.npz")


def test_a_file_without_lots_of_the_split_is_refused(
    bundle: Path, wafers: WaferSet, tmp_path: Path
) -> None:
    index = int(splits(wafers)[Split.TRAIN][0])
    path = write_set(tmp_path / "x.npz", [wafers.maps[index]], [0], [int(wafers.lots[index])])
    with pytest.raises(ContractError, match="splits that have wafers"):
        evaluate(bundle, path, Split.TEST)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda folder: (folder / MODEL).unlink(), id="missing-model"),
        pytest.param(lambda folder: (folder / MODEL).write_bytes(b"x"), id="altered-model"),
        pytest.param(lambda folder: (folder / MANIFEST).write_text("{}"), id="no-manifest"),
    ],
)
def test_a_spoilt_bundle_is_refused(
    bundle: Path, data: Path, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    write_bundle(tmp_path / "b", (bundle / MODEL).read_bytes(), read_bundle(bundle))
    spoil(tmp_path / "b")
    with pytest.raises(BundleError):
        evaluate(tmp_path / "b", data)
    assert main(["--bundle", str(tmp_path / "b"), "--data", str(data)]) == 1
