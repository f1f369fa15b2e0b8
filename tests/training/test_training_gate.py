import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from generated_wafers import TINY

from fabwafer.bundle import MANIFEST, MODEL, read_bundle, sealed
from fabwafer.errors import ContractError
from training.bundle.gate import Contender, GateError, Limits, failures, gate
from training.bundle.graph import build
from training.bundle.writing import write_bundle
from training.data.lots import Split
from training.data.wafers import WaferSet
from training.export import FP32, Terms, export
from training.gate import main
from training.network.model import Network
from training.worth.comparison import BothGraphs, compare
from training.worth.deciding import decisions_of, truth_of
from training.worth.latency import race, to_time
from training.worth.metrics import Decisions
from training.worth.sessions import open_model

LABELS = ("none", "Center", "Scratch")
WAFERS = (9000, 20, 300)
LEVEL = BothGraphs(1.0, 1.0)


def decided(lost: dict[int, int] | None = None, confidence: float = 0.99) -> Decisions:
    """Wafers decided rightly, but the first so many of some classes, which are called the next class."""
    truth = np.repeat(np.arange(3), WAFERS)
    predicted = truth.copy()
    for label, count in (lost or {}).items():
        predicted[np.flatnonzero(truth == label)[:count]] = (label + 1) % 3
    probabilities = np.full((len(truth), 3), (1 - confidence) / 2)
    probabilities[np.arange(len(truth)), predicted] = confidence
    return Decisions(
        truth=truth,
        predicted=predicted,
        probabilities=probabilities,
        accepted=np.zeros(len(truth), bool),
        lots=np.arange(len(truth)) // 25,
        labels=LABELS,
        normal=0,
    )


def failed(
    int8: Decisions, fp32: Decisions, latency: BothGraphs = LEVEL, limits: Limits | None = None
) -> list[str]:
    return list(failures(compare(int8, fp32), latency, limits or Limits()))


def test_equals_pass() -> None:
    assert failed(decided(), decided()) == []


@pytest.mark.parametrize(
    ("lost", "name"),
    [
        pytest.param({2: 4}, None, id="one-point-and-one-wafer"),
        pytest.param({2: 5}, "Scratch", id="more"),
        pytest.param({1: 1}, None, id="one-of-few"),
        pytest.param({1: 2}, "Center", id="two-of-few"),
        pytest.param({0: 91}, None, id="of-many-one-point"),
        pytest.param({0: 92}, "none", id="of-many-more"),
    ],
)
def test_a_class_may_lose_one_point_of_recall_and_one_wafer(
    lost: dict[int, int], name: str | None
) -> None:
    lenient = Limits(macro_f1=1, ece=1)
    found = failed(decided(lost), decided(), limits=lenient)
    assert [each.split(":")[0] for each in found] == ([f"recall of {name}"] if name else [])


def test_a_refusal_says_what_was_lost_by_how_much() -> None:
    found = failed(decided({2: 6}), decided(), limits=Limits(macro_f1=1, ece=1))
    told = "expected at most 1 point and one wafer lost, got 6 of 300 wafers, 2.0 points"
    assert found == [f"recall of Scratch: {told}"]


def test_a_class_that_gains_as_much_as_it_loses_has_lost_nothing() -> None:
    int8, fp32 = decided({2: 30}), decided()
    fp32.predicted[-30:] = 0
    assert failed(int8, fp32, limits=Limits(ece=1)) == []


def test_many_small_losses_of_recall_cost_macro_f1() -> None:
    found = failed(decided({0: 80}), decided(), limits=Limits(ece=1))
    assert [each.split(":")[0] for each in found] == ["macro-F1"]


def test_the_one_wafer_that_costs_most_is_forgiven() -> None:
    spoilt = compare(decided({1: 1}), decided())
    assert spoilt.macro_f1.fp32 - spoilt.macro_f1.int8 > Limits().macro_f1
    assert spoilt.macro_f1_forgiven == pytest.approx(spoilt.macro_f1.fp32)
    assert failed(decided({1: 1}), decided()) == []


def test_probabilities_that_no_longer_mean_what_they_say_are_refused() -> None:
    (found,) = failed(decided(confidence=0.95), decided(confidence=0.99))
    assert found.startswith("calibration error: expected 0.0100")
    assert failed(decided(confidence=0.9885), decided(confidence=0.99)) == []


@pytest.mark.parametrize(
    ("int8_ms", "refused"),
    [
        pytest.param(0.9, 0, id="faster"),
        pytest.param(1.04, 0, id="even"),
        pytest.param(1.06, 1, id="slower"),
    ],
)
def test_a_slower_graph_is_refused(int8_ms: float, refused: int) -> None:
    found = failed(decided(), decided(), BothGraphs(int8_ms, 1.0))
    assert len(found) == refused
    assert all("5 % over 1.000 ms, got 1.060 ms" in each for each in found)


class Clocked:
    """Stands for a session that takes a while; the clock is the test's."""

    def __init__(self, clock: list[float], durations: list[float]) -> None:
        self.clock, self.durations, self.runs = clock, durations, 0

    def run(self, _outputs: None, _feeds: dict[str, np.ndarray]) -> None:
        self.clock[0] += self.durations[min(self.runs, len(self.durations) - 1)]
        self.runs += 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("training.worth.latency.time.thread_time", lambda: now[0])
    return now


MAPS = [np.zeros((2, 2), np.uint8)] * 50


def test_a_race_gives_the_medians_in_milliseconds(clock: list[float]) -> None:
    int8, fp32 = Clocked(clock, [0.5] * 20 + [0.001]), Clocked(clock, [0.002])
    assert race(int8, fp32, MAPS, 0.05) == BothGraphs(pytest.approx(1.0), pytest.approx(2.0))


def test_a_race_lost_is_run_again(clock: list[float]) -> None:
    busy_at_first = Clocked(clock, [0.009] * 70 + [0.001])
    assert race(busy_at_first, Clocked(clock, [0.002]), MAPS, 0.05).int8 == pytest.approx(1.0)


def test_a_race_lost_three_times_is_lost(clock: list[float]) -> None:
    slow = Clocked(clock, [0.004])
    assert race(slow, Clocked(clock, [0.002]), MAPS, 0.05).int8 == pytest.approx(4.0)
    assert slow.runs == 3 * 70


def test_a_bundle_carries_what_the_gate_saw(bundle: Path) -> None:
    seen = read_bundle(bundle).metrics["gate"]
    assert seen["splits"] == ["validation", "calibration"]
    assert set(seen["found"]) == set(read_bundle(bundle).policy.labels)
    assert seen["latency_ms"]["int8"] > 0


def test_the_gate_is_asked_about_a_bundle_by_itself(
    bundle: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # against itself, so that nothing hangs on what this machine makes of eight bits
    given = ["--bundle", str(bundle), "--against", str(bundle), "--data", str(data)]
    assert main([*given, "--split", "validation", "calibration"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["same_decisions"] == 1
    assert told["wafers"] == read_bundle(bundle).metrics["gate"]["wafers"]


@pytest.fixture
def spoilt(bundle: Path, tmp_path: Path) -> Path:
    """The bundle with a head that never says Loc, its manifest in order."""
    model = onnx.load(bundle / MODEL)
    for constant in model.graph.initializer:
        if list(constant.dims) == [4] and constant.data_type == onnx.TensorProto.FLOAT:
            values = onnx.numpy_helper.to_array(constant).copy()
            values[3] -= 50
            constant.CopyFrom(onnx.numpy_helper.from_array(values, constant.name))
    write_bundle(tmp_path / "spoilt", model.SerializeToString(), read_bundle(bundle))
    return tmp_path / "spoilt"


def test_a_bundle_that_lost_a_class_is_refused_by_name(
    spoilt: Path, bundle: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--bundle", str(spoilt), "--against", str(bundle), "--data", str(data)]
    assert main(given) == 1
    told = capsys.readouterr()
    assert "recall of Loc: expected at most 1 point and one wafer lost" in told.err
    assert "recall of Center" not in told.err
    assert "macro-F1: expected" in told.err
    assert not told.out


def test_the_command_takes_other_limits(
    bundle: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--bundle", str(bundle), "--against", str(bundle), "--data", str(data)]
    assert main([*given, "--split", "validation", "--limit-slower", "-1"]) == 1
    assert "latency: expected at most -100 % over" in capsys.readouterr().err
    assert main([*given, "--split", "validation", "--limit-slower", "9"]) == 0
    assert json.loads(capsys.readouterr().out)["limits"]["slower"] == 9


def test_a_refused_export_leaves_the_bundle_as_it_was(
    run_folder: Path, data: Path, bundle: Path, tmp_path: Path
) -> None:
    target = tmp_path / "bundle"
    shutil.copytree(bundle, target)
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    kept = (run_folder / FP32).read_bytes()
    with pytest.raises(GateError, match="latency: expected at most -100 % over"):
        export(run_folder, data, target, Terms(limits=Limits(slower=-1)))
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
    assert (run_folder / FP32).read_bytes() == kept


def test_the_float_graph_stays_with_the_run(
    bundle: Path, run_folder: Path, wafers: WaferSet
) -> None:
    policy = read_bundle(bundle).policy
    some = np.arange(60)
    pair = [
        Contender(session, decisions_of(session, wafers, some, policy))
        for session in map(open_model, (bundle / MODEL, run_folder / FP32))
    ]
    told = gate(*pair, to_time(wafers, some), Limits(slower=9))
    assert told["wafers"] == 60


def test_a_float_graph_of_other_labels_is_refused(
    bundle: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    onnx.save(build(Network(replace(TINY.shape, classes=3))), tmp_path / "x.onnx")
    given = ["--bundle", str(bundle), "--against", str(tmp_path / "x.onnx"), "--data", str(data)]
    assert main(given) == 1
    assert "probabilities: expected 4, the labels of" in capsys.readouterr().err


def asked(
    bundle: Path, against: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str]:
    given = ["--bundle", str(bundle), "--against", str(against), "--data", str(data)]
    return main(given), capsys.readouterr().err


@pytest.mark.parametrize(
    "changes, message",
    [
        pytest.param({"labels": ("Loc", "Center", "Edge-Ring", "none")}, "labels: exp", id="order"),
        pytest.param({"kind": "grey"}, "data.kind: expected dies", id="kind"),
        pytest.param({"kind": "photo"}, "data.kind: expected dies, grey, colour", id="no kind"),
    ],
)
def test_a_bundle_of_other_labels_was_compared_as_if_they_were_the_same(
    bundle: Path,
    data: Path,
    tmp_path: Path,
    changes: dict[str, object],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = tmp_path / "other"
    shutil.copytree(bundle, other)
    manifest = json.loads((other / MANIFEST).read_text())
    manifest["policy"] |= {name: value for name, value in changes.items() if name == "labels"}
    manifest["data"] |= {name: value for name, value in changes.items() if name == "kind"}
    (other / MANIFEST).write_text(json.dumps(sealed(manifest)))
    status, told = asked(bundle, other, data, capsys)
    assert status == 1
    assert message in told


@pytest.mark.parametrize(
    "old, new, message",
    [
        pytest.param("wafer", "x", "expected wafer -> probabilities, got ['x']", id="input"),
        pytest.param("probabilities", "p", "expected wafer -> probabilities, got", id="output"),
    ],
)
def test_a_graph_of_something_else_ended_in_a_trace(
    bundle: Path,
    data: Path,
    tmp_path: Path,
    old: str,
    new: str,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = onnx.load(bundle / MODEL)
    for node in model.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]
    for end in (*model.graph.input, *model.graph.output):
        end.name = new if end.name == old else end.name
    onnx.save(model, tmp_path / "x.onnx")
    status, told = asked(bundle, tmp_path / "x.onnx", data, capsys)
    assert status == 1
    assert message in told


def test_a_graph_of_colours_is_refused_beside_one_of_dies(
    bundle: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    onnx.save(build(Network(replace(TINY.shape, classes=4, input="colour"))), tmp_path / "x.onnx")
    status, told = asked(bundle, tmp_path / "x.onnx", data, capsys)
    assert status == 1
    assert "dimensions of wafer: expected 2, as the bundle has, got 3" in told


def test_a_name_in_the_data_that_no_wafer_has_does_no_harm(bundle: Path, wafers: WaferSet) -> None:
    more = replace(wafers, classes=(*wafers.classes, "Donut"))
    policy, some = read_bundle(bundle).policy, np.arange(9)
    assert truth_of(more, some, policy).tolist() == truth_of(wafers, some, policy).tolist()
    with pytest.raises(ContractError, match="got 'Donut'"):
        truth_of(replace(more, labels=more.labels + 1), np.arange(len(more)), policy)


@pytest.mark.parametrize("what", ["absent", "junk", "altered-bundle"])
def test_what_is_no_graph_is_refused(
    bundle: Path, data: Path, tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    against = tmp_path / "x"
    if what == "junk":
        against.write_bytes(b"no graph")
    elif what == "altered-bundle":
        shutil.copytree(bundle, against)
        (against / MANIFEST).write_text("{}")
    status, told = asked(bundle, against, data, capsys)
    assert status == 1
    assert str(against) in told


def test_splits_without_wafers_are_refused(
    bundle: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    members = dict(np.load(data))
    members["lot"][:] = 1
    np.savez(tmp_path / "x.npz", **members)
    given = ["--bundle", str(bundle), "--against", str(bundle), "--data", str(tmp_path / "x.npz")]
    assert [main([*given, "--split", each]) for each in Split].count(1) == 3
    assert "splits that have wafers" in capsys.readouterr().err
