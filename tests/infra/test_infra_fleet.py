import fnmatch
import json

import pytest
from synthesized import FLEET, Cloud, text

from infra.fleet import CANARIES, EVERYONE_ELSE, MODEL_RINGS
from infra.fleet_file import Camera

STACK = "FabWaferFleet"
ARN = "arn:<AWS::Partition>:iot:<AWS::Region>:<AWS::AccountId>:"
CAMERAS = [Camera(fab, name) for fab, names in FLEET.items() for name in names]
POLICY_CHARACTERS = 2048


def listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def policies(cloud: Cloud) -> dict[str, list[dict]]:
    found = cloud.resources(STACK, "AWS::IoT::Policy").values()
    return {
        each["Properties"]["PolicyName"]: each["Properties"]["PolicyDocument"]["Statement"]
        for each in found
    }


def may(cloud: Cloud, thing: str, action: str, resource: str) -> bool:
    return any(
        action in listed(statement["Action"])
        and any(
            fnmatch.fnmatchcase(resource, text(each).removeprefix(ARN))
            for each in listed(statement["Resource"])
        )
        for statement in policies(cloud)[thing]
    )


@pytest.mark.parametrize("stage", ["prod", "sandbox"])
def test_every_camera_is_a_thing_with_a_policy_of_its_name(
    request: pytest.FixtureRequest, stage: str
) -> None:
    cloud = request.getfixturevalue(stage)
    things = cloud.resources(STACK, "AWS::IoT::Thing").values()
    names = {each["Properties"]["ThingName"] for each in things}
    assert names == set(policies(cloud)) == {camera.thing for camera in CAMERAS}


@pytest.mark.parametrize(
    "topic",
    [
        "fabwafer/faba/camera1/img/i",
        "fabwafer/faba/camera1/img",
        "fabwafer/faba/camera1/prediction/i",
        "fabwafer/faba/camera1/prediction",
        "fabwafer/faba/camera1/status",
        "$aws/rules/FabWaferPrediction/fabwafer/faba/camera1/prediction/i",
        "$aws/rules/FabWaferImage/fabwafer/faba/camera1/img/i",
    ],
)
@pytest.mark.parametrize("stage", ["prod", "sandbox"])
def test_a_thing_may_publish_its_own_messages(
    request: pytest.FixtureRequest, stage: str, topic: str
) -> None:
    assert may(request.getfixturevalue(stage), "faba--camera1", "iot:Publish", f"topic/{topic}")


@pytest.mark.parametrize(
    "topic",
    [
        "fabwafer/faba/camera10/img/i",
        "fabwafer/faba/camera1",
        "fabwafer/fabb/camera1/status",
        "$aws/rules/FabWaferPrediction/fabwafer/faba/camera10/prediction/i",
        "$aws/rules/FabWaferOther/fabwafer/faba/camera1/prediction/i",
        "$aws/things/faba--camera10/shadow/update",
        "$aws/things/faba--camera1",
        "other",
    ],
)
@pytest.mark.parametrize("stage", ["prod", "sandbox"])
def test_a_thing_may_publish_nothing_else(
    request: pytest.FixtureRequest, stage: str, topic: str
) -> None:
    cloud = request.getfixturevalue(stage)
    assert not may(cloud, "faba--camera1", "iot:Publish", f"topic/{topic}")


@pytest.mark.parametrize(
    ("client", "allowed"),
    [
        ("faba--camera1", True),
        ("faba--camera1#2", True),
        ("faba--camera10", False),
        ("faba--camera", False),
        ("fabb--camera1", False),
    ],
)
def test_a_thing_may_connect_as_itself_alone(prod: Cloud, client: str, allowed: bool) -> None:
    assert may(prod, "faba--camera1", "iot:Connect", f"client/{client}") is allowed


def test_a_thing_may_listen_to_nothing_in_the_sandbox(sandbox: Cloud) -> None:
    actions = {
        action
        for statement in policies(sandbox)["faba--camera1"]
        for action in listed(statement["Action"])
    }
    assert actions == {"iot:Connect", "iot:Publish"}


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("iot:Subscribe", "topicfilter/$aws/things/faba--camera1/jobs/notify-next", True),
        ("iot:Receive", "topic/$aws/things/faba--camera1/shadow/update/delta", True),
        ("iot:Publish", "topic/$aws/things/faba--camera1/greengrassv2/health/json", True),
        ("iot:Subscribe", "topicfilter/$aws/things/+/jobs/#", False),
        ("iot:Subscribe", "topicfilter/fabwafer/#", False),
        ("iot:Receive", "topic/fabwafer/fabb/camera1/status", False),
        ("iot:AssumeRoleWithCertificate", "rolealias/faba--camera1", True),
        ("iot:AssumeRoleWithCertificate", "rolealias/faba--camera10", False),
    ],
)
def test_a_greengrass_core_has_its_own_reserved_topics_and_role(
    prod: Cloud, action: str, resource: str, allowed: bool
) -> None:
    assert may(prod, "faba--camera1", action, resource) is allowed


def test_only_the_deployments_data_plane_knows_no_resource(prod: Cloud) -> None:
    everything = {
        action
        for statement in policies(prod)["faba--camera1"]
        if "*" in listed(statement["Resource"])
        for action in listed(statement["Action"])
    }
    assert everything == {
        "greengrass:GetComponentVersionArtifact",
        "greengrass:GetDeploymentConfiguration",
        "greengrass:ListThingGroupsForCoreDevice",
        "greengrass:ResolveComponentCandidates",
    }


def test_a_policy_of_long_names_still_fits(prod: Cloud) -> None:
    longest = Camera("f" * 55, "c" * 55)
    document = json.dumps(policies(prod)["faba--camera1"], separators=(",", ":"))
    statements = json.loads(document)
    for statement in statements:
        statement["Resource"] = [
            text(each)
            .replace(ARN, "arn:aws:iot:ap-southeast-1:123456789012:")
            .replace("faba--camera1", longest.thing)
            .replace("faba/camera1", f"{longest.fab}/{longest.name}")
            for each in listed(statement["Resource"])
        ]
    written = json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
    assert len(written) <= POLICY_CHARACTERS


def test_there_is_a_group_a_fab_two_for_software_and_three_for_models(prod: Cloud) -> None:
    groups = prod.resources(STACK, "AWS::IoT::ThingGroup").values()
    names = {each["Properties"]["ThingGroupName"] for each in groups}
    software, fabs = {CANARIES, EVERYONE_ELSE}, {"FabWafer-faba", "FabWafer-fabb"}
    assert names == software | set(MODEL_RINGS) | fabs
