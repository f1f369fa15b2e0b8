"""Deliberately bad candidates, approved by a person's mistake: what the rollout makes of them."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fabwafer.bundle import read_bundle
from lambdas.loop.bundles import pack
from lambdas.loop.launching import LaunchDesk, launch
from lambdas.loop.records import ModelPaper, ModelState
from lambdas.loop.rollout_records import RolloutPaper, Stage
from lambdas.loop.signing import Signer
from lambdas.stores.executions import Executions
from lambdas.stores.keys import SigningKey
from lambdas.stores.model_files import ModelBucket
from sandbox.cameras import Play
from sandbox.loop.fab import LoopFab
from sandbox.loop.models import fetch, register_thresholds, renamed, swapped
from sandbox.loop.rollouts import follow, nothing
from sandbox.loop.story import Story
from sandbox.subscriber import taken

MOST_WAFERS = 100
"""So many wafers may a bad candidate have seen, or decided, when it is stopped."""


@dataclass(frozen=True)
class Flows:
    """What the cameras capture.

    Attributes:
        usual: A mixture of all classes.
        quiet: The same without the class that the first model lacks.
        excursion: That class and normal wafers, half and half.
    """

    usual: Play
    quiet: Play
    excursion: Play


@dataclass(frozen=True)
class _Attempt:
    """A bad candidate: what is wrong with it, its bundle, and the stage that it must not survive."""

    wrong: str
    bundle: Path
    ends_in: Stage


def bad_candidates(fab: LoopFab, story: Story, model: str, first: Path, flows: Flows) -> list[str]:
    """Launch two, one after another, and return what is wrong with how they end.

    Shadow shows what is wrong with the first. The second is the model that the loop began with: while the class that it
    lacks does not occur, shadow has nothing against it; the class comes back when it decides on the canary's wafers.

    Args:
        fab: Where it happens.
        story: Where it is told.
        model: The good one.
        first: The bundle that the loop began with.
        flows: What the cameras capture.
    """
    good = fab.ledger.read(ModelPaper, model)
    if good is None:
        raise LookupError(model)
    bad = swapped(fetch(fab.cloud, good.key, fab.folder / "good"), fab.folder / "bad", "6.6.6")
    problems = _try(fab, story, _Attempt("Loc and normal are swapped", bad, Stage.SHADOW))
    fab.go_on(flows.quiet)
    forgetful = renamed(first, fab.folder / "forgetful", "7.7.7")

    def after(stage: Stage) -> None:
        if stage is Stage.SHADOW:
            fab.go_on(flows.excursion)

    lacks = _Attempt("it lacks a class that is absent in shadow", forgetful, Stage.CANARY)
    return problems + _try(fab, story, lacks, after)


def _try(
    fab: LoopFab, story: Story, attempt: _Attempt, left: Callable[[Stage], None] = nothing
) -> list[str]:
    taken(fab.cloud, fab.notices_url)
    bad = _registered(fab, attempt.bundle)
    began = story.now_s
    desk = LaunchDesk(fab.ledger, _executions(fab))
    rollout = launch(desk, bad, round(time.time() * 1000))
    story.tell(
        "a bad candidate is launched",
        began,
        model=bad,
        what_is_wrong=attempt.wrong,
        rollout=rollout.name,
    )
    problems = follow(fab, story, rollout.name, Stage.ROLLED_BACK, left)
    return problems + _judge(fab, story, attempt, bad, rollout.name)


def _registered(fab: LoopFab, bundle: Path) -> str:
    """Sign and register a bundle as the end of a training would."""
    emulator, outputs = fab.cloud.emulator, fab.cloud.outputs
    manifest = read_bundle(bundle)
    key = SigningKey(outputs["SigningKeyId"], emulator.client("kms"))
    files = ModelBucket(outputs["ModelsBucket"], emulator.client("s3"))
    signed = Signer(fab.ledger, files, key).sign(pack(bundle, manifest))
    register_thresholds(fab.cloud, manifest)
    paper = ModelPaper(
        name=manifest.model,
        state=ModelState.APPROVED,
        created_ms=round(time.time() * 1000),
        key=signed.key,
        manifest_sha256=signed.signature.manifest_sha256,
        signing_key=signed.signature.key,
        decided_by=fab.person("admin").name,
    )
    fab.ledger.keep_new(paper)
    return manifest.model


def _executions(fab: LoopFab) -> Executions:
    arn = fab.cloud.outputs["RolloutArn"]
    return Executions(arn, fab.cloud.emulator.client("stepfunctions"))


def _judge(fab: LoopFab, story: Story, attempt: _Attempt, bad: str, number: str) -> list[str]:
    """Count what it did: how many wafers it saw in the shadow, how many it decided, and who was told."""
    began = story.now_s
    paper = fab.ledger.read(RolloutPaper, number)
    stages = [log for log in paper.stages if not log.stage.is_end] if paper else []
    seen = stages[0].figures.get("seen") if stages else None
    shadowed = int(str(seen["wafers"])) if isinstance(seen, dict) else 0
    decided = sum(item.get("model") == bad for item in fab.cloud.items("PredictionsTable"))
    notices = [json.loads(body) for _, body in taken(fab.cloud, fab.notices_url)]
    about = [each for each in notices if each.get("kind") == "release" and bad in json.dumps(each)]
    story.tell(
        "what it did",
        began,
        stages=[log.stage.value for log in stages],
        wafers_seen_in_the_shadow=shadowed,
        wafers_it_decided=decided,
        notices=[str(each.get("subject")) for each in about],
    )
    problems = []
    if not stages or stages[-1].stage is not attempt.ends_in:
        last = stages[-1].stage.value if stages else "nothing"
        problems.append(f"{bad}: expected an end in {attempt.ends_in.value}, got {last}")
    harm = shadowed if attempt.ends_in is Stage.SHADOW else decided
    if harm > MOST_WAFERS:
        problems.append(f"{bad}: expected an end within {MOST_WAFERS} wafers, got {harm}")
    if not about:
        problems.append(f"{bad}: expected a notice of the way back, got {len(notices)} others")
    return problems
