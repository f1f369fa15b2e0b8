"""A job that learns from what people answered, beginning from a model that lacks one of their labels."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from generated_wafers import CLASSES, TINY
from reviewed_wafers import write_reviewed
from tiny_runs import CPU, HYPERPARAMETERS, one_thread

from fabwafer.bundle import read_bundle
from fabwafer.errors import ContractError
from fabwafer.release import COMPARISON, Comparison
from training.container.environment import read_job
from training.container.steps import (
    bundle_in,
    collect_command,
    compare_command,
    export_command,
    manifest_in,
)
from training.data.choosing import without
from training.data.collect import DESCRIPTION
from training.data.wafers import WaferSet
from training.network.lessons import read_lessons
from training.network.loop import train
from training.network.run import load
from training.network.start import start

LOC = CLASSES.index("Loc")
TOLD = HYPERPARAMETERS | {
    "without": "Loc",
    "version": "1.1.0",
    "limit_slower": "9",  # so small a network may not gain
    "limit_ece": "1",
    "limit_recall": "1",
    "limit_macro_f1": "1",
}
pytestmark = pytest.mark.timeout(400)  # torch is imported by every program of a job


def channels(base: Path, linked: Mapping[str, Path], told: Mapping[str, str]) -> dict[str, str]:
    """Lay out a container whose channels are links; return its variables."""
    (base / "input" / "config").mkdir(parents=True)
    (base / "input" / "config" / "hyperparameters.json").write_text(json.dumps(told))
    (base / "input" / "data").mkdir()
    for name, folder in linked.items():
        (base / "input" / "data" / name).symlink_to(folder)
    return one_thread() | {"SAGEMAKER_BASE_DIR": str(base)}


@pytest.fixture(scope="module")
def handicapped(wafers: WaferSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a network that never saw a Loc."""
    folder = tmp_path_factory.mktemp("handicapped")
    rest = without(wafers, ["Loc"])
    run = start(TINY, rest, folder / "a", resume=False)
    train(run, read_lessons(rest, "none", TINY.shape.side, None, folder / "cache"), folder / "a")
    return folder / "a"


def zipped(bundle: Path, folder: Path) -> Path:
    folder.mkdir()
    with zipfile.ZipFile(folder / "wafer-map.zip", "w") as archive:
        for path in bundle.iterdir():
            if path.is_file():
                archive.write(path, path.name)
    return folder


@pytest.fixture(scope="module")
def retrained(
    data: Path, handicapped: Path, bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    base = tmp_path_factory.mktemp("retrained")
    manifest, pictures = write_reviewed(base / "reviewed", [LOC] * 80 + [0] * 20)
    recent, archived = write_reviewed(base / "recent", [LOC, 0, None] * 8, first_lot=5000)
    linked = {
        "train": data.parent,
        "labels": manifest.parent,
        "reviewed": pictures,
        "begin_from": handicapped,
        "current": zipped(bundle, base / "current"),
        "test": data.parent,
        "recent_labels": recent.parent,
        "recent": archived,
    }
    done = subprocess.run(
        (sys.executable, "-m", "training.job"),
        env=channels(base / "ml", linked, TOLD),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return base / "ml" / "model"


def test_the_candidate_knows_a_label_that_only_people_named(retrained: Path) -> None:
    manifest = read_bundle(retrained / "bundle")
    assert manifest.model == "wafer-map@1.1.0"
    assert manifest.policy.labels == ("none", "Center", "Edge-Ring", "Loc")
    run = load(retrained / "run", CPU)
    assert run.recipe.labels == manifest.policy.labels
    assert run.recipe.begin_from


def test_the_bundle_tells_what_it_learned_from_and_what_is_promised_of_each_label(
    retrained: Path,
) -> None:
    manifest = read_bundle(retrained / "bundle")
    sources = json.loads((retrained / DESCRIPTION).read_text())["sources"]
    assert manifest.data["sources"] == sources
    assert [source["wafers"] for source in sources] == [600, 100]
    assert sources[1]["classes"] == {"Loc": 80, "none": 20}
    assert manifest.metrics["promise"]["labels"].keys() == {"Center", "Edge-Ring", "Loc"}


def test_the_release_is_decided_by_both_models_on_test_recent_and_archived_wafers(
    retrained: Path,
) -> None:
    found = Comparison.model_validate_json((retrained / COMPARISON).read_bytes())
    assert (found.candidate, found.current) == ("wafer-map@1.1.0", "wafer-map@1.0.0")
    assert found.left_out["test wafers of a lot that was learned from"] > 300
    assert found.test.candidate.wafers == 600 - sum(found.left_out.values())
    evaluated = json.loads((retrained / "evaluation.json").read_text())
    assert evaluated["wafers"] == found.test.candidate.wafers
    assert found.test.candidate.labels["Loc"].recall
    assert found.recent is not None
    assert found.recent.candidate.wafers == 16
    assert found.replay is not None
    assert found.replay.wafers == 24


def test_without_channels_of_the_loop_a_job_learns_from_its_channel_alone(
    data: Path, tmp_path: Path
) -> None:
    job = read_job(channels(tmp_path, {"train": data.parent}, {}))
    assert not job.chooses
    assert job.data == job.channels["train"]
    assert "--current" not in compare_command(job)
    assert compare_command(job)[-2:] == ["--split", "test"]
    assert "--model" not in export_command(job)


@pytest.mark.parametrize("told", [{}, {"minutes": "5"}], ids=["all epochs", "some minutes"])
def test_a_job_of_few_minutes_exports_what_it_came_to_on_purpose(
    data: Path, tmp_path: Path, told: dict[str, str]
) -> None:
    job = read_job(channels(tmp_path, {"train": data.parent}, told))
    assert ("--unfinished" in export_command(job)) == bool(told)


def test_hyperparameters_choose_among_data(data: Path, tmp_path: Path) -> None:
    told = {"without": "Loc,Center", "lots": "0.5", "least": "3", "epochs": "2"}
    job = read_job(channels(tmp_path, {"train": data.parent}, told))
    assert job.parameters == {"epochs": "2"}
    words = " ".join(collect_command(job))
    assert "--without Loc Center" in words
    assert "--lots 0.5" in words
    assert "--least 3" in words
    assert job.data == tmp_path / "cache" / "data"


@pytest.mark.parametrize("names", [[], ["a.zip", "b.zip"]], ids=["nothing", "two"])
def test_a_channel_without_one_bundle_is_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(ContractError, match=r"expected manifest.json, or a bundle as one zip"):
        bundle_in(tmp_path, tmp_path / "scratch")


@pytest.mark.parametrize("names", [["x.json"], ["a.jsonl", "b.jsonl"]], ids=["none", "two"])
def test_a_channel_without_one_manifest_is_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(ContractError, match=r"expected one manifest"):
        manifest_in(tmp_path)


def test_what_else_lies_beside_a_manifest_does_no_harm(tmp_path: Path) -> None:
    for name in ("manifest.jsonl", "lineage.json", "pictures.manifest"):
        (tmp_path / name).touch()
    assert manifest_in(tmp_path) == tmp_path / "manifest.jsonl"


def test_a_damaged_bundle_of_the_model_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wafer-map.zip").write_bytes(b"PK")
    with pytest.raises(ContractError, match="a bundle's zip"):
        bundle_in(tmp_path, tmp_path / "scratch")


def test_a_bundle_that_lies_there_unpacked_is_taken(bundle: Path, tmp_path: Path) -> None:
    assert bundle_in(bundle, tmp_path) == bundle
