"""Rollouts: a state machine that has release_model take one step after the other, and may be cut short anywhere."""

from aws_cdk import ArnFormat, Stack
from constructs import Construct

from infra.components import MODEL, SHADOW_MODEL
from infra.context import Context
from infra.fleet import MODEL_CANARIES, MODEL_EARLY, MODEL_EVERYONE
from infra.functions import Sizing, allow
from infra.loop_shared import LoopShared
from infra.model_policies import PREFIX
from infra.rollout_grants import grant_data, grant_fleet, grant_registry
from infra.rollout_machine import rollout_machine, rollout_machine_arn
from infra.signing import Signing
from lambdas.settings import ReleaseModelSettings

_SIZING = Sizing(timeout_s=120, memory_mb=1024)
_WEEK_S = 7 * 24 * 3600
_CONTEXT = {
    "rollout_poll_s": 3600,
    "rollout_shadow_wafers": 100_000,
    "rollout_canary_wafers": 100_000,
    "rollout_early_wafers": 100_000,
    "rollout_everyone_wafers": 100_000,
    "rollout_stage_s": 8 * _WEEK_S,
    "rollout_silent_s": _WEEK_S,
}
"""Context keys with the largest value of each; the defaults are those of the function's settings."""


class Rollout(Construct):
    """The state machine and its function.

    Context: `rollout_<stage>_wafers` (200, 200, 500, 500) end a stage, `rollout_stage_s` (three days) does at the
    latest; `rollout_poll_s` (60) between two looks; `rollout_silent_s` (900) without a heartbeat make a device silent.
    """

    def __init__(
        self, scope: Construct, construct_id: str, shared: LoopShared, signing: Signing
    ) -> None:
        super().__init__(scope, construct_id)
        stack, functions = Stack.of(self), shared.functions
        self.machine_arn = rollout_machine_arn(stack)
        usual = _told(self, shared, signing.key.key_arn, self.machine_arn)
        told = usual.model_copy(update=_lengths(Context(self.node)))
        self.function = functions.make("release_model", told, _SIZING, shared.failures)
        grant_data(self.function, functions)
        grant_fleet(self.function, told)
        grant_registry(self.function)
        allow(self.function, ["sns:Publish"], shared.notices.topic_arn)
        signing.allow_signing(self.function)
        allow(self.function, ["states:StartExecution"], self.machine_arn)
        self.machine = rollout_machine(self, self.function, functions.settings, _SIZING.timeout_s)


def _told(
    scope: Construct, shared: LoopShared, signing_key: str, machine_arn: str
) -> ReleaseModelSettings:
    stack, functions = Stack.of(scope), shared.functions
    tables = functions.tables
    return ReleaseModelSettings(
        papers_table=tables.papers.table_name,
        predictions_table=tables.predictions.table_name,
        reviews_table=tables.reviews.table_name,
        cameras_table=tables.cameras.table_name,
        models_bucket=functions.buckets.models.bucket_name,
        signing_key=signing_key,
        notices_topic_arn=shared.notices.topic_arn,
        rollout_machine_arn=machine_arn,
        thing_groups_arn=stack.format_arn(
            service="iot", resource="thinggroup", arn_format=ArnFormat.NO_RESOURCE_NAME
        ),
        components_arn=stack.format_arn(
            service="greengrass", resource="components", arn_format=ArnFormat.NO_RESOURCE_NAME
        ),
        canary_group=MODEL_CANARIES,
        early_group=MODEL_EARLY,
        everyone_group=MODEL_EVERYONE,
        model_component=MODEL,
        shadow_component=SHADOW_MODEL,
        models_parameter_prefix=PREFIX,
    )


def _lengths(context: Context) -> dict[str, int]:
    defaults = ReleaseModelSettings.model_fields
    return {
        key: context.whole(key, defaults[key].default, 1, most) for key, most in _CONTEXT.items()
    }
