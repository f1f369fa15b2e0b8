"""Predictions: queue -> route_prediction -> table, alerts queue, review queue."""

from aws_cdk import aws_sqs as sqs
from constructs import Construct

from fabwafer.topics import Kind
from infra.functions import Functions, Sizing, allow, allow_quarantine
from infra.model_policies import PREFIX, allow_policies
from infra.queues import Intake, work_queue
from lambdas.settings import RoutePredictionSettings

_SIZING = Sizing(timeout_s=60)
_INTAKE = Intake(batch=100, window_s=1, most_instances=20)


class Routing(Construct):
    """The predictions queue and what decides about each of them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        functions: Functions,
        *,
        alerts: sqs.Queue,
        reviews: sqs.Queue,
    ) -> None:
        super().__init__(scope, construct_id)
        predictions, quarantine = functions.tables.predictions, functions.buckets.quarantine
        self.work = work_queue(
            self, "Predictions", consumer_timeout_s=_SIZING.timeout_s, window_s=_INTAKE.window_s
        )
        told = RoutePredictionSettings(
            predictions_table=predictions.table_name,
            alerts_queue_url=alerts.queue_url,
            review_queue_url=reviews.queue_url,
            quarantine_bucket=quarantine.bucket_name,
            models_parameter_prefix=PREFIX,
            audit_rate=functions.settings.audit_rate,
            keep_days=functions.settings.keep_days,
        )
        self.function = functions.make("route_prediction", told, _SIZING)
        self.work.feed(self.function, _INTAKE)
        allow(self.function, ["dynamodb:PutItem"], predictions.table_arn)
        alerts.grant_send_messages(self.function)
        reviews.grant_send_messages(self.function)
        allow_quarantine(self.function, quarantine, Kind.PREDICTION)
        allow_policies(self.function)
