"""Two bundles on the same wafers: what they are worth, what a release would have changed, what they cost."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from generated_wafers import CLASSES, draw_wafer, write_set
from PIL import Image
from reviewed_wafers import write_reviewed

from edge_component.classifier import Classifier
from fabwafer.bundle import sealed
from fabwafer.errors import BundleError, ContractError
from fabwafer.release import COMPARISON, Comparison
from training.compare import Material, compare, main, replay
from training.data.learned import Learned
from training.data.lots import Split
from training.data.maps import Kind, Maps
from training.data.recent import read_recent, unseen
from training.data.wafers import WaferSet, splits
from training.worth.answers import Answers, OpenBundle, ask, routed, worth
from training.worth.metrics import confusion, macro_f1

LOC = CLASSES.index("Loc")


@pytest.fixture(scope="module")
def contender(bundle: Path) -> OpenBundle:
    return OpenBundle.of(bundle)


@pytest.fixture(scope="module")
def blind(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> OpenBundle:
    """The same network under a policy that asks a person about every wafer, and never heard of Loc but of Streak."""
    folder = tmp_path_factory.mktemp("blind") / "bundle"
    shutil.copytree(bundle, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    policy = manifest["policy"]
    policy["labels"] = ["Streak" if each == "Loc" else each for each in policy["labels"]]
    policy |= {"accept": dict.fromkeys(policy["labels"], 1.0), "model": "wafer-map@0.9.0"}
    manifest |= {"version": "0.9.0", "name": "wafer-map"}
    (folder / "manifest.json").write_text(json.dumps(sealed(manifest)))
    return OpenBundle.of(folder)


def answers(labels: list[str], accepted: list[bool], confidence: float = 0.9) -> Answers:
    size = len(labels)
    return Answers(
        labels=np.array(labels),
        confidence=np.full(size, confidence),
        accepted=np.array(accepted),
        refused=np.zeros(size, bool),
        alerts=np.array([label != "none" for label in labels]),
        normal="none",
    )


def test_figures_are_those_of_counting_by_hand() -> None:
    said = answers(["none", "none", "Loc", "Loc"], [True, True, True, False])
    found = worth(said, np.array(["none", "Loc", "Loc", "Donut"]))
    assert (found.wafers, found.accuracy, found.accepted) == (4, 0.5, 0.75)
    assert found.ece == pytest.approx(0.4)
    assert found.escapes == pytest.approx(1 / 3)
    assert found.labels["Loc"].model_dump() == {
        "wafers": 2, "called": 2, "recall": 0.5, "precision": 0.5, "f1": 0.5
    }  # fmt: skip
    assert found.labels["Donut"].recall == 0
    assert found.labels["Donut"].precision is None
    assert found.macro_f1 == pytest.approx((2 / 3 + 0.5 + 0) / 3)


def test_a_label_that_is_called_but_never_occurs_is_no_part_of_the_mean() -> None:
    found = worth(answers(["Loc", "none"], [True, True]), np.array(["none", "none"]))
    assert found.labels["Loc"].recall is None
    assert found.macro_f1 == pytest.approx(2 / 3)


def test_a_doubtful_wafer_is_a_review_and_a_sure_defect_an_alert() -> None:
    found = routed(answers(["none", "Loc", "Loc"], [True, False, True]))
    assert (found.alerts, found.reviews, found.by_label) == (2, 1, {"Loc": 2, "none": 1})


def test_figures_agree_with_those_of_the_evaluation(
    contender: OpenBundle, wafers: WaferSet, data: Path
) -> None:
    found = compare(contender, None, Material(data, Split.TEST)).test.candidate
    indices = splits(wafers)[Split.TEST]
    said = ask(contender, [wafers.maps[int(index)] for index in indices])
    predicted = np.array([CLASSES.index(str(each)) for each in said.labels])
    matrix = confusion(wafers.labels[indices], predicted, len(CLASSES))
    assert found.wafers == len(indices)
    assert found.macro_f1 == pytest.approx(float(macro_f1(matrix)))


def test_a_model_that_lacks_a_label_misses_its_wafers_and_is_compared_all_the_same(
    contender: OpenBundle, blind: OpenBundle, data: Path
) -> None:
    found = compare(contender, blind, Material(data, Split.TEST)).test
    assert found.current is not None
    assert found.candidate.labels["Loc"].recall
    assert found.current.labels["Loc"].recall == 0
    assert found.current.accepted == 0
    assert found.current.labels["Streak"].wafers == 0


def test_costs_are_of_both_models(contender: OpenBundle, blind: OpenBundle, data: Path) -> None:
    found = compare(contender, blind, Material(data, Split.TEST))
    assert found.current_cost is not None
    assert found.candidate_cost.size_bytes == found.current_cost.size_bytes > 0
    assert found.candidate_cost.latency_ms > 0


def test_the_replay_takes_unanswered_wafers_too(
    contender: OpenBundle, blind: OpenBundle, data: Path, tmp_path: Path
) -> None:
    manifest, pictures = write_reviewed(tmp_path, [LOC] * 10 + [None] * 30)
    found = compare(contender, blind, Material(data, Split.TEST, manifest, pictures))
    assert found.recent is not None
    assert found.replay is not None
    assert found.recent.candidate.wafers == 10
    assert found.replay.wafers == sum(found.replay.candidate.by_label.values()) == 40
    assert found.replay.current.reviews == 40
    changed = found.replay.candidate.by_label.get("Loc", 0)
    assert found.replay.changed == len(found.replay.examples) == changed > 0
    first = found.replay.examples[0]
    assert first.keys() == {"item", "fab", "camera", "current", "candidate", "probability"}
    assert (first["current"], first["candidate"], first["fab"]) == ("Streak", "Loc", "f1")


def test_wafers_of_lots_that_were_learned_from_measure_nothing(
    wafers: WaferSet, tmp_path: Path
) -> None:
    manifest, pictures = write_reviewed(tmp_path, [LOC] * 40, first_lot=0)
    recent, _ = read_recent(manifest, pictures, Kind.DIES)
    learned = Learned.of(wafers).lots
    kept = {each.lot for each in unseen(recent, learned)}
    assert kept == {lot for lot in range(10) if wafers.split_of(lot) is not Split.TRAIN}
    assert {each.lot for each in unseen(recent, ())} == set(range(10))


def redraw(manifest: Path, pictures: Path, change: Callable[[int, np.ndarray], np.ndarray]) -> None:
    """Archive other pictures of the same wafers."""
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    for number, line in enumerate(lines):
        path = pictures / line["image"]
        changed = change(number, np.asarray(Image.open(path)))
        Image.fromarray(changed).save(path)
        line["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text("\n".join(map(json.dumps, lines)))


def test_the_replay_saw_cleaned_pictures_and_refused_what_the_edge_never_would_or_the_reverse(
    contender: OpenBundle, bundle: Path, tmp_path: Path
) -> None:
    generator = np.random.default_rng(8)
    manifest, pictures = write_reviewed(tmp_path, [None] * 30)
    redraw(
        manifest,
        pictures,
        lambda _, grey: (grey + generator.normal(0, 25, grey.shape)).clip(0, 255).astype(np.uint8),
    )
    recent, _ = read_recent(manifest, pictures, Kind.DIES)
    edge = Classifier.load(bundle)
    refused = [
        each.refused
        for path in sorted(pictures.rglob("*.png"))
        for each in edge.classify([path.read_bytes()])
        if each.refused
    ]
    assert replay(contender, contender, recent).candidate.refused == len(refused) > 15


def test_a_picture_in_colour_is_refused_in_the_replay_as_the_edge_refuses_it(
    contender: OpenBundle, tmp_path: Path
) -> None:
    manifest, pictures = write_reviewed(tmp_path, [LOC] * 12)
    shades = (np.array([255, 40, 40]), np.array([255, 255, 255]))
    redraw(
        manifest,
        pictures,
        lambda number, grey: (grey[..., None] / 255 * shades[number > 2]).astype(np.uint8),
    )
    recent, unreadable = read_recent(manifest, pictures, Kind.DIES)
    assert (len(recent), unreadable) == (12, 0)
    assert replay(contender, contender, recent).current.refused >= 3
    assert [each.colour > 0.02 for each in recent] == [True] * 3 + [False] * 9


def test_one_picture_of_many_that_cannot_be_read_is_left_out_and_counted(
    contender: OpenBundle, data: Path, tmp_path: Path
) -> None:
    manifest, pictures = write_reviewed(tmp_path, [LOC] * 20)
    (pictures / "images" / "f1" / "3.png").write_bytes(b"no picture")
    (pictures / "images" / "f1" / "5.png").unlink()
    found = compare(contender, contender, Material(data, Split.TEST, manifest, pictures))
    assert found.replay is not None
    assert found.replay.wafers == 18
    assert found.left_out == {"archived pictures that cannot be read": 2}


def test_a_test_set_that_was_learned_from_passed_for_an_untouched_one(
    contender: OpenBundle, data: Path, wafers: WaferSet
) -> None:
    found = compare(contender, None, Material(data, learned=data))
    lots = sum(wafers.split_of(lot) is Split.TRAIN for lot in wafers.lots.tolist())
    assert found.left_out == {"test wafers of a lot that was learned from": lots}
    assert found.test.candidate.wafers == len(wafers) - lots


def test_a_turned_copy_of_a_learned_wafer_measures_nothing_either(wafers: WaferSet) -> None:
    learned = Learned.of(wafers)
    taught = splits(wafers)[Split.TRAIN]
    others = np.flatnonzero(~np.isin(wafers.lots, list(learned.lots)))
    maps = [np.rot90(wafers.maps[int(n)]) for n in taught[:7]]
    maps += [wafers.maps[int(n)] for n in others]
    size = len(maps)
    turned = replace(
        wafers,
        maps=Maps.of(maps),
        labels=np.zeros(size, np.int64),
        lots=np.full(size, 99_999),
        rows=np.arange(size),
    )
    kept, reasons = learned.without(turned, np.arange(size))
    assert kept.tolist() == list(range(7, size))
    assert reasons == {"turned or mirrored copies of a learned wafer": 7}


def test_a_test_set_of_which_hardly_a_wafer_is_new_is_refused(wafers: WaferSet) -> None:
    learned = Learned.of(wafers)
    with pytest.raises(ContractError, match="at least 50 wafers that were not learned from"):
        learned.without(wafers, np.flatnonzero(np.isin(wafers.lots, list(learned.lots))))


def test_without_archived_wafers_there_is_neither_recent_nor_replay(
    contender: OpenBundle, blind: OpenBundle, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "manifest.jsonl").touch()
    found = compare(contender, blind, Material(data, Split.TEST, tmp_path / "manifest.jsonl"))
    assert found.recent is None
    assert found.replay is None


def test_a_first_model_is_compared_with_none(contender: OpenBundle, data: Path) -> None:
    found = compare(contender, None, Material(data, Split.TEST))
    assert (found.current, found.test.current, found.current_cost) == (None, None, None)


def test_the_command_writes_what_the_rule_reads(bundle: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "model" / COMPARISON
    told = ["--candidate", str(bundle), "--current", str(bundle), "--test", str(data)]
    assert main([*told, "--split", "test", "--out", str(out)]) == 0
    found = Comparison.model_validate_json(out.read_bytes())
    assert found.test.candidate == found.test.current
    assert [each.name for each in out.parent.iterdir()] == [COMPARISON]


def test_an_altered_bundle_is_not_compared(bundle: Path, data: Path, tmp_path: Path) -> None:
    shutil.copytree(bundle, tmp_path / "b")
    (tmp_path / "b" / "model.onnx").write_bytes(b"x")
    with pytest.raises(BundleError):
        OpenBundle.of(tmp_path / "b")
    told = ["--candidate", str(tmp_path / "b"), "--test", str(data), "--out", str(tmp_path / "x")]
    assert main(told) == 1
    assert not (tmp_path / "x").exists()


def test_a_picture_that_is_not_the_one_that_was_reviewed_is_refused(tmp_path: Path) -> None:
    manifest, pictures = write_reviewed(tmp_path, [LOC])
    other = write_reviewed(tmp_path / "other", [LOC], seed=1)[1]
    shutil.copytree(other, pictures, dirs_exist_ok=True)
    with pytest.raises(ContractError, match="sha256"):
        read_recent(manifest, pictures, Kind.DIES)


def test_a_test_set_in_other_spelling_is_the_same(contender: OpenBundle, tmp_path: Path) -> None:
    generator = np.random.default_rng(4)
    labels = [n % 4 for n in range(24)]
    drawn = [draw_wafer(generator, label) for label in labels]
    path = write_set(tmp_path / "x.npz", drawn, labels, [7] * 24)
    expected = compare(contender, None, Material(path)).test
    members = dict(np.load(path))
    np.savez(
        tmp_path / "y.npz",
        **members | {"classes": np.array([each.upper().replace("-", "_") for each in CLASSES])},
    )
    assert compare(contender, None, Material(tmp_path / "y.npz")).test == expected
