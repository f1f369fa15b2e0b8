"""The container of a training job: an image in ECR, and its repository, which the job's role must be let read."""

import re
from dataclasses import dataclass

from aws_cdk import Stack

from fabwafer.errors import ContractError
from infra.context import Context

_ACCOUNT = "763104351884"
"""AWS' own for its deep learning containers in every region that is on without asking for it."""
_REPOSITORY = "pytorch-training"
_TAG = "2.10.0-{}-py313"
_GPU = ("ml.g", "ml.p")
_KEY = "training_image"
_ADDRESS = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[a-z0-9.-]+/(?P<name>[^:@]+)([:@].+)?"
)
_EXPECTED = "an image in ECR, <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>"


@dataclass(frozen=True)
class TrainingImage:
    """Where the image is.

    Attributes:
        address: What SageMaker pulls.
        repository_arn: What must be granted for that.
    """

    address: str
    repository_arn: str


def training_image(context: Context, stack: Stack, instance: str) -> TrainingImage:
    """Return the image that the context names, or AWS' PyTorch for that type of machine.

    Raises:
        ContractError: If SageMaker could not pull what the context names.
    """
    address = context.text(_KEY, "")
    if not address:
        return _of_aws(stack, "gpu" if instance.startswith(_GPU) else "cpu")
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise ContractError(f"context {_KEY}", address, _EXPECTED)
    return TrainingImage(address, _arn(stack, **found.groupdict()))


def _of_aws(stack: Stack, kind: str) -> TrainingImage:
    registry = f"{_ACCOUNT}.dkr.ecr.{stack.region}.{stack.url_suffix}"
    address = f"{registry}/{_REPOSITORY}:{_TAG.format(kind)}"
    return TrainingImage(address, _arn(stack, _ACCOUNT, stack.region, _REPOSITORY))


def _arn(stack: Stack, account: str, region: str, name: str) -> str:
    return stack.format_arn(
        service="ecr", account=account, region=region, resource="repository", resource_name=name
    )
