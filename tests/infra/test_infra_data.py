import json
from pathlib import Path

import pytest
from synthesized import MODEL_VERSION, Cloud, bundle, synthesize, text

from fabwafer.errors import BundleError
from fabwafer.triage import Policy
from infra.model_policies import policy_text, shipped_bundles

DATA = "FabWaferData"
TABLE, BUCKET, KEY = "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key"


def one(cloud: Cloud, kind: str, name: str) -> dict:
    [found] = [each for key, each in cloud.resources(DATA, kind).items() if name in key]
    return found["Properties"]


@pytest.mark.parametrize(("stage", "policy"), [("prod", "Retain"), ("sandbox", "Delete")])
@pytest.mark.parametrize("kind", [TABLE, BUCKET, KEY])
def test_data_outlives_its_stack_in_prod_alone(
    request: pytest.FixtureRequest, stage: str, policy: str, kind: str
) -> None:
    found = request.getfixturevalue(stage).resources(DATA, kind)
    assert found
    assert {each["DeletionPolicy"] for each in found.values()} == {policy}
    assert {each["UpdateReplacePolicy"] for each in found.values()} == {policy}


def test_what_vouches_and_draws_is_data_and_no_stack_that_comes_back_makes_another(
    prod: Cloud,
) -> None:
    assert one(prod, KEY, "Signing")["KeySpec"] == "ECC_NIST_P256"
    kept = {
        name: each["Properties"]["KeyUsage"] for name, each in prod.resources(DATA, KEY).items()
    }
    assert sorted(kept.values()) == ["GENERATE_VERIFY_MAC", "SIGN_VERIFY"]
    elsewhere = prod.all_resources(KEY).keys() - {f"{DATA}/{name}" for name in kept}
    assert {name.partition("/")[0] for name in elsewhere} == {"FabWaferObservability"}


def test_the_keys_outlive_the_stack_in_prod(prod: Cloud, sandbox: Cloud) -> None:
    for cloud, policy in ((prod, "Retain"), (sandbox, "Delete")):
        assert {key["DeletionPolicy"] for key in cloud.resources(DATA, KEY).values()} == {policy}


def test_the_signing_key_has_the_name_that_sign_bundle_is_told(prod: Cloud) -> None:
    assert one(prod, "AWS::KMS::Alias", "Signing")["AliasName"] == "alias/fabwafer-models"


@pytest.mark.parametrize(
    ("stage", "policy"),
    [("prod", ("RetainExceptOnCreate", "Retain")), ("sandbox", ("Delete", "Delete"))],
)
def test_a_models_policy_outlives_its_version_but_not_a_stack_that_failed(
    request: pytest.FixtureRequest, stage: str, policy: tuple[str, str]
) -> None:
    [parameter] = request.getfixturevalue(stage).resources(DATA, "AWS::SSM::Parameter").values()
    assert (parameter["DeletionPolicy"], parameter["UpdateReplacePolicy"]) == policy


@pytest.mark.parametrize(("stage", "protected"), [("prod", True), ("sandbox", False)])
def test_tables_are_guarded_against_deletion_in_prod(
    request: pytest.FixtureRequest, stage: str, protected: bool
) -> None:
    for table in request.getfixturevalue(stage).resources(DATA, TABLE).values():
        assert table["Properties"]["DeletionProtectionEnabled"] is protected


def test_every_table_is_restorable_encrypted_and_on_demand(prod: Cloud) -> None:
    for table in prod.resources(DATA, TABLE).values():
        properties = table["Properties"]
        assert properties["PointInTimeRecoverySpecification"] == {
            "PointInTimeRecoveryEnabled": True
        }
        assert properties["SSESpecification"] == {"SSEEnabled": True}
        assert properties["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize(
    ("table", "keys", "indexes"),
    [
        (
            "Predictions",
            ["imgid:S", "timestamp:N"],
            {
                "by_camera": ["fab_camera:S", "timestamp:N"],
                "by_lot": ["fab_lot:S", "timestamp:N"],
                "by_fab": ["fab:S", "timestamp:N"],
                "by_label": ["fab_label:S", "timestamp:N"],
            },
        ),
        (
            "Reviews",
            ["item:S"],
            {
                "by_state": ["fab_state:S", "opened_at:N"],
                "by_turn": ["fab_queue:S", "turn:N"],
            },
        ),
        ("Events", ["item:S", "seq:N"], {"by_time": ["fab:S", "at_ms:N"]}),
        ("Papers", ["kind:S", "name:S"], {}),
        ("Cameras", ["fab:S", "camera:S"], {}),
    ],
)
def test_a_table_is_found_by_these_keys(
    prod: Cloud, table: str, keys: list[str], indexes: dict[str, list[str]]
) -> None:
    properties = one(prod, TABLE, table)
    kinds = {
        each["AttributeName"]: each["AttributeType"] for each in properties["AttributeDefinitions"]
    }

    def named(schema: list[dict]) -> list[str]:
        return [f"{key['AttributeName']}:{kinds[key['AttributeName']]}" for key in schema]

    assert named(properties["KeySchema"]) == keys
    found = properties.get("GlobalSecondaryIndexes", [])
    assert {each["IndexName"]: named(each["KeySchema"]) for each in found} == indexes


def test_predictions_may_expire(prod: Cloud) -> None:
    assert one(prod, TABLE, "Predictions")["TimeToLiveSpecification"] == {
        "AttributeName": "expires_at",
        "Enabled": True,
    }


def test_every_bucket_is_private_and_encrypted(prod: Cloud) -> None:
    for bucket in prod.resources(DATA, BUCKET).values():
        assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
        assert "BucketEncryption" in bucket["Properties"]


def test_every_bucket_refuses_plain_http_and_old_tls(prod: Cloud) -> None:
    refused = {
        (text(policy["Properties"]["Bucket"]), condition)
        for policy in prod.resources(DATA, "AWS::S3::BucketPolicy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        for condition in statement["Condition"]
    }
    buckets = [f"<{name}>" for name in prod.resources(DATA, BUCKET)]
    assert refused == {(name, how) for name in buckets for how in ("Bool", "NumericLessThan")}


def test_pictures_are_kept_for_ever_unless_told_otherwise(prod: Cloud) -> None:
    rules = one(prod, BUCKET, "Images")["LifecycleConfiguration"]["Rules"]
    assert not [rule for rule in rules if "ExpirationInDays" in rule]


@pytest.mark.parametrize("bucket", ["Quarantine", "AccessLogs"])
def test_what_was_refused_and_who_looked_is_forgotten_after_90_days(
    prod: Cloud, bucket: str
) -> None:
    [rule] = one(prod, BUCKET, bucket)["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == 90


def test_of_models_only_what_nobody_asks_for_again_is_forgotten(prod: Cloud) -> None:
    rules = one(prod, BUCKET, "Models")["LifecycleConfiguration"]["Rules"]
    expiring = {each["Prefix"]: each for each in rules if "ExpirationInDays" in each}
    assert {prefix: each["ExpirationInDays"] for prefix, each in expiring.items()} == {
        "checkpoints/": 14,
        "recent/": 90,
    }
    for each in expiring.values():
        assert each["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


@pytest.mark.parametrize("table", ["Reviews", "Events"])
def test_what_people_answered_never_expires(prod: Cloud, table: str) -> None:
    assert "TimeToLiveSpecification" not in one(prod, TABLE, table)


def test_pictures_and_functions_forget_alike_and_the_portal_may_read(tmp_path: Path) -> None:
    cloud = synthesize(
        tmp_path, stage="sandbox", keep_days="30", portal_url="https://portal.example.com"
    )
    images = one(cloud, BUCKET, "Images")
    assert images["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == 30
    assert images["CorsConfiguration"]["CorsRules"][0]["AllowedOrigins"] == [
        "https://portal.example.com"
    ]
    environments = [
        each["Properties"]["Environment"]["Variables"]
        for each in cloud.resources("FabWaferService", "AWS::Lambda::Function").values()
    ]
    assert [each["KEEP_DAYS"] for each in environments if "KEEP_DAYS" in each] == ["30"]


@pytest.mark.parametrize("bucket", ["Images", "Quarantine", "Exports"])
def test_access_to_data_is_logged(prod: Cloud, bucket: str) -> None:
    logging = one(prod, BUCKET, bucket)["LoggingConfiguration"]
    assert text(logging["DestinationBucketName"]).startswith("<BucketsAccessLogs")


def test_a_bundles_policy_is_where_route_prediction_looks(prod: Cloud) -> None:
    parameter = one(prod, "AWS::SSM::Parameter", "wafermap")
    assert parameter["Name"] == f"/fabwafer/models/wafer-map/{MODEL_VERSION}"
    policy = Policy.model_validate_json(parameter["Value"])
    assert policy == Policy(model=f"wafer-map@{MODEL_VERSION}", accept={"Loc": 0.9})


def test_a_repository_without_bundles_deploys_no_policy(tmp_path: Path) -> None:
    assert shipped_bundles(tmp_path / "models") == []


def test_an_altered_bundle_is_not_deployed(tmp_path: Path) -> None:
    bundle(tmp_path / "wafer-map")
    (tmp_path / "wafer-map" / "model.onnx").write_bytes(b"another")
    with pytest.raises(BundleError, match="sha256"):
        shipped_bundles(tmp_path)


def test_a_version_that_no_parameter_can_be_named_after_is_refused(tmp_path: Path) -> None:
    bundle(tmp_path / "wafer-map", version="1.0+x")
    with pytest.raises(BundleError, match=r"got '1.0\+x'"):
        shipped_bundles(tmp_path)


def test_a_policy_too_long_for_a_parameter_is_refused(tmp_path: Path) -> None:
    bundle(tmp_path / "wafer-map")
    path = tmp_path / "wafer-map" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["policy"]["labels"] = ["none", *(f"defect-{n:060}" for n in range(100))]
    manifest["policy"]["accept"] = {}
    path.write_text(json.dumps(manifest))
    [bundle_] = shipped_bundles(tmp_path)
    with pytest.raises(BundleError, match="policy: expected at most 4096 bytes"):
        policy_text(bundle_)
