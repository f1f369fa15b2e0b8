"""a registered model's rollout -> shadow, canary, early ring, everyone, or back: one step of the state machine a call."""

import json
import re
import time
from functools import cache
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from fabwafer.fields import Count
from fabwafer.rollout import StageRule
from lambdas.loop.deploying import Deployer, Rings
from lambdas.loop.launching import hand_on
from lambdas.loop.ledger import Ledger
from lambdas.loop.notices import NoticeTopic
from lambdas.loop.ring_wafers import RingWafers
from lambdas.loop.rollout_end import Ending
from lambdas.loop.rollout_records import Stage
from lambdas.loop.rollouts import Roller
from lambdas.loop.sightings import Sighter
from lambdas.loop.signing import Signer
from lambdas.loop.watching import Watcher
from lambdas.loop.way_back import WayBack
from lambdas.policies import Policies
from lambdas.settings import ReleaseModelSettings
from lambdas.stores.channels import Parameters
from lambdas.stores.deployments import Deployments
from lambdas.stores.executions import Executions
from lambdas.stores.keys import SigningKey
from lambdas.stores.model_files import ModelBucket
from lambdas.stores.model_packages import Approvals
from lambdas.stores.papers import PaperTable
from lambdas.stores.reviews import WorkTable
from lambdas.stores.tables import CameraTable
from lambdas.stores.wafers import WaferTable
from lambdas.telemetry import Telemetry, observed

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MOST_STEPS = 1500
"""An execution's history holds 25,000 events, of which a step takes nine, and a step that fails five times thirty."""
_STEPS_OF_AN_ERROR = 5
_REASON_CHARACTERS = 500


class StepError(BaseModel):
    """What a step ended with when all its retries did, as Step Functions tells it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    error: str = Field("", alias="Error")
    cause: str = Field("", alias="Cause")

    @property
    def words(self) -> str:
        """Return it as a reason; the cause of a function's error is JSON."""
        found = re.search(r'"errorMessage":\s*"((?:[^"\\]|\\.)*)"', self.cause)
        message = json.loads(f'"{found[1]}"') if found else self.cause
        return f"a step failed: {self.error}: {message}"[:_REASON_CHARACTERS]


class StepInput(BaseModel):
    """What the state machine asks for; `steps` is how many its execution has taken, an error asks for the way back."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    rollout: str
    steps: Count = 0
    error: StepError | None = None


class StepOutput(BaseModel):
    """What the state machine does next: wait so many seconds, or end."""

    model_config = ConfigDict(frozen=True)

    rollout: str
    steps: Count
    next: Literal["wait", "end"]
    wait_s: Count = 0


def handler(event: dict[str, object], context: "LambdaContext") -> dict[str, object]:
    """Take one step of a rollout."""
    with observed("release_model", context) as telemetry:
        asked = StepInput.model_validate(event)
        return take(asked, _roller(), _executions(), telemetry).model_dump()


def take(
    asked: StepInput, roller: Roller, executions: Executions, telemetry: Telemetry
) -> StepOutput:
    """Take one step; hand a long rollout on to an execution of its own before this one's history is full."""
    now_ms = time.time_ns() // 1_000_000
    if asked.error is None:
        steps, wait_s = asked.steps + 1, roller.step(asked.rollout, now_ms)
    else:
        steps = asked.steps + _STEPS_OF_AN_ERROR
        wait_s = roller.turn_back(asked.rollout, asked.error.words, now_ms)
    failed = asked.error is not None
    telemetry.line("stepped", rollout=asked.rollout, failed=failed, wait_s=wait_s)
    if wait_s is not None and steps < MOST_STEPS:
        return StepOutput(rollout=asked.rollout, steps=steps, next="wait", wait_s=wait_s)
    if wait_s is not None:
        hand_on(executions, asked.rollout, now_ms)
    return StepOutput(rollout=asked.rollout, steps=steps, next="end")


def roller_of(settings: ReleaseModelSettings) -> Roller:
    """Return what a deployment's rollouts work with."""
    ledger = Ledger(PaperTable(settings.papers_table))
    files = ModelBucket(settings.models_bucket)
    fleet = Deployments(settings.thing_groups_arn, settings.components_arn)
    rings = Rings(
        settings.canary_group,
        settings.early_group,
        settings.everyone_group,
        settings.model_component,
        settings.shadow_component,
    )
    deployer = Deployer(fleet, files, rings)
    signer = Signer(ledger, files, SigningKey(settings.signing_key))
    cameras = CameraTable(settings.cameras_table)
    watcher = Watcher(
        ledger=ledger,
        sighter=Sighter(
            RingWafers(WaferTable(settings.predictions_table)),
            WorkTable(settings.reviews_table, ""),
            Policies(Parameters(settings.models_parameter_prefix).read),
        ),
        cameras=cameras,
        fleet=fleet,
        rings=rings,
        rules=rules_of(settings),
    )
    notices = NoticeTopic(settings.notices_topic_arn)
    silent_s, poll_s = settings.rollout_silent_s, settings.rollout_poll_s
    way_back = WayBack(ledger, deployer, signer, cameras, silent_s, poll_s)
    ending = Ending(ledger, way_back, notices, Approvals())
    return Roller(ledger, watcher, deployer, signer, ending, poll_s)


def rules_of(settings: ReleaseModelSettings) -> dict[Stage, StageRule]:
    """Return how long each stage lasts."""
    wanted = {
        Stage.SHADOW: settings.rollout_shadow_wafers,
        Stage.CANARY: settings.rollout_canary_wafers,
        Stage.EARLY: settings.rollout_early_wafers,
        Stage.EVERYONE: settings.rollout_everyone_wafers,
    }
    return {
        stage: StageRule(
            wanted=wafers,
            least=(wafers + 1) // 2,
            longest_s=settings.rollout_stage_s,
            silent_s=settings.rollout_silent_s,
            must_see=stage in (Stage.SHADOW, Stage.CANARY),
            last=stage is Stage.EVERYONE,
        )
        for stage, wafers in wanted.items()
    }


@cache
def _roller() -> Roller:
    return roller_of(ReleaseModelSettings())


@cache
def _executions() -> Executions:
    return Executions(ReleaseModelSettings().rollout_machine_arn)
