"""Whether a caller may do what he asks of a service beside the emulator: the emulator judges, by its roles and policies."""

import base64
import http.client
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from sandbox.aws_model import Call, Json, RefusalError, Request
from sandbox.beside_repairs import PATH
from sandbox.emulator import ACCOUNT, HOST, REGION, Emulator

_TIMEOUT_S = 30.0
_ANY = "*"

Resources = Callable[[Call], list[str]]
"""A call -> the ARNs that a policy may name for it; one of them, or any, must be allowed."""


@dataclass(frozen=True)
class Gate:
    """Asks an emulator about every call; `service` is the prefix of its actions.

    A policy passes that allows any of a call's resources. AWS asks for each that an action requires.
    """

    emulator: Emulator
    service: str
    resources: Resources

    def check(self, request: Request, call: Call) -> None:
        """Let a call pass.

        Raises:
            RefusalError: If its signature is wrong or its caller may not do it.
        """
        checks: list[Json] = [
            {
                "action": f"{self.service}:{call.operation}",
                "resources": [*self.resources(call), _ANY],
            }
        ]
        if role := call.parameters.get("RoleArn"):
            context = {"iam:PassedToService": f"{self.service}.amazonaws.com"}
            checks.append({"action": "iam:PassRole", "resources": [role], "context": context})
        if call.operation.startswith("Create") and {"Tags", "tags"} & call.parameters.keys():
            tagging = "AddTags" if self.service == "sagemaker" else "TagResource"
            checks.append(checks[0] | {"action": f"{self.service}:{tagging}"})
        checks += [_reading(uri) for uri in _artifacts(call)]
        if denied := self._denied(request, checks):
            raise RefusalError("AccessDeniedException", denied, 403)

    def _denied(self, request: Request, checks: list[Json]) -> str | None:
        address = urlsplit(request.target)
        asked = {
            "secret": self.emulator.secret_key,
            "service": self.service,
            "method": request.method,
            "path": address.path,
            "query": parse_qs(address.query, keep_blank_values=True),
            "headers": [[name.lower(), value] for name, value in request.headers.items()],
            "body": base64.b64encode(request.body).decode(),
            "checks": checks,
        }
        with closing(
            http.client.HTTPConnection(HOST, self.emulator.port, timeout=_TIMEOUT_S)
        ) as connection:
            connection.request("POST", PATH, json.dumps(asked).encode())
            answer: Json = json.loads(connection.getresponse().read())
        denied: str | None = answer["denied"]
        return denied


def sagemaker_resources(call: Call) -> list[str]:
    """Return what a policy may name for a call of SageMaker."""
    told = call.parameters
    found = [
        f"training-job/{told['TrainingJobName']}" if "TrainingJobName" in told else "",
        f"model-package-group/{told['ModelPackageGroupName']}"
        if "ModelPackageGroupName" in told
        else "",
    ]
    if call.operation == "CreateModelPackage":
        found.append(f"model-package/{told.get('ModelPackageGroupName')}/1")
    arns = [f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{each}" for each in found if each]
    named = ("ResourceArn", "ModelPackageArn", "ModelPackageName")
    return arns + [told[name] for name in named if name in told]


def greengrass_resources(call: Call) -> list[str]:
    """Return what a policy may name for a call of Greengrass v2."""
    told = call.parameters
    kinds = {"deploymentId": "deployments", "coreDeviceThingName": "coreDevices"}
    found = [f"{kind}:{told[name]}" for name, kind in kinds.items() if name in told]
    if call.operation == "CreateComponentVersion":
        found += _component(told.get("inlineRecipe", b""))
    arns = [f"arn:aws:greengrass:{REGION}:{ACCOUNT}:{each}" for each in found]
    return arns + [told[name] for name in ("arn", "resourceArn") if name in told]


def _component(recipe: bytes) -> list[str]:
    told = _recipe(recipe)
    if told is None:
        return []
    name = told["ComponentName"]
    return [f"components:{name}:versions:{told['ComponentVersion']}", f"components:{name}"]


def _artifacts(call: Call) -> list[str]:
    """Return the artifacts that a caller wants Greengrass to read in his name."""
    told = _recipe(call.parameters.get("inlineRecipe", b""))
    manifests = told["Manifests"] if told else []
    return [artifact["Uri"] for each in manifests for artifact in each.get("Artifacts", [])]


def _reading(uri: str) -> Json:
    resource = f"arn:aws:s3:::{uri.removeprefix('s3://')}"
    return {"action": "s3:GetObject", "resources": [resource], "service": "s3"}


def _recipe(text: bytes) -> Json | None:
    """Return a recipe; None for one that will be refused for what it is."""
    try:
        told: Json = json.loads(text)
        return told if {"ComponentName", "ComponentVersion", "Manifests"} <= told.keys() else None
    except (ValueError, AttributeError):
        return None
