import json
from pathlib import Path

import pytest
from synthesized import (
    EDGE_VERSION,
    FIRST_MODEL,
    MODEL_VERSION,
    Cloud,
    components,
    synthesize,
    text,
    warnings,
)

from fabwafer.errors import ContractError
from infra.components import EDGE, MODEL, read_component

STACK = "FabWaferGreengrass"
ROLE, ALIAS = "AWS::IAM::Role", "AWS::IoT::RoleAlias"
VERSION = "AWS::GreengrassV2::ComponentVersion"
DEPLOYMENT = "AWS::GreengrassV2::Deployment"


def listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def recipes(cloud: Cloud) -> dict[str, dict]:
    found = cloud.resources(STACK, VERSION).values()
    read = [json.loads(text(each["Properties"]["InlineRecipe"])) for each in found]
    return {recipe["ComponentName"]: recipe for recipe in read}


def test_both_components_are_versions_as_built(prod: Cloud) -> None:
    found = {name: recipe["ComponentVersion"] for name, recipe in recipes(prod).items()}
    assert found == {EDGE: EDGE_VERSION, MODEL: MODEL_VERSION}


def test_every_artifact_is_where_the_assets_are(prod: Cloud) -> None:
    uris = [
        artifact["Uri"]
        for recipe in recipes(prod).values()
        for manifest in recipe["Manifests"]
        for artifact in manifest["Artifacts"]
    ]
    assert len(set(uris)) == len(uris) == 3
    for uri in uris:
        assert uri.startswith("s3://cdk-fabwafer-assets-")
        assert uri.endswith(".zip")


def test_a_version_stays_when_the_next_one_comes_but_not_when_its_stack_fails(prod: Cloud) -> None:
    for version in prod.resources(STACK, VERSION).values():
        assert version["UpdateReplacePolicy"] == "Retain"
        assert version["DeletionPolicy"] == "RetainExceptOnCreate"


DEPLOYED = {
    "FabWaferCanary": (STACK, EDGE),
    "FabWaferModelCanary": (STACK, MODEL),
    "FabWaferFleet": ("FabWaferRollout", EDGE),
    "FabWaferModelEarly": ("FabWaferRollout", MODEL),
    "FabWaferModelEveryone": ("FabWaferRollout", MODEL),
}


def deployments(cloud: Cloud, stack: str) -> dict[str, dict]:
    """Return thing group -> properties of what a stack deploys to it."""
    found = [each["Properties"] for each in cloud.resources(stack, DEPLOYMENT).values()]
    return {text(each["TargetArn"]).rpartition("/")[2]: each for each in found}


def test_pis_that_check_no_signature_are_warned_of(prod: Cloud, tmp_path: Path) -> None:
    assert "any model, signed or not" in warnings(prod, STACK)
    edge = {"source": {"kind": "folder", "folder": "/in"}, "model_keys": ["MFkw"]}
    checking = synthesize(tmp_path, edge=json.dumps(edge), first_model=FIRST_MODEL)
    assert warnings(checking, STACK) == ""


def update(cloud: Cloud) -> dict:
    return deployments(cloud, STACK)["FabWaferCanary"]["Components"][EDGE]["ConfigurationUpdate"]


@pytest.mark.parametrize("group", DEPLOYED)
def test_a_group_gets_software_or_a_model_and_rolls_back_what_fails(
    prod: Cloud, group: str
) -> None:
    stack, component = DEPLOYED[group]
    properties = deployments(prod, stack)[group]
    assert set(properties["Components"]) == {component}
    assert properties["DeploymentPolicies"]["FailureHandlingPolicy"] == "ROLLBACK"


RINGS = [group for group, (_, component) in DEPLOYED.items() if component == MODEL]


def rings(cloud: Cloud) -> dict[str, dict]:
    """Return ring -> the resource that deploys the first model to it, of all stacks."""
    found = cloud.all_resources(DEPLOYMENT).values()
    by_group = {text(each["Properties"]["TargetArn"]).rpartition("/")[2]: each for each in found}
    return {group: each for group, each in by_group.items() if group in RINGS}


def test_a_release_that_ships_another_model_leaves_the_rings_what_they_run(
    prod: Cloud, tmp_path: Path
) -> None:
    upgraded = synthesize(tmp_path, shipped="1.3.0", first_model=FIRST_MODEL)
    assert recipes(upgraded)[MODEL]["ComponentVersion"] == "1.3.0"
    assert rings(upgraded) == rings(prod)
    for deployment in rings(upgraded).values():
        assert deployment["Properties"]["Components"] == {MODEL: {"ComponentVersion": "1.2.3"}}


def test_without_a_first_model_rings_keep_what_they_have_and_that_is_said(
    prod: Cloud, tmp_path: Path
) -> None:
    cloud = synthesize(tmp_path)
    assert rings(cloud) == {}
    assert "no model is deployed to the rings" in warnings(cloud, STACK)
    assert "no model" not in warnings(prod, STACK)
    for deployment in rings(prod).values():
        assert deployment["UpdateReplacePolicy"] == "Retain"
        assert deployment["DeletionPolicy"] == "RetainExceptOnCreate"


def test_the_canaries_get_a_model_that_is_there(prod: Cloud) -> None:
    names = {
        json.loads(text(each["Properties"]["InlineRecipe"]))["ComponentName"]: name
        for name, each in prod.resources(STACK, VERSION).items()
    }
    assert rings(prod)["FabWaferModelCanary"]["DependsOn"] == [names[MODEL]]


def test_a_deployment_merges_only_what_the_fab_decides(prod: Cloud) -> None:
    merged = json.loads(text(update(prod)["Merge"]))
    assert set(merged) == {"source", "images_bucket"}
    assert merged["images_bucket"].startswith("<FabWaferData:ExportsOutputRefBucketsImages")


def test_another_kind_of_source_finds_nothing_left_of_the_one_before(prod: Cloud) -> None:
    assert update(prod)["Reset"] == ["/source"]


def test_a_deployment_that_merges_no_source_leaves_the_pis_own(tmp_path: Path) -> None:
    cloud = synthesize(tmp_path, edge='{"messages_per_s": 40}')
    assert "Reset" not in update(cloud)


def test_the_rollout_imports_no_version_that_the_next_release_must_change(prod: Cloud) -> None:
    found = {
        name: each["ComponentVersion"]
        for properties in deployments(prod, "FabWaferRollout").values()
        for name, each in properties["Components"].items()
    }
    assert found == {EDGE: EDGE_VERSION, MODEL: MODEL_VERSION}


def test_everyone_else_comes_after_the_canaries(prod: Cloud) -> None:
    manifest = json.loads((prod.folder / "manifest.json").read_text())
    assert STACK in manifest["artifacts"]["FabWaferRollout"]["dependencies"]


def test_the_sandbox_has_no_greengrass(sandbox: Cloud) -> None:
    assert sandbox.stacks == [
        "FabWaferData",
        "FabWaferFleet",
        "FabWaferLoop",
        "FabWaferObservability",
        "FabWaferService",
    ]


def test_a_camera_may_put_its_own_pictures_fetch_components_log_and_nothing_else(
    prod: Cloud,
) -> None:
    found = prod.resources(STACK, "AWS::IAM::Policy").values()
    [policy] = [
        each["Properties"]
        for each in found
        if "fabacamera1Role" in each["Properties"]["PolicyName"]
    ]
    granted = {
        text(resource): each["Action"]
        for each in policy["PolicyDocument"]["Statement"]
        for resource in listed(each["Resource"])
    }
    [pictures] = [resource for resource in granted if "BucketsImages" in resource]
    [bundles] = [resource for resource in granted if "BucketsModels" in resource]
    assert pictures.endswith("/faba/camera1/*")
    assert bundles.endswith("/bundles/*")
    assert granted == {
        pictures: "s3:PutObject",
        bundles: "s3:GetObject",
        "arn:<AWS::Partition>:s3:::cdk-fabwafer-assets-<AWS::AccountId>-<AWS::Region>/*.zip": (
            "s3:GetObject"
        ),
        "arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:/aws/greengrass/*": [
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
        ],
    }


def test_a_role_is_lent_through_its_own_alias_alone(prod: Cloud) -> None:
    aliases = prod.resources(STACK, ALIAS).values()
    roles = prod.resources(STACK, ROLE)
    assert len(roles) == len(aliases)
    for alias in aliases:
        role = roles[alias["Properties"]["RoleArn"]["Fn::GetAtt"][0]]["Properties"]
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        source = text(trust["Condition"]["ArnEquals"]["aws:SourceArn"])
        assert source.endswith(f":rolealias/{alias['Properties']['RoleAlias']}")
        assert trust["Principal"] == {"Service": "credentials.iot.amazonaws.com"}


def test_what_was_not_built_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="run `make component` first, got"):
        read_component(tmp_path, EDGE)


def test_an_artifact_that_was_not_built_is_named(tmp_path: Path) -> None:
    components(tmp_path)
    for path in tmp_path.rglob("wafer-map.zip"):
        path.unlink()
    with pytest.raises(ContractError, match=r"com.fabwafer.Model 1.2.3: Uri: expected .*wafer-map"):
        read_component(tmp_path, MODEL).artifacts()
