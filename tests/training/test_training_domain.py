"""The same code learns another domain: photographs, other labels, a normal one of another name."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from generated_parts import CLASSES, write_parts
from tiny_runs import options

from edge_component.classifier import Classifier
from fabwafer.bundle import MODEL, read_bundle
from fabwafer.errors import ContractError
from training import export, train
from training.bundle.graph import TEMPERATURE, build
from training.data.collect import DESCRIPTION, collect
from training.data.lots import Split
from training.data.maps import Kind, Maps
from training.data.sources import read_wafers
from training.data.wafers import WaferSet, splits
from training.evaluate import Further, evaluate, main
from training.network.model import Architecture, Planes, WaferClassifier
from training.network.planes import at_once, planes_of
from training.network.run import Recipe, load, new_run
from training.network.start import begin_from
from training.worth.sessions import open_model

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Domain:
    kind: Kind
    folder: Path
    run: Path
    bundle: Path

    def wafers(self) -> WaferSet:
        return read_wafers(self.folder)


def learnt(place: Path, kind: Kind) -> Domain:
    """What two commands make of a folder of photographs."""
    found = Domain(kind, place / "parts", place / "run", place / "bundle")
    write_parts(found.folder, mode="RGB" if kind is Kind.COLOUR else "L")
    assert train.main(options(found.folder, found.run, "--normal=good", "--epochs=8")) == 0
    given = {"--run": found.run, "--data": found.folder, "--bundle": found.bundle}
    limits = {"--model": "parts@0.1", "--limit-slower": 9}  # so small a network may not gain
    if kind is Kind.GREY:  # rust is guessed, and every guess may come out otherwise
        limits |= {"--limit-recall": 1, "--limit-macro-f1": 1, "--limit-ece": 1}
    assert export.main([str(each) for pair in (given | limits).items() for each in pair]) == 0
    return found


@pytest.fixture(scope="module")
def colour(tmp_path_factory: pytest.TempPathFactory) -> Domain:
    return learnt(tmp_path_factory.mktemp("colour"), Kind.COLOUR)


@pytest.fixture(scope="module")
def grey(tmp_path_factory: pytest.TempPathFactory) -> Domain:
    return learnt(tmp_path_factory.mktemp("grey"), Kind.GREY)


@pytest.fixture(scope="module", params=["colour", "grey"])
def domain(request: pytest.FixtureRequest) -> Domain:
    found: Domain = request.getfixturevalue(request.param)
    return found


def figures_of(domain: Domain) -> dict[str, Any]:
    return dict(evaluate(domain.bundle, domain.folder, Split.TEST)[0])


def test_photographs_in_colour_are_told_apart(colour: Domain) -> None:
    assert figures_of(colour)["macro_f1"] > 0.9


def test_grey_alone_tells_scratches_but_not_rust(grey: Domain) -> None:
    classes = figures_of(grey)["classes"]
    assert classes["scratched"]["f1"] > 0.9
    assert min(classes["good"]["f1"], classes["rusty"]["f1"]) < 0.8


def test_the_bundle_says_what_it_judges(domain: Domain) -> None:
    manifest = read_bundle(domain.bundle)
    assert manifest.model == manifest.policy.model == "parts@0.1"
    assert manifest.policy.labels == CLASSES
    assert manifest.policy.normal == "good"
    assert manifest.data["kind"] == domain.kind
    (wafer,) = onnx.load(domain.bundle / MODEL).graph.input
    assert len(wafer.type.tensor_type.shape.dim) == (3 if domain.kind is Kind.COLOUR else 2)


def test_torch_float_and_int8_agree(domain: Domain) -> None:
    network = load(domain.run, CPU).averaged
    constants = onnx.load(domain.bundle / MODEL).graph.initializer
    found = next(each for each in constants if each.name == TEMPERATURE)
    temperature = float(onnx.numpy_helper.to_array(found))
    module = WaferClassifier(network, temperature)
    wafers = domain.wafers()
    pictures = [wafers.maps[int(n)] for n in splits(wafers)[Split.TEST]]
    with torch.inference_mode():
        answers = [module(torch.from_numpy(each)) for each in pictures]
    float_session = open_model(build(network, temperature).SerializeToString())
    floats, ints = (
        [session.run(["probabilities", "heat"], {"wafer": each}) for each in pictures]
        for session in (float_session, open_model(domain.bundle / MODEL))
    )
    for (probabilities, heat), (expected, expected_heat) in zip(floats, answers, strict=True):
        assert probabilities == pytest.approx(expected.numpy(), abs=1e-4)
        assert heat == pytest.approx(expected_heat.numpy(), abs=1e-3)
    sure = np.array([each[0].max() > 0.7 for each in floats])
    decided = [np.array([each[0].argmax() for each in rows]) for rows in (floats, ints)]
    assert sure.sum() > 20
    assert (decided[0] == decided[1])[sure].mean() > 0.97


def pictures_of_test_lots(domain: Domain) -> tuple[list[bytes], list[str]]:
    """Return the files as a camera would hand them over, and the names of their folders."""
    wafers = domain.wafers()
    paths = sorted(domain.folder.glob("*/*/*.png"))
    chosen = [paths[wafers.rows[n] - 1] for n in splits(wafers)[Split.TEST]]
    return [path.read_bytes() for path in chosen], [path.parts[-3] for path in chosen]


def test_the_edge_gives_the_right_labels_for_the_bytes_of_pictures(colour: Domain) -> None:
    pictures, labels = pictures_of_test_lots(colour)
    found = Classifier.load(colour.bundle).classify(pictures)
    assert np.mean([each.label == label for each, label in zip(found, labels, strict=True)]) > 0.95


def test_the_edge_decides_as_evaluation_does(domain: Domain) -> None:
    pictures, _ = pictures_of_test_lots(domain)
    found = Classifier.load(domain.bundle).classify(pictures)
    decisions = evaluate(domain.bundle, domain.folder, Split.TEST)[2]
    assert [each.label for each in found] == [CLASSES[n] for n in decisions.predicted]


def test_turned_photographs_get_the_same_decision(domain: Domain) -> None:
    changed = evaluate(domain.bundle, domain.folder, Split.TEST, Further(symmetries=True))[0]
    assert changed["changed_by_symmetry"]["views"] < 0.02


def test_photographs_of_another_kind_than_the_bundles_are_refused(
    colour: Domain, grey: Domain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--bundle", str(grey.bundle), "--data", str(colour.folder)]
    assert main([*given, "--json", str(tmp_path / "x.json")]) == 1
    assert "expected a picture of grey, as the others, got 'colours'" in capsys.readouterr().err
    assert not (tmp_path / "x.json").exists()


def test_grey_photographs_pass_for_coloured_ones(colour: Domain, grey: Domain) -> None:
    figures = evaluate(colour.bundle, grey.folder, Split.TEST)[0]
    assert figures["classes"]["scratched"]["recall"] > 0.5


def test_a_run_says_which_pictures_it_learnt_from(domain: Domain) -> None:
    assert load(domain.run, CPU).recipe.shape.kind is domain.kind


def test_a_set_without_the_normal_label_is_refused(
    colour: Domain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main(options(colour.folder, tmp_path / "run", "--normal=none")) == 1
    assert "normal: expected one of good, rusty, scratched, got 'none'" in capsys.readouterr().err


def test_too_few_photographs_to_validate_on_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = write_parts(tmp_path / "parts", lots=1)
    assert train.main(options(few, tmp_path / "run", "--normal=good")) == 1
    expected = "wafers in every split that is used (more lots, or a manifest that tells lots their"
    assert expected in capsys.readouterr().err


def test_a_name_that_no_prediction_may_carry_is_refused(
    colour: Domain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--run", str(colour.run), "--data", str(colour.folder), "--model", "no version"]
    assert export.main([*given, "--bundle", str(tmp_path / "b")]) == 1
    assert "--model: expected <name>@<version>, got 'no version'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_description_of_a_set_says_its_kind(colour: Domain, tmp_path: Path) -> None:
    collect([colour.folder], tmp_path / "out")
    described = json.loads((tmp_path / "out" / DESCRIPTION).read_text())
    assert described["kind"] == "colour"
    assert described["lots"] == 110
    assert read_wafers(tmp_path / "out").digest() == colour.wafers().digest()


@pytest.mark.parametrize("kind", list(Kind), ids=str)
@pytest.mark.parametrize("size", [(1, 1), (25, 25), (31, 96)], ids=str)
def test_planes_are_averages_of_what_the_picture_has(kind: Kind, size: tuple[int, int]) -> None:
    depth = (3,) if kind is Kind.COLOUR else ()
    highest = 3 if kind is Kind.DIES else 256
    picture = np.random.default_rng(2).integers(0, highest, (*size, *depth), dtype=np.uint8)
    planes = Planes(25, kind)(torch.from_numpy(picture)[None]).numpy()[0]
    assert planes.shape == (kind.planes, 25, 25)
    means = {
        Kind.DIES: [(picture > 0).mean(), (picture > 1).mean()],
        Kind.GREY: [picture.mean() / 255],
        Kind.COLOUR: picture.reshape(-1, picture.shape[-1]).mean(0) / 255,
    }[kind]
    assert planes.mean((1, 2)) == pytest.approx(means, abs=1e-4)


def test_stored_planes_know_the_kind() -> None:
    pictures = [np.full((4, 5, 3), (0, 51, 255), np.uint8), np.zeros((6, 4, 3), np.uint8)]
    planes = planes_of(Maps.of(pictures, Kind.COLOUR), np.arange(2), 9)
    assert planes[0].mean((1, 2)).tolist() == [0, 51, 255]
    assert not planes[1].any()


@pytest.mark.parametrize(
    "values, maps", [(300 * 205, 512), (504 * 504 * 3, 44), (7000 * 7000, 1)], ids=str
)
def test_large_pictures_are_made_planes_of_a_few_at_a_time(values: int, maps: int) -> None:
    assert at_once(values) == maps


def test_another_kind_is_another_digest() -> None:
    flat = np.ones((2, 4), np.uint8)
    sets = [
        WaferSet(
            Maps.of([flat], kind), np.zeros(1, int), np.zeros(1, int), np.zeros(1, int), ("a",)
        )
        for kind in (Kind.DIES, Kind.GREY)
    ]
    assert sets[0].digest() != sets[1].digest()


@pytest.mark.parametrize("share", [0.9, 0.99, 0.998])
def test_averaging_wore_the_filters_indices_down(share: float) -> None:
    shape = Architecture(side=9, widths=(32,), blocks=(1,))
    run = new_run(Recipe(averaging=share, shape=shape), CPU)
    for _ in range(100):
        run.average.update_parameters(run.network)
    for averaged, own in zip(run.averaged.buffers(), run.network.buffers(), strict=True):
        assert torch.equal(averaged, own)


def test_a_network_for_another_kind_does_not_begin_from_this(colour: Domain) -> None:
    with pytest.raises(ContractError, match="--begin-from"):
        begin_from(new_run(Recipe(), CPU), colour.run)
