"""A Lambda function: own log group, own role that may write there, environment from its settings class."""

from dataclasses import dataclass
from typing import Protocol

from aws_cdk import Duration, Size
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from fabwafer.topics import Kind
from infra.assets import ARCHITECTURE, RUNTIME
from infra.buckets import Buckets
from infra.findings import accept, export_name
from infra.settings import Settings
from infra.tables import Tables

_WHY_THIS_PYTHON = "The pinned wheels are those of Python 3.13, which AWS supports until 2029."
_ASYNC_RETRIES = 2
_ASYNC_MAX_AGE = Duration.hours(6)


class Told(Protocol):
    """A settings class of `lambdas.settings`."""

    def environment(self) -> dict[str, str]:
        """Return the environment variables that carry the settings."""
        ...


@dataclass(frozen=True)
class Sizing:
    """How long and how large a function may run."""

    timeout_s: int
    memory_mb: int = 512
    storage_mb: int = 512


@dataclass(frozen=True)
class Functions:
    """Makes the app's functions out of what they all have in common."""

    scope: Construct
    settings: Settings
    code: lambda_.Code
    tables: Tables
    buckets: Buckets

    def make(
        self, name: str, told: Told, sizing: Sizing, failures: sqs.IQueue | None = None
    ) -> lambda_.Function:
        """Make the function of module `lambdas.<name>`.

        Args:
            name: The module's name.
            told: What its environment tells it.
            sizing: Its limits.
            failures: Where an asynchronous invocation goes that failed every time; None for a queue's consumer.
        """
        construct_id = "".join(word.capitalize() for word in name.split("_"))
        log_group = logs.LogGroup(
            self.scope,
            f"{construct_id}Logs",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=self.settings.removal_policy,
        )
        role = iam.Role(
            self.scope,
            f"{construct_id}Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        log_group.grant_write(role)
        function = lambda_.Function(
            self.scope,
            construct_id,
            description=(type(told).__doc__ or name).strip(),
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            code=self.code,
            handler=f"lambdas.{name}.handler",
            role=role,
            log_group=log_group,
            timeout=Duration.seconds(sizing.timeout_s),
            memory_size=sizing.memory_mb,
            ephemeral_storage_size=Size.mebibytes(sizing.storage_mb),
            environment=told.environment(),
        )
        accept(function, "AwsSolutions-L1", _WHY_THIS_PYTHON)
        if failures is not None:
            function.configure_async_invoke(
                retry_attempts=_ASYNC_RETRIES,
                max_event_age=_ASYNC_MAX_AGE,
                on_failure=destinations.SqsDestination(failures),
            )
        return function


def allow(function: lambda_.IFunction, actions: list[str], resource: str) -> None:
    """Grant exactly these actions, where CDK's own grants would give more."""
    iam.Grant.add_to_principal(grantee=function, actions=actions, resource_arns=[resource])


def allow_quarantine(function: lambda_.IFunction, quarantine: s3.Bucket, kind: Kind) -> None:
    """Let a function put broken messages of one kind aside."""
    allow_objects(
        function, ["s3:PutObject"], quarantine, f"{kind.value}/*", "The key is the message's hash."
    )


def allow_objects(
    function: lambda_.IFunction, actions: list[str], bucket: s3.Bucket, keys: str, why_any: str
) -> None:
    """Grant actions on the objects of a bucket whose keys match, and say why no single key is named."""
    allow(function, actions, bucket.arn_for_objects(keys))
    accept_wildcard(function, f"{export_name(bucket)}/{keys}", why_any)


def accept_wildcard(function: lambda_.IFunction, resource: str, reason: str) -> None:
    """Accept that a function's grant names its resource by a pattern."""
    accept(role_of(function), f"AwsSolutions-IAM5[Resource::{resource}]", reason)


def role_of(function: lambda_.IFunction) -> iam.IRole:
    """Return the role that `make` gave a function."""
    if function.role is None:
        raise TypeError(f"{function.node.path}: a function without a role")
    return function.role
