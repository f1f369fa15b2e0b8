"""What closes the loop: trainings, rollouts, drift, wafers picked for review; it can go and come back."""

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.assets import lambda_code
from infra.drift import Drift
from infra.fleet import MODEL_RINGS
from infra.functions import Functions
from infra.loop_portal import LoopPortal
from infra.loop_shared import LoopShared
from infra.model_policies import PREFIX
from infra.picking import Picking
from infra.queues import last_resort
from infra.rollout import Rollout
from infra.settings import Settings
from infra.stacks import DataStack, ServiceStack
from infra.training import Training


class LoopStack(Stack):
    """Functions on schedules and events, the rollouts' state machine."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: Settings,
        data: DataStack,
        service: ServiceStack,
    ) -> None:
        super().__init__(scope, construct_id, description="FabWafer: trainings, rollouts, drift")
        functions = Functions(self, settings, lambda_code(settings), data.tables, data.buckets)
        self.failures = last_resort(self, "FailedLoopInvocations")
        shared = LoopShared(functions, _notices(self, settings), self.failures)
        reviews = service.reviewing.work.queue

        rollout = Rollout(self, "Rollout", shared, data.signing)
        training = Training(self, "Training", shared, data.signing, rollout.machine)
        drift = Drift(self, "Drift", shared, reviews)
        picking = Picking(self, "Picking", shared, reviews)
        LoopPortal(
            self,
            "Portal",
            review_api=service.review_api.function,
            start_training=training.start,
            rollout=rollout.machine,
        )
        self.rollout = rollout.machine
        self.functions = {
            "StartTraining": training.start,
            "RegisterModel": training.register,
            "ReleaseModel": rollout.function,
            "WatchDrift": drift.function,
            "PickReviews": picking.function,
        }
        self._tell(shared.notices, rollout)

    def _tell(self, notices: sns.Topic, rollout: Rollout) -> None:
        _outputs(
            self,
            NoticesTopicArn=notices.topic_arn,
            RolloutArn=rollout.machine_arn,
            ModelRings=",".join(MODEL_RINGS),
            ModelsParameterPrefix=PREFIX,
            FailedLoopInvocationsQueueUrl=self.failures.queue_url,
            **{f"{name}Function": each.function_name for name, each in self.functions.items()},
        )


def _notices(scope: Construct, settings: Settings) -> sns.Topic:
    """Make the topic that tells engineers about models and machines; the alerts' subscriber gets it too."""
    topic = sns.Topic(
        scope,
        "Notices",
        display_name="FabWafer notices",
        enforce_ssl=True,
        master_key=kms.Alias.from_alias_name(scope, "SnsKey", "alias/aws/sns"),
    )
    if settings.alert_email:
        topic.add_subscription(subscriptions.EmailSubscription(settings.alert_email))
    return topic


def _outputs(stack: Stack, **values: str) -> None:
    for name, value in values.items():
        CfnOutput(stack, name, value=value)
