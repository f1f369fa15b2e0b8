"""What the functions of training are told, from context and resources."""

from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn

from infra.context import Context
from infra.loop_shared import LoopShared
from infra.model_policies import PREFIX
from infra.signing import Signing
from infra.training_context import Machines, cap_usd, first_model, options, release_rules
from lambdas.settings import RegisterModelSettings, StartTrainingSettings

GROUP = "FabWaferWaferMap"
"""The model package group."""


@dataclass(frozen=True)
class HandedTo:
    """Whom start_training hands on to: jobs that are over, and rollouts that nobody walks."""

    register: lambda_.IFunction
    rollout: sfn.IStateMachine


def starting(
    shared: LoopShared,
    context: Context,
    hired: Machines,
    role: iam.IRole,
    to: HandedTo,
) -> StartTrainingSettings:
    """Return the settings of start_training."""
    functions = shared.functions
    tables, buckets = functions.tables, functions.buckets
    model, key = first_model(context, functions.settings)
    return StartTrainingSettings(
        predictions_table=tables.predictions.table_name,
        reviews_table=tables.reviews.table_name,
        events_table=tables.events.table_name,
        papers_table=tables.papers.table_name,
        images_bucket=buckets.images.bucket_name,
        models_bucket=buckets.models.bucket_name,
        notices_topic_arn=shared.notices.topic_arn,
        register_function=to.register.function_name,
        rollout_arn=to.rollout.state_machine_arn,
        fabs=",".join(functions.settings.fabs),
        models_parameter_prefix=PREFIX,
        first_model=model,
        first_model_key=key,
        training_code_key=context.text("training_code", "code/training.zip"),
        training_role_arn=role.role_arn,
        training_image=hired.image.address,
        training_instance=hired.instance,
        training_instances=hired.instances,
        training_volume_gb=hired.volume_gb,
        training_spot=hired.spot,
        training_runtime_s=hired.runtime_s,
        training_wait_s=hired.wait_s,
        training_hyperparameters=options(context),
        training_hourly_usd=hired.hourly_usd,
        training_labels=context.whole("training_labels", 150, 1, 1_000_000),
        training_new_class=context.whole("training_new_class", 30, 1, 1_000_000),
        training_least=context.whole("training_least", 20, 1, 1_000_000),
        training_days=context.number("training_days", 7, 0, 3650),
        training_cap_usd=cap_usd(context, hired),
        training_pause_h=context.number("training_pause_h", 24, 0, 8760),
        held_out=context.number("training_held_out", 0.2, 0, 0.9),
        recent_days=context.number("recent_days", 7, 0, 3650),
        recent_wafers=context.whole("recent_wafers", 5000, 0, 100_000),
    )


def registering(
    shared: LoopShared,
    context: Context,
    hired: Machines,
    signing: Signing,
    rollout: sfn.IStateMachine,
) -> RegisterModelSettings:
    """Return the settings of register_model."""
    models = shared.functions.buckets.models
    return RegisterModelSettings(
        papers_table=shared.functions.tables.papers.table_name,
        models_bucket=models.bucket_name,
        notices_topic_arn=shared.notices.topic_arn,
        signing_key_id=signing.key.key_id,
        rollout_arn=rollout.state_machine_arn,
        package_group=GROUP,
        models_parameter_prefix=PREFIX,
        training_image=hired.image.address,
        training_instances=hired.instances,
        training_hourly_usd=hired.hourly_usd,
        approval=context.flag("training_approval", default=False),
        release_rules=release_rules(context),
    )
