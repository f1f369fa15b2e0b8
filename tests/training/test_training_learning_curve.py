import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from generated_wafers import TINY, draw_wafer, pack

from fabwafer.errors import ContractError
from training.curve.fixmatch import Consistency, pseudo_labelled, trusted
from training.curve.methods import Method, Setting
from training.curve.points import RESULT, Curve, Point, holds
from training.curve.shares import FEWEST, World, labelled, read_world
from training.data.lots import Split, split_of
from training.data.wafers import WaferSet, splits
from training.learning_curve import main, report
from training.network.augment import disturb
from training.network.planes import cached_planes, to_input

LABELS = np.repeat(np.arange(4), (900, 60, 30, 10))
SETTING = Setting(
    steps=6,
    recipe=replace(TINY, epochs=1, warm_up_epochs=0.1),
    consistency=Consistency(looked_at=24, taken=16, threshold=0.3),
)
TRAIN_LOTS = [lot for lot in range(1000, 1200) if split_of(lot) is Split.TRAIN]


@pytest.fixture(scope="module")
def world(wafers: WaferSet, tmp_path_factory: pytest.TempPathFactory) -> World:
    side = TINY.shape.side
    planes = cached_planes(wafers, side, tmp_path_factory.mktemp("cache"))
    return World(
        planes=planes,
        labels=wafers.labels,
        lots=wafers.lots,
        parts=splits(wafers),
        forms=planes[splits(wafers)[Split.TRAIN][:20]],
        classes=wafers.classes,
        normal=0,
        digest=wafers.digest(),
    )


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    generator = np.random.default_rng(5)
    drawn = [draw_wafer(generator, number % 4) for number in range(30)]
    return pack(tmp_path_factory.mktemp("unlabelled") / "u.npz", drawn, TRAIN_LOTS[:30])


@pytest.fixture(scope="module")
def curve(world: World, tmp_path_factory: pytest.TempPathFactory) -> Curve:
    return Curve(world, tmp_path_factory.mktemp("curve"), maps=200)


def test_a_share_keeps_every_class_and_no_fewer_than_a_few_wafers_of_it() -> None:
    assert np.bincount(LABELS[labelled(LABELS, 0.01, 1)]).tolist() == [9, FEWEST, FEWEST, FEWEST]
    assert np.bincount(LABELS[labelled(LABELS, 0.5, 1)]).tolist() == [450, 30, 15, 5]


def test_a_class_smaller_than_a_few_is_kept_whole() -> None:
    labels = np.array([0] * 500 + [1] * 2)
    assert (labels[labelled(labels, 0.01, 1)] == 1).sum() == 2


def test_another_seed_draws_other_wafers() -> None:
    assert labelled(LABELS, 0.1, 1).tolist() != labelled(LABELS, 0.1, 2).tolist()


def test_all_labels_are_all_wafers() -> None:
    assert labelled(LABELS, 1.0, 1).tolist() == list(range(1000))


def test_a_wafer_of_a_small_share_is_in_the_larger_ones() -> None:
    shares = [set(labelled(LABELS, share, 1).tolist()) for share in (0.01, 0.1, 0.5)]
    assert shares[0] < shares[1] < shares[2]


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01])
def test_no_share_is_refused(share: float) -> None:
    with pytest.raises(ContractError, match="share: expected above 0, at most 1"):
        labelled(LABELS, share, 1)


def test_wafers_with_and_without_labels_are_of_training_lots_and_none_is_both(
    world: World,
) -> None:
    train = world.parts[Split.TRAIN]
    known = world.lessons(0.3, 1).indices
    pool = world.pool(0.3, 1, 10_000)
    assert set(known.tolist()) < set(train.tolist())
    assert len(pool) == len(train) - len(known) + len(world.forms)
    hidden = np.setdiff1d(train, known)
    assert np.array_equal(pool[: len(hidden)], world.planes[hidden])


def test_a_pool_holds_so_many_of_both_kinds(world: World) -> None:
    assert len(world.pool(0.3, 1, 50)) == 50
    assert len(world.pool(1.0, 1, 50)) == len(world.forms)


@pytest.mark.parametrize("method", Method)
def test_hidden_labels_change_nothing(
    method: Method, world: World, curve: Curve, tmp_path: Path
) -> None:
    share = 0.3
    lied = replace(world, labels=with_hidden_labels_changed(world, share))
    assert (lied.labels != world.labels).sum() >= 20
    point = Point(method, share, SETTING)
    other = Curve(lied, tmp_path, curve.split, maps=200)
    assert other.measured(point)["macro_f1"] == curve.measured(point)["macro_f1"]
    weights, same = (torch.load(each.checkpoint(point)) for each in (curve, other))
    assert all(torch.equal(weights["average"][k], same["average"][k]) for k in same["average"])


def with_hidden_labels_changed(world: World, share: float) -> np.ndarray:
    """Swap labels of hidden wafers, as far as the draw of the share itself does not change by that."""
    generator = np.random.default_rng(0)
    train, labels = world.parts[Split.TRAIN], world.labels.copy()
    known = labelled(labels[train], share, SETTING.recipe.seed)
    hidden = np.delete(train, known)
    for one, other in generator.choice(hidden, (200, 2)):
        swapped = labels.copy()
        swapped[[one, other]] = labels[[other, one]]
        if np.array_equal(labelled(swapped[train], share, SETTING.recipe.seed), known):
            labels = swapped
    return labels


def test_a_sure_opinion_is_trusted_and_a_doubtful_one_is_not() -> None:
    opinions = torch.tensor([[0.05, 0.95], [0.25, 0.75], [0.79, 0.21], [0.85, 0.15]])
    assert trusted(opinions, 0, Consistency(threshold=0.8)).tolist() == [0, 3]


def test_no_more_maps_are_taken_as_normal_than_as_defects() -> None:
    opinions = torch.tensor([[0.9, 0.1]] * 50 + [[0.1, 0.9]] * 3)
    chosen = trusted(opinions, 0, Consistency(taken=16, threshold=0.8))
    assert chosen.tolist() == [50, 51, 52, 0, 1, 2]


def test_no_more_maps_are_taken_than_there_is_room_for() -> None:
    opinions = torch.tensor([[0.9, 0.1], [0.1, 0.9]] * 50)
    assert len(trusted(opinions, 0, Consistency(taken=16, threshold=0.8))) == 16


class Opinionated(torch.nn.Module):
    """Says the same of all maps."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.tensor([0.0, 2.0]).expand(len(images), -1)


@pytest.mark.parametrize(
    ("hard", "target"), [(False, 0.8808), (True, 1.0)], ids=["probabilities", "first choice"]
)
def test_a_pseudo_label_is_the_opinion_of_the_weakly_changed_map(hard: bool, target: float) -> None:
    rule = Consistency(threshold=0.8, hard=hard)
    batch = pseudo_labelled(Opinionated(), torch.rand(4, 2, 9, 9), 0, rule)
    assert batch.targets[:, 1].tolist() == pytest.approx([target] * 4, abs=1e-4)


def test_with_nothing_sure_there_is_nothing_to_learn() -> None:
    batch = pseudo_labelled(Opinionated(), torch.rand(4, 2, 9, 9), 0, Consistency(threshold=0.9))
    assert batch.images.shape == (0, 2, 9, 9)
    assert batch.targets.shape == (0, 2)


def test_a_disturbed_wafer_has_no_die_where_there_was_none(world: World) -> None:
    images = to_input(world.planes[np.arange(50)])
    torch.manual_seed(1)
    disturbed = disturb(images)
    assert (disturbed[:, 0] <= images[:, 0]).all()
    assert (disturbed[:, 1] <= disturbed[:, 0] + 1e-6).all()
    assert (disturbed[:, 1] >= -1e-6).all()
    assert (disturbed[:, 1] > images[:, 1]).any()


def test_at_most_an_eighth_of_a_wafer_is_cut_out() -> None:
    torch.manual_seed(1)
    axis = torch.linspace(-1, 1, 33)
    dies = (torch.hypot(axis[:, None], axis[None, :]) <= 1).float()
    whole = torch.stack((dies, torch.zeros_like(dies))).expand(200, -1, -1, -1)
    left = disturb(whole)[:, 0].sum((1, 2)) / dies.sum()
    assert left.min() >= 0.85
    assert left.max() > 0.99


def test_a_finished_point_is_not_repeated(curve: Curve) -> None:
    point = Point(Method.LABELS, 0.5, SETTING)
    first = curve.measured(point)
    written = curve.checkpoint(point).stat().st_mtime_ns
    assert curve.measured(point) == first
    assert curve.checkpoint(point).stat().st_mtime_ns == written


def test_a_point_that_was_killed_before_its_figures_is_made_again(curve: Curve) -> None:
    point = Point(Method.LABELS, 0.4, SETTING)
    first = curve.measured(point)
    (point.folder(curve.out) / RESULT).unlink()
    again = curve.measured(point)
    assert {**first, "processor_s": 0} == {**again, "processor_s": 0}


def test_a_point_of_another_setting_is_not_taken_for_this_one(curve: Curve) -> None:
    curve.measured(Point(Method.LABELS, 0.5, SETTING))
    with pytest.raises(ContractError, match="setting"):
        curve.measured(Point(Method.LABELS, 0.5, replace(SETTING, steps=7)))


def test_a_point_from_before_the_recipe_could_say_more_is_still_that_point() -> None:
    now = {"steps": 6, "recipe": {"batch": 32, "defect_power": 1.0}}
    assert holds({"steps": 6, "recipe": {"batch": 32}}, now)
    assert not holds({"steps": 6, "recipe": {"batch": 64}}, now)
    assert not holds({"steps": 6, "recipe": {"gone": 1}}, now)


def test_the_report_has_the_finished_points_and_what_they_gain(curve: Curve) -> None:
    points = [Point(method, 0.3, SETTING) for method in Method]
    for point in points[:2]:
        curve.measured(point)
    read = report(curve, [*points, Point(Method.FIXMATCH, 0.9, SETTING)], "command")
    rows = {row["method"]: row for row in read["points"]}
    assert read["split"] == "test"
    assert read["wafers"] == len(curve.world.parts[Split.TEST])
    assert rows["labels"]["labels"] == len(curve.world.lessons(0.3, 1).indices)
    low, high = rows["labels"]["interval_95"]
    assert 0 <= low <= rows["labels"]["macro_f1"] <= high <= 1
    low, high = rows["distillation"]["gain_over_labels_95"]
    assert -1 <= low <= high <= 1
    assert "gain_over_labels_95" not in rows["labels"]


def test_forms_are_of_training_lots_and_found_once(
    wafers: WaferSet, unlabelled: Path, tmp_path: Path
) -> None:
    first = read_world(wafers, unlabelled, TINY, 12, tmp_path)
    assert len(first.forms) == 12
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = read_world(wafers, unlabelled, TINY, 12, tmp_path)
    assert np.array_equal(first.forms, again.forms)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == kept


def test_a_curve_is_measured_from_the_command_line(
    data: Path, unlabelled: Path, tmp_path: Path
) -> None:
    out = tmp_path / "curve.json"
    given = ["--data", str(data), "--unlabelled", str(unlabelled), "--out", str(tmp_path / "runs")]
    more = ["--json", str(out), "--steps", "2", "--shares", "0.5", "--methods", "labels"]
    assert main([*given, *more, "--cache", str(tmp_path / "cache")]) == 0
    read = json.loads(out.read_text())
    assert [(row["share"], row["method"]) for row in read["points"]] == [(0.5, "labels")]
    assert read["command"].startswith("python -m training.learning_curve --data")


def test_a_missing_file_is_reported(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--data", str(data), "--unlabelled", str(tmp_path / "none.npz")]
    assert main([*given, "--out", str(tmp_path), "--json", str(tmp_path / "j")]) == 1
    assert "--unlabelled" in capsys.readouterr().err
