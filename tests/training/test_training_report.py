import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from fabwafer.bundle import MANIFEST, MODEL, read_bundle, sealed
from training.bundle.writing import write_bundle
from training.card.figures import FIGURES
from training.card.goals import Goal, goals
from training.card.model_card import CARD
from training.card.reading import Report
from training.evaluate import main as evaluate_main
from training.export import FP32
from training.report import WORST_ERRORS, draw_errors, main, write_report
from training.worth.files import BENCH, LEARNING_CURVE, PROTOCOLS, REFUSALS, REPORT, TEST

ROUND = {"wafer": {"p50": 0.4, "p99": 0.6}, "png": {"p50": 0.5, "p99": 0.8}, "peak_mb": 70.0}
CURVE = {
    "split": "validation",
    "architecture": "side 25",
    "points": [
        {
            "share": share,
            "labels": int(9000 * share),
            "seed": seed,
            "method": method,
            "macro_f1": 0.5 + share / 3 + seed / 100,
        }
        for share in (0.01, 0.1, 1.0)
        for seed in (1, 3)
        for method in ("labels", "distillation")
    ],
}

REFUSED = {
    "pictures": 100,
    "refused": 99,
    "wafers": 90,
    "wafers_refused": 1,
    "families": {
        "chart": {"pictures": 50, "refused": 50, "levels": 50},
        "half": {"pictures": 50, "refused": 49, "shape": 49},
    },
    "not_seen_in_development": {
        "pictures": 40,
        "refused": 8,
        "families": {"pie": {"pictures": 40, "refused": 8, "shape": 8}},
    },
}


BY_PROTOCOL = {
    "command": "python -m training.protocols",
    "steps": 3,
    "protocols": [
        {
            "protocol": "random",
            "train": 500,
            "test": 100,
            "lots_on_both_sides": 40,
            "macro_f1": 0.95,
            "interval_95": [0.94, 0.96],
        }
    ],
}


def contender(network: str, weights: str, engine: str, factor: float) -> dict[str, Any]:
    times = {way: {p: factor * ms for p, ms in ROUND[way].items()} for way in ("wafer", "png")}
    return {
        "network": network,
        "weights": weights,
        "engine": engine,
        "ours": True,
        "size_bytes": 700_000,
        "rounds": [{**times, "peak_mb": 70.0}] if factor else [],
    }


@pytest.fixture(scope="module")
def measured(
    bundle: Path, run_folder: Path, data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The bundle with every file of a report."""
    folder = tmp_path_factory.mktemp("measured") / "tiny"
    shutil.copytree(bundle, folder)
    (folder / REPORT).mkdir()
    given = ["--bundle", str(bundle), "--data", str(data), "--split", "test", "--symmetries"]
    figures = folder / REPORT / TEST
    fp32 = str(run_folder / FP32)
    assert evaluate_main([*given, "--against", fp32, "--json", str(figures)]) == 0
    (folder / REPORT / LEARNING_CURVE).write_text(json.dumps(CURVE))
    (folder / REPORT / PROTOCOLS).write_text(json.dumps(BY_PROTOCOL))
    bench = [
        contender("wafer-map bundle", "int8", "edge component", 1),
        contender("its network", "int8", "ONNX Runtime", 0.8),
        contender("its network", "fp32", "ONNX Runtime", 2),
        contender("its network", "int8", "OpenVINO", 1.2),
        contender("its network", "int8", "LiteRT", 0),
    ]
    (folder / REPORT / BENCH).write_text(json.dumps(bench))
    of = {name: json.loads(figures.read_text())[name] for name in ("manifest", "data")}
    (folder / REPORT / REFUSALS).write_text(json.dumps(REFUSED | of))
    return folder


@pytest.fixture
def reported(measured: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(measured, tmp_path / "tiny"))


@pytest.fixture(scope="module")
def card(measured: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written") / "tiny"
    shutil.copytree(measured, folder)
    write_report(folder)
    return folder / CARD


def changed(folder: Path, name: str, **values: Any) -> None:
    path = folder / REPORT / name
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_the_card_carries_the_figures_of_the_test_lots(card: Path) -> None:
    test = json.loads((card.parent / REPORT / TEST).read_text())
    text = card.read_text()
    assert f"{test['macro_f1']:.4f}" in text
    assert f"{test['accepting']['coverage']:.4f} of the wafers" in text
    for label, row in test["classes"].items():
        fp32, within = test["fp32"]["classes"][label], test["interval_95"]["classes"][label]
        ranges = [
            f"{row[name]:.3f}" + ("" if span is None else f" ({span[0]:.3f} to {span[1]:.3f})")
            for name, span in within.items()
        ]
        floats = [f"{fp32[name]:.3f}" for name in within]
        line = " | ".join([f"{row['precision']:.3f}", *ranges, *floats])
        assert f"| {label} | {row['support']} | {line} |" in text
    assert "{" not in text


def test_the_card_carries_promise_gate_speed_and_learning_curve(card: Path) -> None:
    text = card.read_text()
    for title in (
        "Intended use",
        "Who looks",
        "Eight bits",
        "Speed",
        "Fewer labels",
        "Limits",
        "Data",
    ):
        assert f"## {title}\n" in text
    assert "| labels, macro-F1 | 0.523 | 0.553 | 0.853 |" in text
    assert "| labelled wafers | 90 | 900 | 9000 |" in text
    assert "Networks: side 25." in text
    assert "| wafer-map bundle | int8 | edge component | 0.50 | 0.80 | 0.40 | 0.70 | 70 |" in text
    assert "LiteRT |" not in text


def test_the_card_says_what_is_refused_kind_by_kind(card: Path) -> None:
    text = card.read_text()
    assert "Of 100 pictures that are no wafer map, 99 are refused; of 90 wafers" in text
    assert "| half | 50 | 49 |" in text
    assert (
        "Of 40 pictures of kinds that were drawn later and changed nothing, 8 are refused" in text
    )
    assert "| pie | 40 | 8 |" in text


def test_the_card_tells_what_the_protocol_does_to_a_figure(card: Path) -> None:
    assert "| random | 500 | 100 | 40 | 0.950 | 0.940 to 0.960 |" in card.read_text()


def test_a_model_of_a_fabs_own_wafers_claims_nothing_about_wm811k(card: Path) -> None:
    assert "WM811K" not in card.read_text()
    assert "LSWMD" not in card.read_text()
    assert "## Goals" not in card.read_text()


def learned_from(folder: Path, **data: Any) -> str:
    """The card of a bundle that says other things of its data."""
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["data"] |= data
    (folder / MANIFEST).write_text(json.dumps(sealed(manifest)))
    for name in (TEST, REFUSALS):
        changed(folder, name, manifest=read_bundle(folder).sha256)
    write_report(folder)
    return (folder / CARD).read_text()


def test_a_model_of_wm811k_cites_it_and_is_held_against_its_goals(reported: Path) -> None:
    text = learned_from(reported, form=".pkl")
    assert "MIR-WM811K" in text
    assert "by row of LSWMD.pkl" in text
    assert "## Goals" in text


def test_reviewed_wafers_with_a_new_label_do_not_end_the_citation(reported: Path) -> None:
    old = {"form": "folder", "digest": "1", "sources": [{"form": ".pkl"}]}
    text = learned_from(reported, sources=[old, {"form": ".jsonl", "digest": "2"}])
    assert "MIR-WM811K" in text
    assert "by row of the data" in text
    assert "## Goals" not in text


def test_the_card_says_what_the_data_lacks(card: Path, reported: Path) -> None:
    assert "test lots, every one of them," in card.read_text()
    changed(reported, TEST, left_out={"in lots that it learned from": 7})
    write_report(reported)
    text = (reported / CARD).read_text()
    assert "test lots, of data that lacks: 7 in lots that it learned from," in text
    assert "every one of them" not in text


def test_what_was_not_measured_is_left_out(reported: Path) -> None:
    (reported / REPORT / LEARNING_CURVE).unlink()
    (reported / REPORT / PROTOCOLS).unlink()
    (reported / REPORT / BENCH).unlink()
    (reported / REPORT / REFUSALS).unlink()
    write_report(reported)
    text = (reported / CARD).read_text()
    assert "## Fewer labels" not in text
    assert "## Other protocols" not in text
    assert "## Speed" not in text
    assert "learning_curve.svg" not in text
    assert "kind of picture" not in text


def test_every_figure_that_the_card_shows_is_there_and_small(card: Path) -> None:
    shown = re.findall(r"!\[[^]]+\]\(([^)]+)\)", card.read_text())
    assert len(shown) == 5
    assert {path.name for path in (card.parent / FIGURES).iterdir()} == {
        Path(each).name for each in shown
    }
    for each in shown:
        content = (card.parent / each).read_bytes()
        assert b"<svg" in content[:1000]
        assert len(content) < 100_000


def test_the_same_figures_give_the_same_bytes(card: Path, reported: Path) -> None:
    for path in write_report(reported):
        assert path.read_bytes() == (card.parent / path.relative_to(reported)).read_bytes()


def test_card_and_figures_are_no_part_of_what_runs(card: Path) -> None:
    assert list(read_bundle(card.parent).files) == [MODEL]


def test_the_worst_errors_are_drawn_where_the_data_is(
    reported: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = {"row": 1003, "label": "Loc", "prediction": "none", "probability": 0.9}
    changed(reported, TEST, worst_errors=[error, {**error, "row": 1000}])
    given = ["--bundle", str(reported), "--data", str(data), "--pictures", str(tmp_path / "p")]
    assert main(given) == 0
    picture = tmp_path / "p" / WORST_ERRORS
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert str(picture) in capsys.readouterr().out
    assert "| 1003 | Loc | none | 0.900 |" in (reported / CARD).read_text()
    assert not list(reported.rglob("*.png"))


def test_without_the_data_the_report_is_written_all_the_same(reported: Path) -> None:
    assert main(["--bundle", str(reported), "--data", "no-such.npz"]) == 0
    assert (reported / CARD).exists()


def test_errors_of_other_data_are_not_drawn(reported: Path, data: Path, tmp_path: Path) -> None:
    error = {"row": 5, "label": "Loc", "prediction": "none", "probability": 0.9}
    changed(reported, TEST, worst_errors=[error])
    with pytest.raises(Exception, match=r"row: expected the wafers that the report was made of"):
        draw_errors(reported, data, tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        pytest.param(TEST, None, "expected a file of figures", id="absent"),
        pytest.param(TEST, "{", "file: expected", id="no-json"),
        pytest.param(TEST, "{}", "macro_f1: expected a value", id="empty"),
        pytest.param(
            LEARNING_CURVE, '{"split": "x", "points": []}', "points: expected", id="no-points"
        ),
        pytest.param(BENCH, '[{"network": 1}]', "0.network: expected", id="bench"),
    ],
)
def test_a_broken_file_is_named_and_nothing_is_written(
    reported: Path, name: str, content: str | None, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = reported / REPORT / name
    path.unlink() if content is None else path.write_text(content)
    before = sorted(reported.rglob("*"))
    assert main(["--bundle", str(reported)]) == 1
    complaint = capsys.readouterr().err
    assert str(path) in complaint
    assert told in complaint
    assert sorted(reported.rglob("*")) == before


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        pytest.param("sha256", "0" * 64, f"{TEST}: sha256: expected", id="another-model"),
        pytest.param("manifest", "0" * 64, f"{TEST}: manifest: expected", id="other-thresholds"),
        pytest.param("data", "0" * 64, f"{TEST}: data: expected", id="other-wafers"),
        pytest.param("split", "validation", "split: expected test", id="other-lots"),
        pytest.param("split", None, "split: expected test", id="all-wafers"),
    ],
)
def test_figures_of_another_model_or_other_lots_are_refused(
    reported: Path, field: str, value: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(reported, TEST, **{field: value})
    assert main(["--bundle", str(reported)]) == 1
    assert told in capsys.readouterr().err


def test_pictures_refused_by_another_model_are_none_of_its_report(
    reported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(reported, REFUSALS, manifest="0" * 64)
    assert main(["--bundle", str(reported)]) == 1
    assert f"{REFUSALS}: manifest: expected" in capsys.readouterr().err


def test_a_bench_of_another_model_is_none_of_its_report(
    reported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = reported / REPORT / BENCH
    lines = [each | {"manifest": "0" * 64} for each in json.loads(path.read_text())]
    path.write_text(json.dumps(lines))
    assert main(["--bundle", str(reported)]) == 1
    assert f"{BENCH}: manifest: expected" in capsys.readouterr().err


def test_a_new_model_keeps_what_is_no_single_models_and_no_other_figure(reported: Path) -> None:
    write_report(reported)
    write_bundle(reported, b"another", read_bundle(reported))
    found = {
        path.relative_to(reported).as_posix() for path in reported.rglob("*") if path.is_file()
    }
    kept = {f"{REPORT}/{name}" for name in (LEARNING_CURVE, PROTOCOLS)}
    assert found == {MODEL, MANIFEST, *kept}


def test_goals_are_judged_by_what_was_measured(measured: Path) -> None:
    found = {each.name: each for each in goals(Report.read(measured))}
    assert found[
        "times as fast as the fastest of fp32, OpenVINO, LiteRT"
    ].measured == pytest.approx(1.5)
    assert found["PNG to decision, one thread, ms"].measured == 0.5
    test = json.loads((measured / REPORT / TEST).read_text())
    assert found["recall of the worst class"].measured == min(
        each["recall"] for each in test["classes"].values()
    )
    assert found["decisions changed by turning or mirroring"].measured is not None
    assert (
        found["pictures that are no wafer map, refused (kinds in view in development)"].measured
        == 0.99
    )


@pytest.mark.parametrize(
    ("measured", "at_least", "verdict"),
    [
        pytest.param(0.92, True, "met", id="just"),
        pytest.param(0.9187, True, "**missed** by 0.0013", id="short"),
        pytest.param(0.93, False, "**missed** by 0.01", id="above"),
        pytest.param(0.5, False, "met", id="below"),
        pytest.param(None, True, "not measured", id="unknown"),
    ],
)
def test_a_goal_says_by_how_much_it_was_missed(
    measured: float | None, at_least: bool, verdict: str
) -> None:
    assert Goal("x", "", 0.92, measured, at_least).verdict == verdict


def test_the_curve_is_the_mean_of_its_seeds(measured: Path) -> None:
    curve = Report.read(measured).learning_curve
    assert curve is not None
    assert curve.methods == ["labels", "distillation"]
    assert curve.mean("labels")[1.0] == pytest.approx(0.5 + 1 / 3 + 0.02)
