"""The clients of AWS, built at first use and kept as long as the function stays warm."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import NoCredentialsError

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_greengrassv2 import GreengrassV2Client
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient

# A call that hangs must not eat a whole batch's time; what still fails comes again anyway.
_CONFIG = Config(
    connect_timeout=1, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
)


@cache
def dynamodb() -> "DynamoDBClient":
    """Return the client of the tables."""
    return boto3.client("dynamodb", config=_CONFIG)


@cache
def s3() -> "S3Client":
    """Return the client of the buckets."""
    return boto3.client("s3", config=_CONFIG)


@cache
def sqs() -> "SQSClient":
    """Return the client of the queues."""
    return boto3.client("sqs", config=_CONFIG)


@cache
def sns() -> "SNSClient":
    """Return the client of the topics."""
    return boto3.client("sns", config=_CONFIG)


@cache
def ssm() -> "SSMClient":
    """Return the client of the parameters."""
    return boto3.client("ssm", config=_CONFIG)


@cache
def greengrass() -> "GreengrassV2Client":
    """Return the client of components and deployments."""
    return boto3.client("greengrassv2", config=_CONFIG)


@cache
def iot() -> "IoTClient":
    """Return the client of things and their groups."""
    return boto3.client("iot", config=_CONFIG)


@cache
def stepfunctions() -> "SFNClient":
    """Return the client of the state machines."""
    return boto3.client("stepfunctions", config=_CONFIG)


@cache
def sagemaker() -> "SageMakerClient":
    """Return the client of training jobs and model packages."""
    return boto3.client("sagemaker", config=_CONFIG)


@cache
def kms() -> "KMSClient":
    """Return the client of keys."""
    return boto3.client("kms", config=_CONFIG)


@cache
def logs() -> "CloudWatchLogsClient":
    """Return the client of logs."""
    return boto3.client("logs", config=_CONFIG)


@cache
def lambda_() -> "LambdaClient":
    """Return the client of functions."""
    return boto3.client("lambda", config=_CONFIG)


def credentials() -> "ReadOnlyCredentials":
    """Return what the clients sign with; a function's are renewed by its platform.

    Raises:
        NoCredentialsError: If there are none.
    """
    found = _session().get_credentials()
    if found is None:
        raise NoCredentialsError
    return found.get_frozen_credentials()


@cache
def _session() -> boto3.Session:
    return boto3.Session()
