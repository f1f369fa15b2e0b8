"""What release_model may touch: wafers and people's answers, signed bundles, the registry, and the fleet through Greengrass."""

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_

from infra.fleet import MODEL_RINGS
from infra.functions import Functions, accept_wildcard, allow, allow_objects
from infra.model_policies import allow_policies
from infra.tables import index_arn
from infra.training_told import GROUP
from lambdas.settings import ReleaseModelSettings

_COMPONENTS = [
    "greengrass:CreateComponentVersion",
    "greengrass:DescribeComponent",
    "greengrass:GetComponent",
]
_DEPLOYMENTS = [
    "greengrass:CreateDeployment",
    "greengrass:GetDeployment",
    "greengrass:ListDeployments",
    "greengrass:ListEffectiveDeployments",
]
_GROUPS = ["iot:CreateJob", "iot:DescribeThingGroup", "iot:ListThingsInThingGroup"]
_THINGS = ["iot:DescribeJobExecution", "iot:DescribeThing", "iot:GetThingShadow"]
_JOBS = ["iot:CancelJob", "iot:CreateJob", "iot:DescribeJob", "iot:UpdateJob"]


def grant_data(function: lambda_.Function, functions: Functions) -> None:
    """Grant what judging and signing take."""
    tables, models = functions.tables, functions.buckets.models
    read_write = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
    allow(function, read_write, tables.papers.table_arn)
    allow(function, ["dynamodb:Query"], index_arn(tables.predictions, "by_camera"))
    allow(function, ["dynamodb:BatchGetItem"], tables.reviews.table_arn)
    allow(function, ["dynamodb:Query"], tables.cameras.table_arn)
    allow_objects(
        function,
        ["s3:GetObject", "s3:PutObject"],
        models,
        "bundles/*",
        "It signs whichever bundle runs again, and Greengrass reads through it which one a component holds.",
    )
    # Without it S3 answers "forbidden" for an object that is not there.
    allow(function, ["s3:ListBucket"], models.bucket_arn)
    allow_policies(function)


def grant_registry(function: lambda_.Function) -> None:
    """Grant saying in SageMaker's registry what became of a model."""
    package = Stack.of(function).format_arn(
        service="sagemaker", resource="model-package", resource_name=f"{GROUP}/*"
    )
    allow(function, ["sagemaker:UpdateModelPackage"], package)
    _accept_arn(
        function,
        f"sagemaker:<AWS::Region>:<AWS::AccountId>:model-package/{GROUP}/*",
        "SageMaker numbers the packages of a group.",
    )


def grant_fleet(function: lambda_.Function, told: ReleaseModelSettings) -> None:
    """What its own calls take, and what Greengrass does in the caller's name: a deployment to a group is an IoT job."""
    for name in (told.model_component, told.shadow_component):
        versions = f"{told.components_arn}:{name}:versions:*"
        allow(function, ["greengrass:CreateComponentVersion"], f"{told.components_arn}:{name}")
        allow(function, _COMPONENTS, versions)
        _accept_arn(
            function,
            f"greengrass:<AWS::Region>:<AWS::AccountId>:components:{name}:versions:*",
            "Every rollout makes a version.",
        )
    _allow_anything(
        function, _DEPLOYMENTS, "These know no resource but ids that Greengrass draws, or none."
    )
    for group in MODEL_RINGS:
        allow(function, _GROUPS, f"{told.thing_groups_arn}/{group}")
    for resource, actions in (("thing", _THINGS), ("job", _JOBS)):
        arn = Stack.of(function).format_arn(service="iot", resource=resource, resource_name="*")
        allow(function, actions, arn)
        _accept_arn(
            function,
            f"iot:<AWS::Region>:<AWS::AccountId>:{resource}/*",
            "A ring's things are whichever were put into it; Greengrass names the jobs.",
        )


def _accept_arn(function: lambda_.Function, resource: str, reason: str) -> None:
    accept_wildcard(function, f"arn:<AWS::Partition>:{resource}", reason)


def _allow_anything(function: lambda_.Function, actions: list[str], reason: str) -> None:
    allow(function, actions, "*")
    accept_wildcard(function, "*", reason)
