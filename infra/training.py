"""Training: schedule -> start_training -> SageMaker job -> register_model, by its event -> signed bundle, rollout."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.context import Context
from infra.functions import Sizing
from infra.loop_shared import LoopShared
from infra.signing import Signing
from infra.training_context import machines
from infra.training_grants import let_register, let_start
from infra.training_role import job_role
from infra.training_told import HandedTo, registering, starting

_STARTING = Sizing(timeout_s=900, memory_mb=1024)
"""Ten thousand answers take a minute; the time is for a hundred thousand."""
_REGISTERING = Sizing(timeout_s=600, memory_mb=1024, storage_mb=4096)
_FOLLOW_MINUTES = 5


class Training(Construct):
    """The two functions, the role of the jobs, and what wakes the functions; context keys: `infra.training_context`.

    Attributes:
        start: start_training; the portal may invoke it, too.
        register: register_model.
        role: What a training job may do.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        shared: LoopShared,
        signing: Signing,
        rollout: sfn.IStateMachine,
    ) -> None:
        super().__init__(scope, construct_id)
        context, make = Context(self.node), shared.functions.make
        hired = machines(context, Stack.of(self))
        self.role = job_role(self, shared.functions.buckets, hired.image)
        told = registering(shared, context, hired, signing, rollout)
        self.register = make("register_model", told, _REGISTERING, shared.failures)
        let_register(self.register, shared, signing, rollout)
        to = HandedTo(self.register, rollout)
        wishes = starting(shared, context, hired, self.role, to)
        self.start = make("start_training", wishes, _STARTING, shared.failures)
        let_start(self.start, shared, self.role, to)
        self._wake(context)

    def _wake(self, context: Context) -> None:
        minutes = context.whole("training_minutes", 60, 1, 1440)
        self.tick = events.Rule(
            self,
            "Tick",
            description="Whether to train",
            schedule=events.Schedule.rate(Duration.minutes(minutes)),
            targets=[targets.LambdaFunction(self.start)],
        )
        self.look = events.Rule(
            self,
            "Look",
            description="How the training job fares",
            schedule=events.Schedule.rate(Duration.minutes(min(minutes, _FOLLOW_MINUTES))),
            targets=[
                targets.LambdaFunction(
                    self.start, event=events.RuleTargetInput.from_object({"follow": True})
                )
            ],
        )
        self.changes = events.Rule(
            self,
            "JobChanges",
            description="Training jobs that went on or ended",
            event_pattern=events.EventPattern(
                source=["aws.sagemaker"],
                detail_type=["SageMaker Training Job State Change"],
                detail={"TrainingJobName": events.Match.prefix("fabwafer-")},
            ),
            targets=[targets.LambdaFunction(self.register)],
        )
