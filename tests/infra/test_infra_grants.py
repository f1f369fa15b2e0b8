"""Who may do what: the whole of it, so that a new grant must be written down here."""

import re
from collections.abc import Iterator

import pytest
from synthesized import Cloud, text

DATA = "<FabWaferData:ExportsOutputFnGetAtt{}>"
QUEUE_SEND = {"sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"}
QUEUE_TAKE = {
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
}
LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
PREDICTIONS, REVIEWS, EVENTS, PAPERS, CAMERAS = (
    DATA.format(f"Tables{name}Arn")
    for name in ("Predictions", "Reviews", "Events", "Papers", "Cameras")
)
IMAGES, QUARANTINE, EXPORTS = (
    DATA.format(f"Buckets{name}Arn") for name in ("Images", "Quarantine", "Exports")
)
QUERY = {"dynamodb:Query"}

GRANTS = {
    "RoutePredictionRole": {
        "<RoutePredictionLogs.Arn>": LOG,
        "<RoutingPredictions.Arn>": QUEUE_TAKE,
        PREDICTIONS: {"dynamodb:PutItem"},
        "<AlertingAlerts.Arn>": QUEUE_SEND,
        "<ReviewingReview.Arn>": QUEUE_SEND,
        f"{QUARANTINE}/prediction/*": {"s3:PutObject"},
        "arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/fabwafer/models/*": {
            "ssm:GetParameter"
        },
    },
    "SendAlertsRole": {
        "<SendAlertsLogs.Arn>": LOG,
        "<AlertingAlerts.Arn>": QUEUE_TAKE,
        PREDICTIONS: {"dynamodb:UpdateItem"},
        "<AlertingTopic>": {"sns:Publish"},
    },
    "OpenReviewRole": {
        "<OpenReviewLogs.Arn>": LOG,
        "<ReviewingReview.Arn>": QUEUE_TAKE,
        REVIEWS: {"dynamodb:PutItem"},
    },
    "ArchiveImageRole": {
        "<ArchiveImageLogs.Arn>": LOG,
        f"{IMAGES}/*": {"s3:GetObject", "s3:PutObject"},
        IMAGES: {"s3:ListBucket"},
        f"{QUARANTINE}/img/*": {"s3:PutObject"},
        "<FailedInvocations.Arn>": QUEUE_SEND,
    },
    "RecordHeartbeatRole": {
        "<RecordHeartbeatLogs.Arn>": LOG,
        CAMERAS: {"dynamodb:PutItem"},
        f"{QUARANTINE}/status/*": {"s3:PutObject"},
        "<FailedInvocations.Arn>": QUEUE_SEND,
    },
    "ReviewApiRole": {
        "<ReviewApiLogs.Arn>": LOG,
        PREDICTIONS: {"dynamodb:GetItem", "dynamodb:BatchGetItem"},
        REVIEWS: {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem"},
        EVENTS: {"dynamodb:PutItem", "dynamodb:Query"},
        PAPERS: {
            *("dynamodb:GetItem", "dynamodb:BatchGetItem"),
            *("dynamodb:PutItem", "dynamodb:Query"),
        },
        CAMERAS: QUERY,
        f"{PREDICTIONS}/index/by_camera": QUERY,
        f"{PREDICTIONS}/index/by_lot": QUERY,
        f"{PREDICTIONS}/index/by_fab": QUERY,
        f"{PREDICTIONS}/index/by_label": QUERY,
        f"{REVIEWS}/index/by_state": QUERY,
        f"{REVIEWS}/index/by_turn": QUERY,
        f"{EVENTS}/index/by_time": QUERY,
        f"{IMAGES}/*": {"s3:GetObject"},
        IMAGES: {"s3:ListBucket"},
        f"{EXPORTS}/*": {"s3:GetObject"},
        "<PortalExports.Arn>": QUEUE_SEND,
        "arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/fabwafer/models/*": {
            "ssm:GetParameter"
        },
        "arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/fabwafer/loop/portal": {
            "ssm:GetParameter"
        },
    },
    "WriteExportRole": {
        "<WriteExportLogs.Arn>": LOG,
        "<PortalExports.Arn>": QUEUE_TAKE,
        PREDICTIONS: {"dynamodb:BatchGetItem"},
        REVIEWS: {"dynamodb:BatchGetItem"},
        PAPERS: {"dynamodb:GetItem", "dynamodb:PutItem"},
        f"{PREDICTIONS}/index/by_camera": QUERY,
        f"{PREDICTIONS}/index/by_lot": QUERY,
        f"{PREDICTIONS}/index/by_fab": QUERY,
        f"{IMAGES}/*": {"s3:GetObject"},
        IMAGES: {"s3:ListBucket"},
        f"{EXPORTS}/*": {"s3:PutObject", "s3:AbortMultipartUpload"},
    },
}


def listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def without_hashes(name: str) -> str:
    return re.sub(r"(?<=[a-z])[0-9A-F]{8}(?=\b|Arn)", "", name)


def granted(cloud: Cloud) -> dict[str, dict[str, set[str]]]:
    """Return role -> resource -> actions, of the roles' own policies and of those attached."""
    found: dict[str, dict[str, set[str]]] = {}
    for role, statement in statements(cloud):
        assert statement["Effect"] == "Allow"
        for resource in listed(statement["Resource"]):
            actions = found.setdefault(role, {}).setdefault(without_hashes(text(resource)), set())
            actions.update(listed(statement["Action"]))
    return found


def statements(cloud: Cloud) -> Iterator[tuple[str, dict]]:
    for policy in cloud.resources("FabWaferService", "AWS::IAM::Policy").values():
        for role in policy["Properties"]["Roles"]:
            for each in policy["Properties"]["PolicyDocument"]["Statement"]:
                yield without_hashes(role["Ref"]), each
    for name, role in cloud.resources("FabWaferService", "AWS::IAM::Role").items():
        for policy in role["Properties"].get("Policies", []):
            for each in policy["PolicyDocument"]["Statement"]:
                yield without_hashes(name), each


@pytest.mark.parametrize("role", GRANTS)
def test_a_function_may_do_exactly_this(prod: Cloud, role: str) -> None:
    assert granted(prod)[role] == GRANTS[role]


@pytest.mark.parametrize(
    ("rule", "queues"),
    [
        ("FabWaferPrediction", {"<RoutingPredictions.Arn>", "<RuleErrors.Arn>"}),
        ("FabWaferPredictionShort", {"<RoutingPredictions.Arn>", "<RuleErrors.Arn>"}),
        ("FabWaferImage", {"<RuleErrors.Arn>"}),
        ("FabWaferImageShort", {"<RuleErrors.Arn>"}),
        ("FabWaferStatus", {"<RuleErrors.Arn>"}),
    ],
)
def test_a_rule_may_send_to_its_queues_and_do_nothing_else(
    prod: Cloud, rule: str, queues: set[str]
) -> None:
    assert granted(prod)[f"Ingest{rule}Role"] == {queue: {"sqs:SendMessage"} for queue in queues}


def test_no_other_role_may_do_anything(prod: Cloud) -> None:
    rules = {f"IngestFabWafer{name}Role" for name in ("Prediction", "Image", "Status")}
    short = {f"IngestFabWafer{name}ShortRole" for name in ("Prediction", "Image")}
    assert set(granted(prod)) == GRANTS.keys() | rules | short


def test_the_sandbox_grants_the_same(prod: Cloud, sandbox: Cloud) -> None:
    assert granted(sandbox) == granted(prod)


def test_a_rules_role_is_for_that_rule_of_this_account_alone(prod: Cloud) -> None:
    roles = prod.resources("FabWaferService", "AWS::IAM::Role")
    for name, role in roles.items():
        [trust] = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        if trust["Principal"] == {"Service": "iot.amazonaws.com"}:
            rule = without_hashes(name).removeprefix("Ingest").removesuffix("Role")
            assert text(trust["Condition"]["ArnEquals"]["aws:SourceArn"]).endswith(f"rule/{rule}")


def test_no_role_has_a_managed_policy_or_a_wildcard_action(prod: Cloud) -> None:
    for role in prod.all_resources("AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role["Properties"]
    actions = {each for role in granted(prod).values() for some in role.values() for each in some}
    assert not [each for each in actions if "*" in each]
