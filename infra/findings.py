"""What cdk-nag's AwsSolutions rules find and we mean to be so, each with its reason."""

from aws_cdk import Acknowledgment, App, Stack, Validations
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct


def check(app: App) -> None:
    """Have every synth check the AwsSolutions rules; what they find is in the assembly's validation report."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def accept(construct: IConstruct, finding: str, reason: str) -> None:
    """Accept one finding on a construct and what is in it."""
    Validations.of(construct).acknowledge(Acknowledgment(id=finding, reason=reason))


def export_name(bucket: s3.Bucket) -> str:
    """Return the name under which other stacks get to know a bucket's ARN; findings of theirs name it so."""
    stack = Stack.of(bucket)
    return str(stack.resolve(stack.export_value(bucket.bucket_arn))["Fn::ImportValue"])
