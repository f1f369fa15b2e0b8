"""What a training job may do: read data, datasets and pictures, write what it leaves, log; nothing else."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.buckets import Buckets
from infra.findings import accept, export_name
from infra.training_image import TrainingImage

_READ = ("base", "test", "start", "code", "datasets", "recent", "trainings", "bundles")
_WRITTEN = ("trainings", "checkpoints")


def job_role(scope: Construct, buckets: Buckets, image: TrainingImage) -> iam.Role:
    """Make the role that SageMaker takes on for a job of this account."""
    stack = Stack.of(scope)
    role = iam.Role(
        scope,
        "JobRole",
        description="FabWafer's training jobs",
        assumed_by=iam.ServicePrincipal(
            "sagemaker.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
        ),
    )
    _allow(role, ["s3:ListBucket"], buckets.models.bucket_arn, buckets.images.bucket_arn)
    _objects(role, ["s3:GetObject"], buckets.images, "*", "A dataset holds any fab's pictures.")
    for folder in _READ:
        why = "A job reads all that an operator or a function put there."
        _objects(role, ["s3:GetObject"], buckets.models, f"{folder}/*", why)
    for folder in _WRITTEN:
        actions = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]
        _objects(role, actions, buckets.models, f"{folder}/*", "A job's name is its folder.")
    _allow_logs(role, stack)
    _allow_image(role, image)
    return role


def _allow_logs(role: iam.Role, stack: Stack) -> None:
    group = "log-group:/aws/sagemaker/TrainingJobs:*"
    _allow(
        role,
        [
            *("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams"),
            "logs:PutLogEvents",
        ],
        f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:{group}",
    )
    accept(
        role,
        f"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:{group}]",
        "SageMaker keeps the logs of all jobs in one group.",
    )
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={"StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"}},
        )
    )
    _accept_any(
        role,
        "Metrics are no resources, and a login to the registry neither; each has its condition or use.",
    )


def _allow_image(role: iam.Role, image: TrainingImage) -> None:
    _allow(
        role,
        [
            *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage"),
            "ecr:GetDownloadUrlForLayer",
        ],
        image.repository_arn,
    )
    _allow(role, ["ecr:GetAuthorizationToken"], "*")


def _allow(role: iam.Role, actions: list[str], *resources: str) -> None:
    role.add_to_policy(iam.PolicyStatement(actions=actions, resources=list(resources)))


def _objects(role: iam.Role, actions: list[str], bucket: s3.Bucket, keys: str, why: str) -> None:
    _allow(role, actions, bucket.arn_for_objects(keys))
    accept(role, f"AwsSolutions-IAM5[Resource::{export_name(bucket)}/{keys}]", why)


def _accept_any(role: iam.Role, why: str) -> None:
    accept(role, "AwsSolutions-IAM5[Resource::*]", why)
