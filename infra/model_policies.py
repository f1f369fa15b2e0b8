"""The thresholds of every shipped bundle, where route_prediction looks for them: one parameter a model version."""

import re
from pathlib import Path

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from fabwafer.bundle import MANIFEST, Manifest, read_bundle
from fabwafer.errors import BundleError
from infra.functions import accept_wildcard, allow
from infra.settings import Settings

PREFIX = "/fabwafer/models"
_PARAMETER_NAME = re.compile(r"[A-Za-z0-9_.-]+\Z")
_PARAMETER_BYTES = 4096


def allow_policies(
    function: lambda_.IFunction,
    action: str = "ssm:GetParameter",
    why_any: str = "A prediction names its model, so any version's is read.",
) -> None:
    """Let a function read, or put, the policy of whichever version it meets, and say why no single one is named."""
    every = Stack.of(function).format_arn(
        service="ssm", resource="parameter", resource_name=f"{PREFIX[1:]}/*"
    )
    allow(function, [action], every)
    accept_wildcard(
        function,
        f"arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter{PREFIX}/*",
        why_any,
    )


class ModelPolicies(Construct):
    """The policies; a version's stays when a newer one replaces it here, for Pis that still run it.

    Each has a name, so one whose stack failed to come up must go with it, or the next attempt would meet it.
    """

    def __init__(self, scope: Construct, construct_id: str, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        for manifest in shipped_bundles(settings.root / "models"):
            parameter = ssm.StringParameter(
                self,
                manifest.model,
                parameter_name=f"{PREFIX}/{manifest.name}/{manifest.version}",
                string_value=policy_text(manifest),
                description=f"Labels and thresholds of {manifest.model}",
            )
            parameter.apply_removal_policy(
                RemovalPolicy.DESTROY
                if settings.in_sandbox
                else RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
            )


def shipped_bundles(folder: Path) -> list[Manifest]:
    """Return the bundles below a folder, checked file by file.

    Raises:
        BundleError: If one of them is altered, or its name fits no parameter.
    """
    bundles = [read_bundle(path.parent) for path in sorted(folder.glob(f"*/{MANIFEST}"))]
    for bundle in bundles:
        for name in (bundle.name, bundle.version):
            if not _PARAMETER_NAME.match(name):
                raise BundleError(f"{bundle.model}: expected letters, digits, _ . -, got {name!r}")
    return bundles


def policy_text(manifest: Manifest) -> str:
    """Return a bundle's policy as its parameter's value.

    Raises:
        BundleError: If it does not fit into one.
    """
    text = manifest.policy.model_dump_json(exclude_none=True)
    if len(text.encode()) > _PARAMETER_BYTES:
        raise BundleError(
            f"{manifest.model}: policy: expected at most {_PARAMETER_BYTES} bytes, got {len(text)}"
        )
    return text
