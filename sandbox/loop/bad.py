"""A deliberately bad candidate, approved by a person's mistake: what the rollout makes of it."""

import json
import time
from pathlib import Path

from fabwafer.bundle import read_bundle
from lambdas.loop.bundles import pack
from lambdas.loop.launching import LaunchDesk, launch
from lambdas.loop.records import ModelPaper, ModelState, RolloutPaper, Stage
from lambdas.loop.signing import Signer
from lambdas.stores.executions import Executions
from lambdas.stores.keys import SigningKey
from lambdas.stores.model_files import ModelBucket
from sandbox.loop.fab import LoopFab
from sandbox.loop.models import fetch, register_thresholds, spoilt
from sandbox.loop.rollouts import follow
from sandbox.loop.story import Story
from sandbox.subscriber import taken

_VERSION = "6.6.6"
MOST_WAFERS = 100
"""So many wafers may a bad candidate have seen when it is stopped."""


def bad_candidate(fab: LoopFab, story: Story, model: str) -> list[str]:
    """Launch it, follow it to its end, and return what is wrong with that."""
    good = fab.ledger.read(ModelPaper, model)
    if good is None:
        raise LookupError(model)
    taken(fab.cloud, fab.notices_url)
    bad = _registered(
        fab, spoilt(fetch(fab.cloud, good.key, fab.folder / "good"), fab.folder / "bad", _VERSION)
    )
    began = story.now_s
    desk = LaunchDesk(fab.ledger, _executions(fab))
    rollout = launch(desk, bad, round(time.time() * 1000))
    story.tell("a bad candidate is launched", began, model=bad, rollout=rollout.name)
    problems = follow(fab, story, rollout.name, wanted=Stage.ROLLED_BACK)
    return problems + _judge(fab, story, bad, rollout.name)


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


def _judge(fab: LoopFab, story: Story, bad: str, number: str) -> list[str]:
    """Count what it did: how many wafers it saw in the shadow, how many it decided, and who was told."""
    began = story.now_s
    paper = fab.ledger.read(RolloutPaper, number)
    figures = paper.stages[0].figures.get("seen") if paper and paper.stages else None
    seen = int(str(figures["wafers"])) if isinstance(figures, dict) else 0
    decided = sum(item.get("model") == bad for item in fab.cloud.items("PredictionsTable"))
    notices = [json.loads(body) for _, body in taken(fab.cloud, fab.notices_url)]
    about = [each for each in notices if each.get("kind") == "release" and bad in json.dumps(each)]
    stages = [log.stage.value for log in paper.stages] if paper else []
    story.tell(
        "what it did",
        began,
        stages=stages,
        wafers_seen_in_the_shadow=seen,
        wafers_it_decided=decided,
        notices=[str(each.get("subject")) for each in about],
    )
    problems = []
    if decided + (0 if len(stages) > 1 else seen) > MOST_WAFERS:
        problems.append(f"{bad}: expected an end within {MOST_WAFERS} wafers, got {seen + decided}")
    if not about:
        problems.append(f"{bad}: expected a notice of the way back, got {len(notices)} others")
    return problems
