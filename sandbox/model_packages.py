"""SageMaker's model registry: groups, and in each the versions of a model package."""

import threading
import time

from sandbox.aws_model import Json, RefusalError
from sandbox.aws_service import filled, page
from sandbox.emulator import ACCOUNT, REGION

_PAGE = 100
_CHANGED = (
    *("ModelApprovalStatus", "ApprovalDescription", "ModelLifeCycle", "SourceUri"),
    "InferenceSpecification",
)


class ModelPackages:
    """What was registered; every method is an operation of the API."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: dict[str, Json] = {}
        self._packages: dict[str, Json] = {}
        self._by_token: dict[str, str] = {}

    def create_group(self, asked: Json) -> Json:
        """CreateModelPackageGroup."""
        name = asked["ModelPackageGroupName"]
        arn = _arn("model-package-group", name)
        with self._lock:
            if name in self._groups:
                raise _invalid(f"Model Package Group already exists: {arn}")
            self._groups[name] = {
                "ModelPackageGroupName": name,
                "ModelPackageGroupArn": arn,
                "CreationTime": time.time(),
                "CreatedBy": {},
                "ModelPackageGroupStatus": "Completed",
                **filled(ModelPackageGroupDescription=asked.get("ModelPackageGroupDescription")),
            }
        return {"ModelPackageGroupArn": arn}

    def describe_group(self, asked: Json) -> Json:
        """DescribeModelPackageGroup."""
        return dict(self._group(asked["ModelPackageGroupName"]))

    def list_groups(self, asked: Json) -> Json:
        """ListModelPackageGroups."""
        groups = [
            {name: value for name, value in group.items() if name != "CreatedBy"}
            for group in self._groups.values()
        ]
        shown, token = page(groups, asked.get("MaxResults", _PAGE), asked.get("NextToken"))
        return filled(ModelPackageGroupSummaryList=shown, NextToken=token)

    def create(self, asked: Json) -> Json:
        """CreateModelPackage: the next version in its group; a repeat by its token is the same."""
        if "ModelPackageGroupName" not in asked:
            raise _invalid("ModelPackageGroupName: versioned packages only in the sandbox")
        group = _last(asked["ModelPackageGroupName"])
        with self._lock:
            if (token := asked.get("ClientToken", "")) in self._by_token:
                return {"ModelPackageArn": self._by_token[token]}
            self._group(group)
            versions = [
                each for each in self._packages.values() if each["ModelPackageGroupName"] == group
            ]
            version = 1 + max((each["ModelPackageVersion"] for each in versions), default=0)
            arn = _arn("model-package", f"{group}/{version}")
            self._packages[arn] = _package(asked, group, version, arn)
            if token:
                self._by_token[token] = arn
        return {"ModelPackageArn": arn}

    def describe(self, asked: Json) -> Json:
        """DescribeModelPackage."""
        return dict(self._package(asked["ModelPackageName"]))

    def update(self, asked: Json) -> Json:
        """UpdateModelPackage."""
        with self._lock:
            package = self._package(asked["ModelPackageArn"])
            package |= {name: asked[name] for name in _CHANGED if name in asked}
            properties = package.get("CustomerMetadataProperties", {})
            properties |= asked.get("CustomerMetadataProperties", {})
            for name in asked.get("CustomerMetadataPropertiesToRemove", []):
                properties.pop(name, None)
            if properties:
                package["CustomerMetadataProperties"] = properties
            package |= {"LastModifiedTime": time.time(), "LastModifiedBy": {}}
        return {"ModelPackageArn": package["ModelPackageArn"]}

    def list(self, asked: Json) -> Json:
        """ListModelPackages, the newest first unless asked otherwise."""
        group = _last(asked.get("ModelPackageGroupName", ""))
        wanted = asked.get("ModelApprovalStatus")
        found = [
            each
            for each in self._packages.values()
            if each["ModelPackageGroupName"] == (group or each["ModelPackageGroupName"])
            and each["ModelApprovalStatus"] == (wanted or each["ModelApprovalStatus"])
        ]
        newest_first = asked.get("SortOrder", "Descending") == "Descending"
        found.sort(key=lambda each: each["CreationTime"], reverse=newest_first)
        shown, token = page(found, asked.get("MaxResults", _PAGE), asked.get("NextToken"))
        return filled(ModelPackageSummaryList=[_summary(each) for each in shown], NextToken=token)

    def _group(self, name: str) -> Json:
        if _last(name) not in self._groups:
            arn = _arn("model-package-group", _last(name))
            raise _invalid(f"ModelPackageGroup {arn} does not exist.")
        return self._groups[_last(name)]

    def _package(self, arn: str) -> Json:
        if arn not in self._packages:
            raise _invalid(f"ModelPackage {arn} does not exist.")
        return self._packages[arn]


def _package(asked: Json, group: str, version: int, arn: str) -> Json:
    repeated = {name: value for name, value in asked.items() if name not in ("ClientToken", "Tags")}
    return {
        "ModelApprovalStatus": "PendingManualApproval",
        **repeated,
        "ModelPackageName": f"{group}/{version}",
        "ModelPackageGroupName": group,
        "ModelPackageVersion": version,
        "ModelPackageArn": arn,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CreationTime": time.time(),
        "CreatedBy": {},
    }


def _summary(package: Json) -> Json:
    names = ("ModelPackageGroupName", "ModelPackageVersion", "ModelPackageArn", "CreationTime")
    more = ("ModelPackageDescription", "ModelPackageStatus", "ModelApprovalStatus")
    return {name: package[name] for name in (*names, *more) if name in package}


def _arn(kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name}"


def _last(name_or_arn: str) -> str:
    return name_or_arn.rpartition("/")[2]


def _invalid(message: str) -> RefusalError:
    return RefusalError("ValidationException", message)
