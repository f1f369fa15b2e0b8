"""topic -> rule -> queue or function (hop 4).

Rules only select: the published bytes travel as base64 with topic, time and client, for with `SELECT *` a payload
that is no JSON would never reach Python and be lost. What a message means is decided there.
"""

from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from fabwafer.topics import Kind, filters

BASIC_INGEST_RULES = {Kind.PREDICTION: "FabWaferPrediction", Kind.IMAGE: "FabWaferImage"}
"""The rules that a device may address as `$aws/rules/<rule>/<topic>`; hence their fixed names."""

_NAMES = BASIC_INGEST_RULES | {Kind.STATUS: "FabWaferStatus"}
_SQL_VERSION = "2016-03-23"
_SQL = (
    "SELECT encode(*, 'base64') AS payload, topic() AS topic, timestamp() AS received_ms,"
    " clientid() AS client FROM '{topic_filter}'"
)


@dataclass(frozen=True)
class Rule:
    """One topic rule's name and what it listens to."""

    name: str
    topic_filter: str

    @property
    def sql(self) -> str:
        """Return the rule's whole logic."""
        return _SQL.format(topic_filter=self.topic_filter)


def rules(kind: Kind) -> tuple[Rule, ...]:
    """Return the rules of one kind of message; the last bears the kind's name, the short form's a suffix."""
    *short, full = filters(kind)
    name = _NAMES[kind]
    return (*(Rule(f"{name}Short", each) for each in short), Rule(name, full))


class Ingest(Construct):
    """All rules, each with an error action and a role that can do just its own action."""

    def __init__(self, scope: Construct, construct_id: str, errors: sqs.IQueue) -> None:
        super().__init__(scope, construct_id)
        self._errors = errors

    def to_queue(self, kind: Kind, queue: sqs.IQueue) -> None:
        """Send every message of a kind to a queue."""
        for rule in rules(kind):
            role = self._role(rule, [queue, self._errors])
            self._rule(rule, role, _send_to(queue, role))

    def to_function(self, kind: Kind, function: lambda_.Function) -> None:
        """Invoke a function with every message of a kind, asynchronously."""
        for rule in rules(kind):
            role = self._role(rule, [self._errors])
            action = iot.CfnTopicRule.ActionProperty(
                lambda_=iot.CfnTopicRule.LambdaActionProperty(function_arn=function.function_arn)
            )
            created = self._rule(rule, role, action)
            created.add_resource_dependency(self._permission(rule, function))

    def _permission(self, rule: Rule, function: lambda_.Function) -> lambda_.CfnPermission:
        return lambda_.CfnPermission(
            self,
            f"{rule.name}Permission",
            action="lambda:InvokeFunction",
            function_name=function.function_arn,
            principal="iot.amazonaws.com",
            source_account=Stack.of(self).account,
            source_arn=self._arn(rule),
        )

    def _rule(
        self, rule: Rule, role: iam.Role, action: iot.CfnTopicRule.ActionProperty
    ) -> iot.CfnTopicRule:
        return iot.CfnTopicRule(
            self,
            rule.name,
            rule_name=rule.name,
            topic_rule_payload=iot.CfnTopicRule.TopicRulePayloadProperty(
                sql=rule.sql,
                aws_iot_sql_version=_SQL_VERSION,
                actions=[action],
                error_action=_send_to(self._errors, role),
            ),
        )

    def _role(self, rule: Rule, queues: list[sqs.IQueue]) -> iam.Role:
        """The policy is part of the role, so that no rule runs before it may do its action."""
        send = iam.PolicyStatement(
            actions=["sqs:SendMessage"], resources=[queue.queue_arn for queue in queues]
        )
        return iam.Role(
            self,
            f"{rule.name}Role",
            assumed_by=iam.ServicePrincipal(
                "iot.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": Stack.of(self).account},
                    "ArnEquals": {"aws:SourceArn": self._arn(rule)},
                },
            ),
            inline_policies={"Send": iam.PolicyDocument(statements=[send])},
        )

    def _arn(self, rule: Rule) -> str:
        return Stack.of(self).format_arn(service="iot", resource="rule", resource_name=rule.name)


def _send_to(queue: sqs.IQueue, role: iam.Role) -> iot.CfnTopicRule.ActionProperty:
    return iot.CfnTopicRule.ActionProperty(
        sqs=iot.CfnTopicRule.SqsActionProperty(
            queue_url=queue.queue_url, role_arn=role.role_arn, use_base64=False
        )
    )
