"""What Greengrass keeps of components and deployments; requests are checked by its own service model."""

import json
from typing import Any

import boto3
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

MODEL, SHADOW = "com.fabwafer.Model", "com.fabwafer.ShadowModel"
RECIPE = {
    "RecipeFormatVersion": "2020-01-25",
    "ComponentName": MODEL,
    "ComponentVersion": "1.1.0",
    "Lifecycle": {"all": {"run": "exec sleep infinity"}},
    "Manifests": [
        {
            "Platform": {"os": "linux"},
            "Artifacts": [
                {
                    "Uri": "s3://assets/first.zip",
                    "Unarchive": "NONE",
                    "Digest": "abc",
                    "Algorithm": "SHA-256",
                }
            ],
        }
    ],
}


class FakeGreengrass:
    """A Greengrass whose devices do what a test says; `broken` is the error that every call ends in."""

    def __init__(self) -> None:
        client = boto3.client("greengrassv2", "eu-central-1")
        self.service, self.exceptions = client.meta.service_model, client.exceptions
        self.recipes: dict[str, dict[str, Any]] = {}
        self.made: list[dict[str, Any]] = []
        self.tokens: dict[str, str] = {}
        self.on_devices: dict[str, dict[str, str]] = {}
        self.ended: dict[str, str] = {}
        self.broken: str | None = None
        self.slow = 0

    def create_component_version(self, **request: Any) -> dict[str, Any]:
        self._check("CreateComponentVersion", request)
        recipe = json.loads(request["inlineRecipe"])
        arn = f"{recipe['ComponentName']}:versions:{recipe['ComponentVersion']}"
        if arn in self.recipes and self.tokens.get(request["clientToken"]) != arn:
            raise self.exceptions.ConflictException({"Error": {"Code": "Conflict"}}, "Create")
        self.tokens[request["clientToken"]] = arn
        self.recipes[arn] = recipe
        return {"arn": arn}

    def get_component(self, **request: Any) -> dict[str, Any]:
        self._check("GetComponent", request)
        return {"recipe": json.dumps(self.recipes[_name(request["arn"])]).encode()}

    def describe_component(self, **request: Any) -> dict[str, Any]:
        self._check("DescribeComponent", request)
        self.slow -= 1
        state = "REQUESTED" if self.slow >= 0 else "DEPLOYABLE"
        return {"arn": request["arn"], "status": {"componentState": state}}

    def create_deployment(self, **request: Any) -> dict[str, Any]:
        self._check("CreateDeployment", request)
        token = request["clientToken"]
        if token not in self.tokens:
            self.tokens[token] = f"deployment-{len(self.made) + 1}"
            self.made.append({**request, "id": self.tokens[token]})
        return {"deploymentId": self.tokens[token]}

    def list_deployments(self, **request: Any) -> dict[str, Any]:
        self._check("ListDeployments", request)
        ids = [each["id"] for each in self.made if each["targetArn"] == request["targetArn"]]
        return {"deployments": [{"deploymentId": each} for each in ids[-1:]]}

    def get_deployment(self, **request: Any) -> dict[str, Any]:
        self._check("GetDeployment", request)
        [found] = [each for each in self.made if each["id"] == request["deploymentId"]]
        status = self.ended.get(found["id"], "CANCELED" if self._aborts(found) else "ACTIVE")
        return {"components": found["components"], "deploymentStatus": status}

    def list_effective_deployments(self, **request: Any) -> dict[str, Any]:
        self._check("ListEffectiveDeployments", request)
        thing = request["coreDeviceThingName"]
        if thing not in self.on_devices:
            raise self.exceptions.ResourceNotFoundException(
                {"Error": {"Code": "ResourceNotFoundException"}}, "List"
            )
        found = [
            {"deploymentId": name, "coreDeviceExecutionStatus": status, "reason": "disk full"}
            for name, status in self.on_devices[thing].items()
        ]
        return {"effectiveDeployments": found}

    def _aborts(self, deployment: dict[str, Any]) -> bool:
        """Tell whether too many devices failed, by the deployment's own criteria."""
        fates = [each.get(deployment["id"]) for each in self.on_devices.values()]
        over = [fate for fate in fates if fate in ("SUCCEEDED", "FAILED")]
        config = deployment.get("iotJobConfiguration", {}).get("abortConfig", {})
        return any(
            len(over) >= each["minNumberOfExecutedThings"]
            and 100 * over.count("FAILED") >= each["thresholdPercentage"] * len(over)
            for each in config.get("criteriaList", [])
        )

    def runs(self, group: str) -> dict[str, str]:
        """Return the versions that the latest deployment to a group asks for."""
        [*_, latest] = [each for each in self.made if each["targetArn"].endswith(f"/{group}")]
        return {name: each["componentVersion"] for name, each in latest["components"].items()}

    def to(self, group: str) -> list[str]:
        """Return the ids of the deployments to a group."""
        return [each["id"] for each in self.made if each["targetArn"].endswith(f"/{group}")]

    def _check(self, operation: str, request: dict[str, Any]) -> None:
        validate_parameters(request, self.service.operation_model(operation).input_shape)
        if self.broken:
            raise ClientError({"Error": {"Code": self.broken, "Message": "down"}}, operation)


def _name(arn: str) -> str:
    return arn.partition(":components:")[2]
