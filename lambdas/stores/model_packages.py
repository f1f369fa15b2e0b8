"""SageMaker's model registry: every candidate a package in one group, with its figures and where it came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.stores.clients import sagemaker

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.literals import ModelApprovalStatusType

_DESCRIPTION = "Wafer-map classifiers, each with its figures and where it came from"
_MOST_WORDS = 1024
_TAKEN, _MISSING = "already exists", "does not exist"


@dataclass(frozen=True)
class ModelPackages:
    """The packages of one group."""

    group: str
    client: "SageMakerClient" = field(default_factory=sagemaker)

    def register(self, token: str, request: Mapping[str, Any]) -> str:
        """Make a package and return its ARN; the same token again returns the same one.

        SageMaker forgets a token after some hours, so a package of the same job is looked for first.
        """
        self._make_group()
        known = self._generated_by(request["MetadataProperties"]["GeneratedBy"])
        if known is not None:
            return known
        made = self.client.create_model_package(
            ModelPackageGroupName=self.group, ClientToken=token, **request
        )
        return made["ModelPackageArn"]

    def _make_group(self) -> None:
        """No stack makes the group: SageMaker deletes none that holds packages, so a stack could neither go nor come back."""
        try:
            self.client.create_model_package_group(
                ModelPackageGroupName=self.group, ModelPackageGroupDescription=_DESCRIPTION
            )
        except ClientError as error:
            if not _says(error, _TAKEN):
                raise

    def _generated_by(self, job: str) -> str | None:
        found = self.client.list_model_packages(
            ModelPackageGroupName=self.group, SortBy="CreationTime", SortOrder="Descending"
        )
        for each in found["ModelPackageSummaryList"]:
            arn = each["ModelPackageArn"]
            package = self.client.describe_model_package(ModelPackageName=arn)
            if package.get("MetadataProperties", {}).get("GeneratedBy") == job:
                return arn
        return None


@dataclass(frozen=True)
class Approvals:
    """What the registry says of the packages that there are."""

    client: "SageMakerClient" = field(default_factory=sagemaker)

    def tell(self, arn: str, approval: "ModelApprovalStatusType", why: str) -> None:
        """Say whether a package may be used, and why; again it changes nothing, and of a deleted one nothing is said."""
        words = why[:_MOST_WORDS]
        try:
            self.client.update_model_package(
                ModelPackageArn=arn, ModelApprovalStatus=approval, ApprovalDescription=words
            )
        except ClientError as error:
            if not _says(error, _MISSING):
                raise


def _says(error: ClientError, words: str) -> bool:
    """SageMaker has one code for all that is wrong with a request."""
    return words in error.response["Error"]["Message"]
