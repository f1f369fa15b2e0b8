"""Reviews beyond doubt: a schedule -> pick_reviews -> review queue."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.context import Context
from infra.functions import Functions, Sizing, allow
from infra.loop_shared import LoopShared
from infra.tables import index_arn
from lambdas.settings import PickReviewsSettings

_SIZING = Sizing(timeout_s=300, memory_mb=1024)
"""A fab of 20,000 wafers a day takes some ten seconds."""
_MINUTES, _BUDGET, _SPREAD_H = 60, 40, 24


class Picking(Construct):
    """What asks reviewers about wafers that the models are sure of.

    Context: `pick_minutes` between two looks, `pick_budget` wafers of a fab on a day, `pick_spread_h` hours over which
    a day's budget is released (0, the sandbox's default, at once).
    """

    def __init__(
        self, scope: Construct, construct_id: str, shared: LoopShared, reviews: sqs.Queue
    ) -> None:
        super().__init__(scope, construct_id)
        context = Context(self.node)
        functions, spread_h = shared.functions, _SPREAD_H
        if functions.settings.in_sandbox:
            spread_h = 0
        tables = functions.tables
        told = PickReviewsSettings(
            predictions_table=tables.predictions.table_name,
            reviews_table=tables.reviews.table_name,
            papers_table=tables.papers.table_name,
            review_queue_url=reviews.queue_url,
            fabs=",".join(functions.settings.fabs),
            pick_budget=context.whole("pick_budget", _BUDGET, 0, 10_000),
            pick_spread_h=context.whole("pick_spread_h", spread_h, 0, 24),
        )
        self.function = functions.make("pick_reviews", told, _SIZING, shared.failures)
        _grant(self.function, functions)
        reviews.grant_send_messages(self.function)
        minutes = context.whole("pick_minutes", _MINUTES, 1, 1440)
        self.rule = events.Rule(
            self,
            "Schedule",
            description="Wafers that reviewers should see although their model was sure",
            schedule=events.Schedule.rate(Duration.minutes(minutes)),
            targets=[targets.LambdaFunction(self.function)],
        )


def _grant(function: lambda_.Function, functions: Functions) -> None:
    tables = functions.tables
    allow(function, ["dynamodb:BatchGetItem"], tables.predictions.table_arn)
    allow(function, ["dynamodb:Query"], index_arn(tables.predictions, "by_fab"))
    allow(function, ["dynamodb:BatchGetItem"], tables.reviews.table_arn)
    allow(function, ["dynamodb:GetItem", "dynamodb:PutItem"], tables.papers.table_arn)
