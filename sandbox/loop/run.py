"""The whole loop: wafers flow, people answer, training starts by itself, a better model reaches every camera."""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from fabwafer.labels import WM811K
from lambdas.loop.records import MODEL, LinePaper, ModelPaper
from lambdas.loop.rollout_records import Stage
from sandbox.cameras import Play
from sandbox.fleet import FAB
from sandbox.loop.bad import Flows, bad_candidates
from sandbox.loop.data import Parts, Wafers, generated, only, parts_of, read, without, write
from sandbox.loop.fab import LoopFab, loop_fab
from sandbox.loop.first import GENERATED, REAL, Recipes, Start, first_model
from sandbox.loop.learning import learn
from sandbox.loop.models import fetch, recall, upload
from sandbox.loop.outcome import Outcome
from sandbox.loop.reviewers import reviewing
from sandbox.loop.rollouts import follow
from sandbox.loop.settings import CODE_KEY, context
from sandbox.loop.story import Story
from sandbox.orphans import kept_in, orphans
from sandbox.processes import ROOT
from sandbox.review_client import signed_in

LEFT_OUT = "Donut"
_RATE_PER_S = 2.0
_SETTLES_S = 180.0
_GAIN = 0.3
"""What the recall of the class that was left out must rise by at least."""


@dataclass(frozen=True)
class Wish:
    """What to run on.

    Attributes:
        data: An npz of labelled wafers, None for generated ones.
        keep: A new folder for logs, None for a temporary one.
    """

    data: Path | None = None
    keep: Path | None = None

    @property
    def recipes(self) -> Recipes:
        """Return how such wafers are learned from."""
        return REAL if self.data else GENERATED


def run(wish: Wish, console: Console) -> Outcome:
    """Close the loop once, then let two bad candidates try.

    Raises:
        SandboxError: If it cannot be set up, or a step does not come to its end.
    """
    story = Story(console)
    parts = parts_of(read(wish.data) if wish.data else generated(), LEFT_OUT)
    start = _begin(parts, wish.recipes, story)
    problems: list[str] = []
    with _fab(start, parts, wish, story) as fab:
        flows = _flows(fab, parts)
        fab.play(flows.usual)
        with reviewing(fab) as people:
            before = recall(start.bundle, parts.test)
            model = learn(fab, people, story)
            problems += follow(fab, story, "000001", wanted=Stage.DONE)
            after = _held_out(fab, model, parts, story, before)
            problems += bad_candidates(fab, story, model, start.bundle, flows)
        problems += _orphans(fab, story, flows.usual)
    if after[LEFT_OUT] < before.get(LEFT_OUT, 0.0) + _GAIN:
        problems.append(f"recall of {LEFT_OUT}: expected {_GAIN} more, got {after[LEFT_OUT]}")
    return Outcome(
        left_out=LEFT_OUT,
        summary=f"From a model that had never seen a {LEFT_OUT} to one that finds "
        f"{after[LEFT_OUT]:.0%} of them on every camera, in {story.now_s / 60:.0f} minutes.",
        recall_before=before,
        recall_after=after,
        steps=story.steps,
        problems=problems,
        minutes=round(story.now_s / 60, 1),
    )


def _begin(parts: Parts, recipes: Recipes, story: Story) -> Start:
    began = story.now_s
    with story.console.status("training a first model that lacks a class") as status:
        start = first_model(
            parts.base, recipes, lambda line: status.update(f"first model: [dim]{line}[/]")
        )
    story.tell(
        "first model",
        began,
        left_out=LEFT_OUT,
        learned_from=parts.base.counts(),
        from_cache=start.was_kept,
    )
    return start


@contextlib.contextmanager
def _fab(start: Start, parts: Parts, wish: Wish, story: Story) -> Iterator[LoopFab]:
    began = story.now_s
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fabwafer-loop-")))
        settings = context(wish.recipes)
        fab = stack.enter_context(loop_fab(start.bundle, settings, wish.keep, story.console))
        upload(fab.cloud, "base/base.npz", start.base.read_bytes())
        upload(fab.cloud, "test/test.npz", write(parts.test, scratch / "test.npz").read_bytes())
        upload(fab.cloud, "start/model.tar.gz", start.artefact.read_bytes())
        upload(fab.cloud, CODE_KEY, _code(scratch))
        with signed_in(fab.address, fab.person("admin")) as admin:
            admin.ask("PUT", f"/labels/{LEFT_OUT}", _new_label(fab.first.manifest.model))
        _invite(fab, story.console)
        story.tell(
            "set up",
            began,
            cameras=len(fab.cameras),
            model=fab.first.manifest.model,
            wafers_that_flow=parts.flow.counts(),
            a_new_label_for_reviewers=LEFT_OUT,
        )
        yield fab


def _flows(fab: LoopFab, parts: Parts) -> Flows:
    def play(name: str, wafers: Wafers) -> Play:
        return Play(0, write(wafers, fab.folder / f"{name}.npz"), _RATE_PER_S)

    return Flows(
        usual=play("flow", parts.flow),
        quiet=play("quiet", without(parts.flow, LEFT_OUT)),
        excursion=play("excursion", only(parts.flow, LEFT_OUT, WM811K.normal)),
    )


def _invite(fab: LoopFab, console: Console) -> None:
    admin = fab.person("admin")
    console.print(
        f"[bold]Portal[/] {fab.address}   {admin.name} / {admin.password}",
        highlight=False,
        soft_wrap=True,
    )


def _new_label(model: str) -> dict[str, object]:
    return {
        "fab": FAB,
        "model": model,
        "version": 0,
        "meaning": "A ring of failing dies around a centre that passes.",
        "neighbours": [],
        "examples": [],
    }


def _code(scratch: Path) -> bytes:
    out = scratch / "training.zip"
    script = ROOT / "scripts" / "build_training_code"
    command: list[str | Path] = [sys.executable, script, "--out", out]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own script
    return out.read_bytes()


def _held_out(
    fab: LoopFab, model: str, parts: Parts, story: Story, before: Mapping[str, float]
) -> dict[str, float]:
    began = story.now_s
    line = fab.ledger.read(LinePaper, MODEL)
    paper = fab.ledger.read(ModelPaper, line.current if line else model)
    if paper is None:
        raise LookupError(model)
    after = recall(fetch(fab.cloud, paper.key, fab.folder / "held-out"), parts.test)
    story.tell(
        "held-out wafers",
        began,
        model=paper.name,
        wafers=len(parts.test.dies),
        recall_before=before.get(LEFT_OUT, 0.0),
        recall_after=after[LEFT_OUT],
    )
    return after


def _orphans(fab: LoopFab, story: Story, play: Play) -> Sequence[str]:
    began = story.now_s
    fab.finish(play)
    found = story.wait("everything settles", lambda: _settled(fab), _SETTLES_S)
    story.tell("chains", began, orphans=len(found))
    return found


def _settled(fab: LoopFab) -> list[str] | None:
    if not fab.finished:
        return None
    waiting = sum(fab.cloud.depth(queue) for queue in ("PredictionsQueueUrl", "ReviewQueueUrl"))
    return None if waiting else orphans(kept_in(fab.cloud))
