import json
import random
import stat
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sandbox import __main__ as command_line
from sandbox import portal_build, review_command, standing
from sandbox.cameras import read_journal
from sandbox.errors import SandboxError
from sandbox.people import SIMULATED, person, simulated, staff
from sandbox.portal_build import built
from sandbox.review_client import ConflictError, Given, ModelSaid, Statistics, Wafer
from sandbox.reviewer import Allowance, Diary, Habits, Reviewer, answer_to
from sandbox.reviewing import summary
from sandbox.standing import Standing

LABELS = ("none", "Center", "Edge-Loc", "Loc", "Scratch")


def draws() -> random.Random:
    return random.Random(1)  # noqa: S311 - a reviewer's errors, no secrets


def wafer(item: str = "img~1", said: str | None = "Loc", version: int = 1) -> Wafer:
    model = None if said is None else ModelSaid(label=said)
    return Wafer(item=item, version=version, labels=LABELS, model_answer=model)


@pytest.mark.parametrize(
    ("truth", "right", "said", "expected"),
    [
        pytest.param("Center", True, "Loc", {"Center"}, id="right"),
        pytest.param("Center", False, "Loc", {"Loc"}, id="anchored by a wrong model"),
        pytest.param(
            "Loc", False, "Loc", {"Edge-Loc", "none", "Center", "Scratch"}, id="neighbour"
        ),
        pytest.param("Loc", False, None, {"Edge-Loc", "none", "Center", "Scratch"}, id="blind"),
    ],
)
def test_who_errs_takes_a_label_for_one_it_could_be(
    truth: str, right: bool, said: str | None, expected: set[str]
) -> None:
    given = answer_to(wafer(said=said), truth, right, draws())
    assert given.verdict == "labels"
    assert set(given.labels) <= expected


@pytest.mark.parametrize("truth", [pytest.param(None, id="none"), pytest.param("Blob", id="new")])
def test_a_wafer_without_a_known_label_is_an_unknown_pattern(truth: str | None) -> None:
    assert answer_to(wafer(), truth, True, draws()) == Given(verdict="unknown")


def test_an_allowance_is_used_up_exactly() -> None:
    allowance = Allowance(3)
    assert [allowance.take() for _ in range(5)] == [True, True, True, False, False]


def test_an_allowance_that_was_ended_is_used_up() -> None:
    allowance = Allowance(None)
    assert not allowance.used_up
    allowance.end()
    assert allowance.used_up
    assert not allowance.take()


def test_without_a_limit_there_is_always_one_left() -> None:
    assert all(Allowance(None).take() for _ in range(1000))


class QueueOfOne:
    """The API to one person, as far as a reviewer uses it."""

    def __init__(self, items: list[str], stolen: frozenset[str] = frozenset()) -> None:
        self.person = person("sim1")
        self.versions = dict.fromkeys(items, 0)
        self.open = list(items)
        self.stolen = stolen
        self.kept: dict[str, str] = {}
        self.released: list[str] = []

    def next(self, fab: str, count: int) -> list[Wafer]:
        assert fab == "faba"
        taken, self.open = self.open[:count], self.open[count:]
        return [wafer(item, version=self.versions[item]) for item in taken]

    def answer(self, wafer: Wafer, given: Given, answer_id: str, took_ms: int | None = None) -> int:
        assert took_ms is None
        assert given.labels
        if wafer.item in self.stolen or wafer.version != self.versions[wafer.item]:
            raise ConflictError(wafer.item)
        self.versions[wafer.item] += 1
        self.kept[wafer.item] = answer_id
        return self.versions[wafer.item]

    def undo(self, item: str, version: int, answer_id: str) -> Wafer:
        assert version == self.versions[item]
        assert answer_id != self.kept.pop(item)
        self.versions[item] += 1
        return wafer(item, version=self.versions[item])

    def release(self, wafer: Wafer) -> None:
        self.released.append(wafer.item)


def worked(queue: Any, habits: Habits, items: int | None = None) -> Diary:
    truths = dict.fromkeys(queue.versions, "Loc")
    return Reviewer(queue, "faba", truths, habits, draws()).work(Allowance(items))


def test_a_reviewer_answers_until_the_queue_is_empty() -> None:
    queue = QueueOfOne([f"img{number}~1" for number in range(12)])
    diary = worked(queue, Habits(accuracy=1, undo_share=0))
    assert {each.item: each.answer_id for each in diary.answered} == queue.kept
    assert len(queue.kept) == 12
    assert all(each.right and each.agreed for each in diary.answered)


def test_what_was_taken_back_is_answered_anew_and_stands_once() -> None:
    queue = QueueOfOne([f"img{number}~1" for number in range(12)])
    diary = worked(queue, Habits(undo_share=1))
    assert len(diary.undone) == 12
    assert {each.item: each.answer_id for each in diary.answered} == queue.kept
    assert not set(diary.undone) & {each.answer_id for each in diary.answered}


def test_who_stops_gives_back_what_is_left_in_hand() -> None:
    queue = QueueOfOne([f"img{number}~1" for number in range(12)])
    diary = worked(queue, Habits(undo_share=0, at_once=5), items=7)
    assert len(diary.answered) == 7
    assert queue.released == ["img7~1", "img8~1", "img9~1"]


def test_what_somebody_else_was_faster_with_is_counted_and_left() -> None:
    queue = QueueOfOne(["a~1", "b~1", "c~1"], stolen=frozenset({"b~1"}))
    diary = worked(queue, Habits(undo_share=0))
    assert diary.refused == 1
    assert set(queue.kept) == {"a~1", "c~1"}


def test_errors_are_as_rare_as_they_are_wished() -> None:
    queue = QueueOfOne([f"img{number}~1" for number in range(2000)])
    diary = worked(queue, Habits(accuracy=0.97, undo_share=0))
    right = sum(each.right is True for each in diary.answered)
    assert 0.955 < right / 2000 < 0.985


def statistics(settled: int, **waiting: int) -> Statistics:
    backlog = [{"state": state, "count": count} for state, count in waiting.items()]
    return Statistics.model_validate({"backlog": backlog, "reviewers": [], "settled": settled})


def test_the_summary_tells_what_these_answers_did_and_no_earlier_ones() -> None:
    queue = QueueOfOne([f"img{number}~1" for number in range(4)])
    diary = worked(queue, Habits(accuracy=1, undo_share=1))
    result = summary([diary], statistics(5, open=4), statistics(8, open=0, second=1, disputed=2))
    assert (result.answered, result.right, result.agreed, result.shown) == (4, 4, 4, 4)
    assert (result.settled, result.open, result.second, result.disputed) == (3, 0, 1, 2)
    assert (result.undone, result.refused, result.reviewers) == (4, 0, {"sim1": 4})
    assert json.loads(result.to_json())["answered"] == 4


def test_every_role_is_there_and_somebody_of_another_fab() -> None:
    people = {each.name: set(each.groups) for each in staff()}
    assert {"reviewer", "engineer", "admin"} <= set.union(*people.values())
    assert sum(groups == {"reviewer", "fab:faba"} for groups in people.values()) == 2
    assert {"reviewer", "fab:fabb"} in people.values()


def test_no_two_passwords_are_the_same() -> None:
    people = [*staff(), *staff(), *simulated()]
    assert len({each.password for each in people}) == len(people)


def a_standing(folder: Path) -> Standing:
    return Standing(
        address="http://127.0.0.1:1",
        fab="faba",
        staff=tuple(staff()),
        simulated=tuple(simulated()),
        journals=(folder / "journal.jsonl", folder / "not-yet.jsonl"),
    )


def test_what_is_up_is_told_to_its_owner_alone_and_forgotten_afterwards(tmp_path: Path) -> None:
    place, is_up = tmp_path / "sandbox.json", a_standing(tmp_path)
    with standing.told(is_up, place):
        assert standing.find(place) == is_up
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
    with pytest.raises(SandboxError, match="no sandbox is up"):
        standing.find(place)


def test_a_sandbox_that_ends_leaves_the_word_of_a_later_one(tmp_path: Path) -> None:
    place, later = tmp_path / "sandbox.json", a_standing(tmp_path)
    with standing.told(a_standing(tmp_path), place):
        place.write_text(later.model_dump_json())
    assert standing.find(place) == later


def test_a_broken_word_of_what_is_up_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    place = tmp_path / "sandbox.json"
    place.write_text("{}")
    with pytest.raises(SandboxError, match=str(place)):
        standing.find(place)


def test_the_truth_is_what_the_cameras_know(tmp_path: Path) -> None:
    line = {
        "imgid": "img1",
        "timestamp": 1554134552945,
        "prediction": "Loc",
        "probability": 0.5,
        "sha256": "0",
        "captured_at": 1,
        "truth": "Scratch",
    }
    lines = [line, line | {"imgid": "img2", "truth": None}]
    text = "".join(json.dumps(each) + "\n" for each in lines) + '{"imgid": "half'
    (tmp_path / "journal.jsonl").write_text(text)
    assert len(read_journal(tmp_path / "journal.jsonl")) == 2
    assert a_standing(tmp_path).truths() == {"img1~1554134552945": "Scratch"}


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--accuracy", "1.5"], id="more than always right"),
        pytest.param(["--reviewers", str(SIMULATED + 1)], id="more than there are"),
        pytest.param(["--items", "0"], id="nothing"),
        pytest.param(["--looking", "-1"], id="back in time"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.main(["review", *arguments])
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_without_a_sandbox_there_is_nothing_to_review(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(review_command, "find", lambda: standing.find(tmp_path / "sandbox.json"))
    assert command_line.main(["review"]) == 2
    assert "no sandbox is up" in capsys.readouterr().err


def test_without_npm_the_missing_portal_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match="npm is missing"):
        built(Console(quiet=True), tmp_path)


@pytest.fixture
def unbuilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A portal without a build, and an npm that writes down what it is asked."""
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(
        '#!/bin/sh\necho "$1" >> asked\n[ ! -e broken ] || exit 3\n'
        "mkdir -p node_modules dist\ntouch dist/index.html node_modules/.package-lock.json\n"
    )
    npm.chmod(0o700)
    monkeypatch.setenv("PATH", f"{npm.parent}:/usr/bin:/bin")
    monkeypatch.setattr(portal_build, "_LOG", tmp_path / "logs" / "npm.log")
    portal = tmp_path / "portal"
    (portal / "src").mkdir(parents=True)
    (portal / "src" / "main.tsx").write_text("one")
    return portal


def test_a_missing_build_is_installed_for_and_built(unbuilt: Path) -> None:
    assert built(Console(quiet=True), unbuilt) == unbuilt / "dist"
    assert (unbuilt / "asked").read_text().split() == ["ci", "run"]


def test_a_built_portal_is_not_built_again(unbuilt: Path) -> None:
    built(Console(quiet=True), unbuilt)
    assert built(Console(quiet=True), unbuilt) == unbuilt / "dist"
    assert (unbuilt / "asked").read_text().split() == ["ci", "run"]


def test_a_portal_whose_sources_changed_is_built_anew(unbuilt: Path) -> None:
    built(Console(quiet=True), unbuilt)
    (unbuilt / "src" / "main.tsx").write_text("two")
    built(Console(quiet=True), unbuilt)
    assert (unbuilt / "asked").read_text().split() == ["ci", "run", "run"]


def test_what_is_installed_is_not_installed_again(unbuilt: Path) -> None:
    (unbuilt / "node_modules").mkdir()
    (unbuilt / "node_modules" / ".package-lock.json").write_text("{}")
    built(Console(quiet=True), unbuilt)
    assert (unbuilt / "asked").read_text().split() == ["run"]


def test_a_build_that_fails_ends_the_start_and_shows_why(unbuilt: Path) -> None:
    (unbuilt / "broken").touch()
    with pytest.raises(SandboxError, match=r"npm ci .* failed in .*npm\.log"):
        built(Console(quiet=True), unbuilt)
