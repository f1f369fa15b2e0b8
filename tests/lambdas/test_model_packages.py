"""What SageMaker's registry is told of packages that there are, and of those that there are not."""

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from lambdas.stores.model_packages import Approvals

ARN = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/fabwafer/1"


def tell(code: str, message: str) -> None:
    client = boto3.client("sagemaker", "eu-central-1")
    with Stubber(client) as stubber:
        stubber.add_client_error("update_model_package", code, message)
        Approvals(client).tell(ARN, "Approved", "approved: decided by ann")


def test_a_package_that_somebody_deleted_needs_no_word():
    tell("ValidationException", f"ModelPackage {ARN} does not exist.")


def test_another_error_rises_for_whoever_tells_to_try_again():
    with pytest.raises(ClientError, match="Rate exceeded"):
        tell("ThrottlingException", "Rate exceeded")
