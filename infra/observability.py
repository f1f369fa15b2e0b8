"""What somebody is woken by, and the one page that shows how the line is doing."""

from collections.abc import Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from infra.fleet_file import Camera
from infra.settings import Settings

_CLOUDWATCH = "cloudwatch.amazonaws.com"
_NAMESPACE = "FabWafer"
_PERIOD = Duration.minutes(5)
_OLDEST_S = 900
_SILENT_PERIODS = 3
"""A heartbeat comes every minute: a camera unheard for 15 minutes is silent."""


def alarm_topic(scope: Construct, settings: Settings) -> sns.Topic:
    """Make the topic of the alarms; its key is our own, for AWS' own for SNS does not admit CloudWatch.

    A topic policy of any kind, and refusing plain HTTP takes one, replaces the one by which CloudWatch may publish.
    """
    key = kms.Key(
        scope, "AlarmKey", enable_key_rotation=True, removal_policy=settings.removal_policy
    )
    key.grant_encrypt_decrypt(iam.ServicePrincipal(_CLOUDWATCH))
    topic = sns.Topic(
        scope, "AlarmTopic", display_name="FabWafer alarms", enforce_ssl=True, master_key=key
    )
    of_ours = {"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}}
    topic.grant_publish(iam.ServicePrincipal(_CLOUDWATCH, conditions=of_ours))
    if settings.alert_email:
        topic.add_subscription(subscriptions.EmailSubscription(settings.alert_email))
    return topic


class Alarms(Construct):
    """Every alarm; each tells the one topic when it goes off and when it is over."""

    def __init__(self, scope: Construct, construct_id: str, topic: sns.ITopic) -> None:
        super().__init__(scope, construct_id)
        self._action = actions.SnsAction(topic)

    def on_failures(self, name: str, queue: sqs.IQueue) -> None:
        """Alarm as soon as anything lies in a queue where failures end."""
        metric = queue.metric_approximate_number_of_messages_visible(
            period=_PERIOD, statistic="Maximum"
        )
        self._above(name, metric, 0, "A message could not be handled: look, mend, redrive.")

    def on_age(self, name: str, queue: sqs.IQueue) -> None:
        """Alarm when a queue's consumer does not keep up."""
        metric = queue.metric_approximate_age_of_oldest_message(period=_PERIOD, statistic="Maximum")
        self._above(name, metric, _OLDEST_S, "Messages wait: the consumer is too slow or fails.")

    def on_function(self, name: str, function: lambda_.IFunction) -> None:
        """Alarm when a function raises or is throttled."""
        errors = function.metric_errors(period=_PERIOD)
        self._above(f"{name}Errors", errors, 0, "An invocation raised: its log says what.")
        throttles = function.metric_throttles(period=_PERIOD)
        self._above(
            f"{name}Throttles", throttles, 0, "The account's Lambda concurrency is used up."
        )

    def on_executions(self, name: str, machine: stepfunctions.IStateMachine) -> None:
        """Alarm when an execution fails: what it watched over is unwatched."""
        failed = machine.metric_failed(period=_PERIOD, statistic="Sum")
        self._above(f"{name}Failed", failed, 0, "An execution failed: mend, then start it anew.")

    def on_server_errors(self, name: str, api: apigatewayv2.HttpApi) -> None:
        """Alarm when an API fails its callers, a function that takes too long included."""
        failed = api.metric_server_error(period=_PERIOD, statistic="Sum")
        self._above(name, failed, 0, "Callers got a 5xx: the function's log, or its time limit.")

    def on_quarantine(self, services: Sequence[str]) -> None:
        """Alarm when messages break the contract; the bucket says which and why."""
        for service in services:
            self._above(f"Quarantined-{service}", quarantined(service), 0, "See the bucket.")

    def on_silence(self, camera: Camera) -> None:
        """Alarm when a camera is not heard of; no data is the very fault."""
        alarm = heartbeats(camera).create_alarm(
            self,
            f"Silent-{camera.thing}",
            threshold=1,
            evaluation_periods=_SILENT_PERIODS,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
            alarm_description=f"No heartbeat of {camera.thing}: power, network or component.",
        )
        self._tell(alarm)

    def _above(self, name: str, metric: cloudwatch.Metric, threshold: float, meaning: str) -> None:
        alarm = metric.create_alarm(
            self,
            name,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=meaning,
        )
        self._tell(alarm)

    def _tell(self, alarm: cloudwatch.Alarm) -> None:
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)


def heartbeats(camera: Camera) -> cloudwatch.Metric:
    """Return how often a camera was heard of."""
    return _metric("Heartbeat", {"fab": camera.fab, "camera": camera.name})


def quarantined(service: str) -> cloudwatch.Metric:
    """Return how many messages a function put aside."""
    return _metric("Quarantined", {"service": service})


def _metric(name: str, dimensions: dict[str, str]) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=_NAMESPACE,
        metric_name=name,
        dimensions_map=dimensions,
        statistic="Sum",
        period=_PERIOD,
    )


def dashboard(
    scope: Construct,
    functions: Sequence[lambda_.IFunction],
    queues: Sequence[sqs.IQueue],
    failures: Sequence[sqs.IQueue],
    cameras: Sequence[Camera],
) -> cloudwatch.Dashboard:
    """Make the page: work and its wait on top, faults below, the cameras at the end."""
    page = cloudwatch.Dashboard(scope, "Dashboard", default_interval=Duration.hours(12))
    page.add_widgets(
        _graph("Invocations", [each.metric_invocations(period=_PERIOD) for each in functions]),
        _graph(
            "Oldest message (s)",
            [each.metric_approximate_age_of_oldest_message(period=_PERIOD) for each in queues],
        ),
        _graph("Duration (ms)", [each.metric_duration(period=_PERIOD) for each in functions]),
    )
    page.add_widgets(
        _graph("Errors", [each.metric_errors(period=_PERIOD) for each in functions]),
        _graph(
            "Failures to look at",
            [
                each.metric_approximate_number_of_messages_visible(period=_PERIOD)
                for each in failures
            ],
        ),
        _graph("Quarantined", [quarantined(service) for service in QUARANTINING]),
    )
    page.add_widgets(_silence(cameras))
    return page


QUARANTINING = ("route_prediction", "archive_image", "record_heartbeat")
"""The functions that meet messages from outside."""


def _graph(title: str, metrics: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, width=8, left=list(metrics))


def _silence(cameras: Sequence[Camera]) -> cloudwatch.GraphWidget:
    """A search takes in every camera, however many: a widget holds 500 metrics named one by one."""
    expression = f"SEARCH('{{{_NAMESPACE},fab,camera}} MetricName=\"Heartbeat\"', 'Sum', 300)"
    search = cloudwatch.MathExpression(expression=expression, using_metrics={}, label="")
    return cloudwatch.GraphWidget(
        title=f"Heartbeats of {len(cameras)} cameras", width=24, left=[search]
    )
