"""Alerts: queue -> send_alerts -> the topic that people and machines subscribe to."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.functions import Functions, Sizing, allow
from infra.queues import Intake, work_queue
from infra.settings import Settings
from lambdas.settings import SendAlertsSettings

_SIZING = Sizing(timeout_s=360)
_INTAKE = Intake(batch=500, window_s=2, most_instances=2)
"""A batch of 500 different lots takes 300 s at its pace; two instances at 0.6 s stay under five messages a second."""
_ATTEMPTS = 12
"""More than elsewhere: a message that finds no time in its batch is put back, and that counts as an attempt."""


class Alerting(Construct):
    """The alert topic and what feeds it."""

    def __init__(self, scope: Construct, construct_id: str, functions: Functions) -> None:
        super().__init__(scope, construct_id)
        predictions = functions.tables.predictions
        self.topic = _topic(self, functions.settings)
        self.work = work_queue(
            self,
            "Alerts",
            consumer_timeout_s=_SIZING.timeout_s,
            window_s=_INTAKE.window_s,
            attempts=_ATTEMPTS,
        )
        told = SendAlertsSettings(
            predictions_table=predictions.table_name,
            alert_topic_arn=self.topic.topic_arn,
            portal_url=functions.settings.portal_url,
        )
        self.function = functions.make("send_alerts", told, _SIZING)
        self.work.feed(self.function, _INTAKE)
        allow(self.function, ["dynamodb:UpdateItem"], predictions.table_arn)
        allow(self.function, ["sns:Publish"], self.topic.topic_arn)


def _topic(scope: Construct, settings: Settings) -> sns.Topic:
    """The key is AWS' own for SNS: it admits whoever in this account may publish, and costs nothing."""
    topic = sns.Topic(
        scope,
        "Topic",
        display_name="FabWafer alerts",
        enforce_ssl=True,
        master_key=kms.Alias.from_alias_name(scope, "SnsKey", "alias/aws/sns"),
    )
    if settings.alert_email:
        topic.add_subscription(
            subscriptions.EmailSubscription(
                settings.alert_email,
                filter_policy={
                    attribute: sns.SubscriptionFilter.string_filter(allowlist=values)
                    for attribute, values in settings.alert_filter.items()
                }
                or None,
            )
        )
    return topic
