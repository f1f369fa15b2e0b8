"""What the functions of training may do, each grant with its reason where it names a pattern."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn

from infra.functions import accept_wildcard, allow, allow_objects
from infra.loop_shared import LoopShared
from infra.model_policies import allow_policies
from infra.signing import Signing
from infra.tables import index_arn
from infra.training_told import GROUP, HandedTo

_JOBS = "fabwafer-*"


def let_start(
    function: lambda_.Function,
    shared: LoopShared,
    role: iam.IRole,
    to: HandedTo,
) -> None:
    """Let start_training read answers, write datasets, start jobs in a role, hand over to register_model, tend rollouts."""
    tables, buckets = shared.functions.tables, shared.functions.buckets
    _allow_papers(function, shared)
    allow(function, ["dynamodb:BatchGetItem"], tables.reviews.table_arn)
    allow(function, ["dynamodb:Query"], index_arn(tables.reviews, "by_state"))
    allow(function, ["dynamodb:Query"], index_arn(tables.events, "by_time"))
    allow(function, ["dynamodb:Query"], index_arn(tables.predictions, "by_fab"))
    allow_objects(
        function, ["s3:GetObject"], buckets.images, "*", "A dataset holds any fab's pictures."
    )
    # Without it S3 answers "forbidden" for an object that is not there.
    allow(function, ["s3:ListBucket"], buckets.images.bucket_arn)
    allow(function, ["s3:ListBucket"], buckets.models.bucket_arn)
    for folder in ("datasets", "recent"):
        allow_objects(
            function,
            ["s3:GetObject", "s3:PutObject"],
            buckets.models,
            f"{folder}/*",
            "A version's number is its key.",
        )
    allow_objects(
        function, ["s3:GetObject"], buckets.models, "bundles/*", "It reads the first model."
    )
    allow_policies(function)
    actions = ["Create", "Describe", "Stop"]
    _allow_jobs(function, [f"sagemaker:{each}TrainingJob" for each in actions])
    _allow_jobs(function, ["sagemaker:AddTags"])
    _allow_handing_over(function, role)
    _allow_job_logs(function)
    allow(function, ["lambda:InvokeFunction"], to.register.function_arn)
    to.rollout.grant_start_execution(function)
    allow(function, ["sns:Publish"], shared.notices.topic_arn)


def let_register(
    function: lambda_.Function, shared: LoopShared, signing: Signing, rollout: sfn.IStateMachine
) -> None:
    """Let register_model read what jobs leave, sign, register, and start rollouts."""
    models = shared.functions.buckets.models
    _allow_papers(function, shared)
    allow_objects(function, ["s3:GetObject"], models, "trainings/*", "A job's name is its folder.")
    allow_objects(
        function,
        ["s3:GetObject", "s3:PutObject"],
        models,
        "bundles/*",
        "A model's version and serial are its key.",
    )
    allow(function, ["s3:ListBucket"], models.bucket_arn)
    signing.allow_signing(function)
    allow_policies(function, "ssm:PutParameter", "A candidate's version is its policy's name.")
    _allow_jobs(function, ["sagemaker:DescribeTrainingJob"])
    _allow_job_logs(function)
    _allow_packages(function)
    rollout.grant_start_execution(function)
    allow(function, ["sns:Publish"], shared.notices.topic_arn)


def _allow_handing_over(function: lambda_.Function, role: iam.IRole) -> None:
    """A job gets its role from whoever starts it: SageMaker's jobs, and this role alone."""
    function.add_to_role_policy(
        iam.PolicyStatement(
            actions=["iam:PassRole"],
            resources=[role.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        )
    )


def _allow_papers(function: lambda_.Function, shared: LoopShared) -> None:
    actions = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
    allow(function, actions, shared.functions.tables.papers.table_arn)


def _allow_jobs(function: lambda_.Function, actions: list[str]) -> None:
    resource = Stack.of(function).format_arn(
        service="sagemaker", resource="training-job", resource_name=_JOBS
    )
    allow(function, actions, resource)
    accept_wildcard(
        function,
        f"arn:<AWS::Partition>:sagemaker:<AWS::Region>:<AWS::AccountId>:training-job/{_JOBS}",
        "A job is named by its dataset.",
    )


def _allow_job_logs(function: lambda_.Function) -> None:
    stack = Stack.of(function)
    group = f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:/aws/sagemaker/TrainingJobs"
    # The group for its streams, a stream for its lines: who judges by which is not said alike everywhere.
    for resource in (group, f"{group}:*"):
        allow(function, ["logs:DescribeLogStreams", "logs:GetLogEvents"], resource)
    accept_wildcard(
        function,
        "arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:/aws/sagemaker/TrainingJobs:*",
        "SageMaker keeps the logs of all jobs in one group.",
    )


def _allow_packages(function: lambda_.Function) -> None:
    stack = Stack.of(function)
    group = stack.format_arn(
        service="sagemaker", resource="model-package-group", resource_name=GROUP
    )
    package = stack.format_arn(
        service="sagemaker", resource="model-package", resource_name=f"{GROUP}/*"
    )
    actions = ["CreateModelPackageGroup", "CreateModelPackage", "ListModelPackages"]
    allow(function, [f"sagemaker:{each}" for each in actions], group)
    allow(function, ["sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage"], package)
    accept_wildcard(
        function,
        f"arn:<AWS::Partition>:sagemaker:<AWS::Region>:<AWS::AccountId>:model-package/{GROUP}/*",
        "SageMaker numbers the packages of a group.",
    )
