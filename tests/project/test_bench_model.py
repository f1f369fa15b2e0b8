import shutil
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from bench.model import __main__ as command
from bench.model import wafers
from bench.model.contenders import BUNDLE, CONTENDERS, INT8, SHIPPED, WAFERS, Engine
from bench.model.measure import measure
from bench.model.summary import Result, Round, Times, table
from bench.table import keep
from edge_component.classifier import Classifier
from edge_component.patterns import generate

DOCUMENT = "# Title\n<!-- model -->\n\nold\n\n<!-- /model -->\nrest\n"


def a_round(wafer_ms: float, png_ms: float, labels: list[int]) -> Round:
    return Round(
        wafer=Times(p50=wafer_ms, p99=wafer_ms * 2, processor_p50=wafer_ms / 2),
        png=Times(p50=png_ms, p99=png_ms * 2, processor_p50=png_ms / 2),
        peak_mb=80.4,
        labels=labels,
    )


def lines(*results: Result) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table(results).splitlines()[2:]
    ]


def test_a_time_is_the_median_of_the_rounds_with_the_least_and_the_largest():
    rounds = tuple(a_round(value, value + 1, [0]) for value in (0.7, 0.5, 0.6))
    (line,) = lines(Result(SHIPPED, 1_250_000, rounds))
    assert line[3:6] == ["0.60 (0.50 to 0.70)", "1.20", "0.30"]
    assert line[6:9] == ["1.60 (1.50 to 1.70)", "3.20", "0.80"]
    assert line[9:11] == ["1.25", "80"]


def test_decisions_are_counted_against_the_shipped_bundles():
    shipped = Result(SHIPPED, 1, (a_round(1, 1, [0, 1, 2, 2]),))
    rival = Result(CONTENDERS[2], 1, (a_round(1, 1, [0, 1, 2, 0]),))
    reference = Result(CONTENDERS[-1], 1, (a_round(1, 1, []),))
    assert [line[-1] for line in lines(shipped, rival, reference)] == ["4 of 4", "3 of 4", ""]


def test_what_cannot_be_measured_is_a_line_with_its_reason():
    (line,) = lines(Result(CONTENDERS[-1], problem="ModuleNotFoundError: no\nmodule | named x"))
    assert line[3] == "not measured: ModuleNotFoundError: no module / named x"
    assert len(line) == 12


def test_a_contender_that_fails_is_a_problem_and_ends_no_run(tmp_path):
    wafers.write(tmp_path / WAFERS, [generate(0, 0)[0]])
    rounds, problems = [a_round(1, 1, [])], {}
    command._run(SHIPPED, Namespace(work=tmp_path, seconds=0.01), rounds, problems)
    assert rounds == []
    assert "manifest.json" in problems[SHIPPED]


def test_a_round_of_the_shipped_bundle_decides_as_the_edge_does(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.model.measure._LEAST_CALLS", 3)
    shutil.copytree(BUNDLE, tmp_path / INT8)
    maps = [generate(1, index)[0] for index in range(6)]
    wafers.write(tmp_path / WAFERS, maps)
    made = measure(CONTENDERS.index(SHIPPED), tmp_path, 0.01)
    classifier = Classifier.load(BUNDLE)
    labels = classifier.manifest.policy.labels
    assert [labels[number] for number in made.labels] == [
        each.label for each in classifier.classify(maps)
    ]
    assert 0 < made.wafer.p50 <= made.wafer.p99
    assert made.peak_mb > 10


def test_wafers_of_many_sizes_come_back_as_they_were(tmp_path):
    maps = wafers.gather(Path("nowhere.npz"), 5)
    wafers.write(tmp_path / WAFERS, maps)
    again = wafers.read(tmp_path / WAFERS)
    assert len({each.shape for each in maps}) > 1
    assert all(np.array_equal(a, b) for a, b in zip(maps, again, strict=True))


def test_no_two_contenders_run_the_same_file_in_the_same_engine():
    assert len({(each.engine, each.file) for each in CONTENDERS}) == len(CONTENDERS)
    assert {each.engine for each in CONTENDERS} == set(Engine)


def test_a_section_is_replaced_and_the_rest_of_the_document_kept(tmp_path):
    document = tmp_path / "benchmarks.md"
    document.write_text(DOCUMENT)
    keep("model", "new\n", document)
    assert document.read_text() == DOCUMENT.replace("old", "new")


@pytest.mark.parametrize("missing", ["<!-- model -->\n", "<!-- /model -->\n"])
def test_a_document_without_both_markers_stays_as_it_is(tmp_path, missing):
    document = tmp_path / "benchmarks.md"
    document.write_text(DOCUMENT.replace(missing, ""))
    with pytest.raises(ValueError, match="expected <!-- model -->"):
        keep("model", "new", document)
    assert "old" in document.read_text()
