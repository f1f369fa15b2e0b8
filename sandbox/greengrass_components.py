"""Greengrass' component versions: immutable recipes, each artifact with the digest that a device will check."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from sandbox.aws_model import Json, RefusalError
from sandbox.aws_service import Aws, filled, page
from sandbox.channels import split_uri
from sandbox.emulator import ACCOUNT, REGION

_PAGE = 100
_REQUIRED = ("RecipeFormatVersion", "ComponentName", "ComponentVersion", "Manifests")


@dataclass(frozen=True)
class Component:
    """One version; `errors` names the artifacts that could not be had, for which it cannot be deployed."""

    name: str
    version: str
    recipe: Json
    created_s: float
    errors: dict[str, str]
    tags: dict[str, str]

    @property
    def arn(self) -> str:
        """Return the version's ARN."""
        return f"{family(self.name)}:versions:{self.version}"

    def status(self) -> Json:
        """Return its state as the API has it."""
        if self.errors:
            message = "Greengrass could not get the artifacts"
            return {"componentState": "FAILED", "message": message, "errors": self.errors}
        return {"componentState": "DEPLOYABLE", "message": "NONE", "errors": {}}


def family(name: str) -> str:
    """Return the ARN of a component without a version."""
    return f"arn:aws:greengrass:{REGION}:{ACCOUNT}:components:{name}"


@dataclass
class Components:
    """What was registered; every public method but `find` is an operation of the API."""

    aws: Callable[[], Aws]
    _versions: dict[str, Component] = field(default_factory=dict)
    _by_token: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, name: str, version: str) -> Component | None:
        """Return a version that devices can be given."""
        found = self._versions.get(f"{family(name)}:versions:{version}")
        return found if found and not found.errors else None

    def create(self, asked: Json) -> Json:
        """CreateComponentVersion; a repeat by its token is the same."""
        recipe = _recipe(asked.get("inlineRecipe", b""))
        with self._lock:
            token = asked.get("clientToken", "")
            if token and token in self._by_token:
                return _created(self._versions[self._by_token[token]])
            name, version = recipe["ComponentName"], recipe["ComponentVersion"]
            arn = f"{family(name)}:versions:{version}"
            if arn in self._versions:
                message = f"Component [{name} : {version}] already exists"
                raise RefusalError(
                    "ConflictException", message, 409, resourceId=arn, resourceType="component"
                )
            digested, errors = _digested(self.aws(), recipe)
            made = Component(name, version, digested, time.time(), errors, asked.get("tags", {}))
            self._versions[arn] = made
            if token:
                self._by_token[token] = arn
        return _created(made)

    def get(self, asked: Json) -> Json:
        """GetComponent, in JSON."""
        found = self._find(asked["arn"])
        recipe = json.dumps(found.recipe).encode()
        return {"recipeOutputFormat": "JSON", "recipe": recipe, "tags": found.tags}

    def describe(self, asked: Json) -> Json:
        """DescribeComponent."""
        found = self._find(asked["arn"])
        return filled(
            arn=found.arn,
            componentName=found.name,
            componentVersion=found.version,
            creationTimestamp=found.created_s,
            publisher=found.recipe.get("ComponentPublisher"),
            description=found.recipe.get("ComponentDescription"),
            status=found.status(),
            platforms=[],
            tags=found.tags,
        )

    def list_versions(self, asked: Json) -> Json:
        """ListComponentVersions, the newest first."""
        found = [
            {"componentName": each.name, "componentVersion": each.version, "arn": each.arn}
            for each in reversed(self._versions.values())
            if family(each.name) == asked["arn"]
        ]
        shown, token = page(found, asked.get("maxResults", _PAGE), asked.get("nextToken"))
        return filled(componentVersions=shown, nextToken=token)

    def delete(self, asked: Json) -> Json:
        """DeleteComponent: one version."""
        with self._lock:
            del self._versions[self._find(asked["arn"]).arn]
        return {}

    def _find(self, arn: str) -> Component:
        if arn not in self._versions:
            raise missing("component", arn)
        return self._versions[arn]


def missing(kind: str, name: str) -> RefusalError:
    """Return the error of a resource that is not there."""
    message = f"{kind} {name} does not exist"
    return RefusalError(
        "ResourceNotFoundException", message, 404, resourceId=name, resourceType=kind
    )


def _recipe(text: bytes) -> Json:
    try:
        recipe = json.loads(text)
        lacking = [name for name in _REQUIRED if name not in recipe]
    except (ValueError, TypeError) as error:
        raise _invalid(f"The recipe file is invalid: {error}; the sandbox reads JSON") from error
    if lacking:
        raise _invalid(f"The recipe file is invalid: {', '.join(lacking)} missing")
    return dict(recipe)


def _digested(aws: Aws, recipe: Json) -> tuple[Json, dict[str, str]]:
    """Return the recipe with every artifact's digest, and what was wrong with those that have none."""
    errors: dict[str, str] = {}
    manifests = []
    for manifest in recipe["Manifests"]:
        artifacts = []
        for artifact in manifest.get("Artifacts", []):
            bucket, key = split_uri(artifact["Uri"])
            try:
                body = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
            except ClientError as error:
                errors[artifact["Uri"]] = str(error)
                continue
            digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
            artifacts.append(artifact | {"Digest": digest, "Algorithm": "SHA-256"})
        manifests.append(manifest | {"Artifacts": artifacts})
    return recipe | {"Manifests": manifests}, errors


def _created(component: Component) -> Json:
    return {
        "arn": component.arn,
        "componentName": component.name,
        "componentVersion": component.version,
        "creationTimestamp": component.created_s,
        "status": {"componentState": "REQUESTED", "message": "NONE", "errors": {}},
    }


def _invalid(message: str) -> RefusalError:
    return RefusalError("ValidationException", message, reason="OTHER")
