"""The loop's demonstration, where it needs no cloud: its wafers, its story, its page."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from edge_component.replay import Replay
from fabwafer.bundle import read_bundle
from fabwafer.errors import BundleError
from fabwafer.labels import WM811K
from sandbox.cameras import MODEL
from sandbox.errors import SandboxError
from sandbox.loop.data import Parts, Wafers, only, parts_of, read, without, write
from sandbox.loop.models import renamed, swapped
from sandbox.loop.outcome import Outcome
from sandbox.loop.page import page
from sandbox.loop.reviewers import Truths
from sandbox.loop.story import Step, Story

LEFT_OUT = "Donut"


@pytest.fixture(scope="module")
def wafers() -> Wafers:
    draw = np.random.default_rng(7)
    count = 2000
    return Wafers(
        dies=[np.ones((2, 3), np.uint8)] * count,
        lots=np.arange(count) // 5,
        numbers=np.arange(count) % 5 + 1,
        labels=draw.integers(9, size=count),
        classes=WM811K.names,
    )


@pytest.fixture(scope="module")
def parts(wafers: Wafers) -> Parts:
    return parts_of(wafers, LEFT_OUT)


def test_no_lot_is_in_two_parts(parts: Parts) -> None:
    base, flow, test = (set(each.lots.tolist()) for each in (parts.base, parts.flow, parts.test))
    assert not (base & flow or base & test or flow & test)


def test_only_what_training_starts_from_lacks_the_class(parts: Parts) -> None:
    counts = [each.counts()[LEFT_OUT] for each in (parts.base, parts.flow, parts.test)]
    assert counts[0] == 0
    assert min(counts[1:]) > 0


def test_the_same_wafers_are_split_alike(wafers: Wafers, parts: Parts) -> None:
    again = parts_of(wafers, LEFT_OUT)
    assert again.flow.lots.tolist() == parts.flow.lots.tolist()


def test_a_flow_can_be_quiet_of_a_class_or_full_of_it(parts: Parts) -> None:
    quiet, full = without(parts.flow, LEFT_OUT), only(parts.flow, LEFT_OUT, WM811K.normal)
    whole = parts.flow.counts()
    assert quiet.counts() == whole | {LEFT_OUT: 0}
    assert full.counts() == dict.fromkeys(whole, 0) | {
        name: whole[name] for name in (LEFT_OUT, WM811K.normal)
    }


def test_cameras_and_training_read_what_is_written(parts: Parts, tmp_path: Path) -> None:
    file = write(parts.base, tmp_path / "base.npz")
    back = read(file)
    assert LEFT_OUT not in back.classes
    assert [back.classes[n] for n in back.labels] == [WM811K.names[n] for n in parts.base.labels]
    assert Replay(file, 0, 4).wafer(0).dies.shape == (2, 3)


def test_the_bad_candidate_is_a_sound_bundle_with_two_labels_swapped(tmp_path: Path) -> None:
    bad = read_bundle(swapped(MODEL, tmp_path / "bad", "6.6.6"))
    good = read_bundle(MODEL)
    assert bad.model == "wafer-map@6.6.6"
    moved = [a for a, b in zip(good.policy.labels, bad.policy.labels, strict=True) if a != b]
    assert sorted(moved) == ["Loc", "none"]
    assert bad.files == good.files


def test_a_model_of_the_past_comes_again_as_another_version(tmp_path: Path) -> None:
    again, good = read_bundle(renamed(MODEL, tmp_path / "bad", "7.7.7")), read_bundle(MODEL)
    assert (again.model, again.policy.labels) == ("wafer-map@7.7.7", good.policy.labels)


def test_the_bad_candidate_leaves_the_good_one_alone(tmp_path: Path) -> None:
    swapped(MODEL, tmp_path / "bad", "6.6.6")
    with pytest.raises(BundleError):
        read_bundle(tmp_path / "nowhere")
    assert read_bundle(MODEL).version != "6.6.6"


def test_waiting_ends_when_patience_does_and_says_how_things_stand() -> None:
    story = Story(Console(file=io.StringIO()))
    with pytest.raises(SandboxError, match="a training.*needs 3 more"):
        story.wait("a training", lambda: None, 0.0, lambda: "needs 3 more")


def test_a_step_is_shown_and_kept() -> None:
    shown = io.StringIO()
    story = Story(Console(file=shown))
    story.tell("training", 0.0, state="completed", counts={"Donut": 3})
    assert [step.figures["state"] for step in story.steps] == ["completed"]
    assert "training" in shown.getvalue()
    assert "Donut 3" in shown.getvalue()


def outcome(*problems: str) -> Outcome:
    return Outcome(
        left_out=LEFT_OUT,
        summary="a <b>summary</b>",
        recall_before={"Loc": 0.9},
        recall_after={"Loc": 0.91, LEFT_OUT: 0.8},
        steps=[Step("answers", 10.0, 4.0, {"answered": {LEFT_OUT: 60}, "why": ("<i>",)})],
        problems=problems,
        minutes=12.3,
    )


def test_the_page_shows_every_figure_and_no_markup_of_its_data() -> None:
    text = page(outcome())
    assert "<b>summary</b>" not in text
    assert "<i>" not in text
    assert "0.910" in text
    assert "The loop closed" in text


def test_the_page_says_what_is_wrong() -> None:
    text = page(outcome("camera3 runs nothing"))
    assert "did not close" in text
    assert "camera3 runs nothing" in text


def test_the_json_holds_the_steps() -> None:
    told = json.loads(outcome().to_json())
    assert told["steps"][0]["figures"]["answered"] == {LEFT_OUT: 60}
    assert told["recall_after"][LEFT_OUT] == 0.8


def test_truths_are_read_on_as_a_journal_grows(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    truths = Truths([journal])
    line = {
        "imgid": "a",
        "timestamp": 1,
        "prediction": "none",
        "probability": 1.0,
        "sha256": "0",
        "captured_at": 1,
        "truth": LEFT_OUT,
    }
    assert truths.get("a~1") is None
    journal.write_text(json.dumps(line) + "\n")
    assert truths.get("a~1") == LEFT_OUT
