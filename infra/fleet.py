"""The fleet as AWS IoT knows it: a thing and a policy a camera, groups to deploy to and to search by.

Certificates are made where a Pi is prepared, and so are memberships of groups: CloudFormation can do neither without
having a private key pass through it, or a Lambda of its own.
"""

from aws_cdk import Stack
from aws_cdk import aws_iot as iot
from constructs import Construct

from infra.fleet_file import Camera
from infra.ingest import BASIC_INGEST_RULES

CANARIES = "FabWaferCanary"
EVERYONE_ELSE = "FabWaferFleet"
"""A Pi is in exactly one of these two: different versions for one Pi make Greengrass refuse both."""
MODEL_CANARIES = "FabWaferModelCanary"
MODEL_EARLY = "FabWaferModelEarly"
MODEL_EVERYONE = "FabWaferModelEveryone"
MODEL_RINGS = (MODEL_CANARIES, MODEL_EARLY, MODEL_EVERYONE)
"""And in exactly one of these, to which models come: so a release of software and one of a model never meet."""


def fab_group(fab: str) -> str:
    """Return the name of the thing group of a fab."""
    return f"FabWafer-{fab}"


class Groups(Construct):
    """A group a fab, to search and to run jobs by; two to deploy software to, three to deploy models to."""

    def __init__(self, scope: Construct, construct_id: str, fabs: tuple[str, ...]) -> None:
        super().__init__(scope, construct_id)
        for name in (CANARIES, EVERYONE_ELSE, *MODEL_RINGS, *map(fab_group, fabs)):
            iot.CfnThingGroup(self, name, thing_group_name=name)


class CameraThing(Construct):
    """One camera's thing, and the policy that its certificate gets."""

    def __init__(
        self, scope: Construct, construct_id: str, camera: Camera, *, greengrass: bool
    ) -> None:
        super().__init__(scope, construct_id)
        iot.CfnThing(
            self,
            "Thing",
            thing_name=camera.thing,
            attribute_payload=iot.CfnThing.AttributePayloadProperty(
                attributes={"fab": camera.fab, "camera": camera.name}
            ),
        )
        statements = [*_messages(self, camera), *(_as_core(self, camera) if greengrass else [])]
        iot.CfnPolicy(
            self,
            "Policy",
            policy_name=camera.thing,
            policy_document={"Version": "2012-10-17", "Statement": statements},
        )


Statement = dict[str, str | list[str]]


def _messages(scope: Construct, camera: Camera) -> list[Statement]:
    """Connect as oneself, publish below one's own prefix, plainly or by Basic Ingest.

    The classic nucleus opens further connections as `<thing>#2`; a bare `<thing>*` would let camera1 be camera10.
    """
    direct = [f"$aws/rules/{rule}/{camera.topics}/*" for rule in BASIC_INGEST_RULES.values()]
    return [
        _allow("iot:Connect", [_arn(scope, "client", name) for name in _clients(camera)]),
        _allow(
            "iot:Publish", [_arn(scope, "topic", each) for each in (f"{camera.topics}/*", *direct)]
        ),
    ]


def _as_core(scope: Construct, camera: Camera) -> list[Statement]:
    """What a Greengrass core needs beside: its own reserved topics, its own role, the deployments' data plane.

    The data plane's actions know no resource that names the caller, and thing variables do not work there.
    """
    own = f"$aws/things/{camera.thing}/*"
    return [
        _allow(["iot:Publish", "iot:Receive"], [_arn(scope, "topic", own)]),
        _allow("iot:Subscribe", [_arn(scope, "topicfilter", own)]),
        _allow("iot:AssumeRoleWithCertificate", [_arn(scope, "rolealias", camera.thing)]),
        _allow(
            [
                "greengrass:GetComponentVersionArtifact",
                "greengrass:GetDeploymentConfiguration",
                "greengrass:ListThingGroupsForCoreDevice",
                "greengrass:ResolveComponentCandidates",
            ],
            ["*"],
        ),
    ]


def _clients(camera: Camera) -> list[str]:
    return [camera.thing, f"{camera.thing}#*"]


def _allow(actions: str | list[str], resources: list[str]) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _arn(scope: Construct, resource: str, name: str) -> str:
    return Stack.of(scope).format_arn(service="iot", resource=resource, resource_name=name)
