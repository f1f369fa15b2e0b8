"""Drift: a schedule -> watch_drift -> papers, review queue, notices."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from fabwafer.fab_watch import REFERENCE_LOTS_PER_DAY
from infra.context import Context
from infra.functions import Functions, Sizing, allow
from infra.loop_shared import LoopShared
from infra.model_policies import PREFIX, allow_policies
from infra.tables import index_arn
from lambdas.settings import WatchDriftSettings

_SIZING = Sizing(timeout_s=300, memory_mb=1024)
_MINUTES = 15
_SETTLE_S, _SANDBOX_SETTLE_S = 120, 5


class Drift(Construct):
    """What watches process, cameras and models.

    Context: `drift_minutes` between two looks, `drift_lots_per_day` of one fab, `drift_settle_s` that a prediction may
    be late.
    """

    def __init__(
        self, scope: Construct, construct_id: str, shared: LoopShared, reviews: sqs.Queue
    ) -> None:
        super().__init__(scope, construct_id)
        context = Context(self.node)
        functions = shared.functions
        tables = functions.tables
        settle_s = _SANDBOX_SETTLE_S if functions.settings.in_sandbox else _SETTLE_S
        told = WatchDriftSettings(
            predictions_table=tables.predictions.table_name,
            reviews_table=tables.reviews.table_name,
            papers_table=tables.papers.table_name,
            cameras_table=tables.cameras.table_name,
            review_queue_url=reviews.queue_url,
            notices_topic_arn=shared.notices.topic_arn,
            models_parameter_prefix=PREFIX,
            fabs=",".join(functions.settings.fabs),
            drift_lots_per_day=context.whole(
                "drift_lots_per_day", REFERENCE_LOTS_PER_DAY, 1, 10_000
            ),
            drift_settle_s=context.whole("drift_settle_s", settle_s, 0, 3600),
        )
        self.function = functions.make("watch_drift", told, _SIZING, shared.failures)
        _grant(self.function, functions)
        reviews.grant_send_messages(self.function)
        allow(self.function, ["sns:Publish"], shared.notices.topic_arn)
        self.rule = events.Rule(
            self,
            "Schedule",
            description="Whether process, cameras or models have moved",
            schedule=events.Schedule.rate(
                Duration.minutes(context.whole("drift_minutes", _MINUTES, 1, 1440))
            ),
            targets=[targets.LambdaFunction(self.function)],
        )


def _grant(function: lambda_.Function, functions: Functions) -> None:
    tables = functions.tables
    for index in ("by_camera", "by_fab"):
        allow(function, ["dynamodb:Query"], index_arn(tables.predictions, index))
    allow(function, ["dynamodb:BatchGetItem"], tables.reviews.table_arn)
    allow(function, ["dynamodb:Query"], tables.cameras.table_arn)
    allow(function, ["dynamodb:GetItem", "dynamodb:PutItem"], tables.papers.table_arn)
    allow_policies(function)
