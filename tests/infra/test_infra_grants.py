"""Who may do what: the whole of it, so that a new grant must be written down here."""

import json

import pytest
from granted import granted, statements, without_hashes
from loop_grants import LOOP_GRANTS
from service_grants import SERVICE_GRANTS
from synthesized import Cloud, text

SERVICE, LOOP = "FabWaferService", "FabWaferLoop"


@pytest.mark.parametrize("role", SERVICE_GRANTS)
def test_a_function_may_do_exactly_this(prod: Cloud, role: str) -> None:
    assert granted(prod, SERVICE)[role] == SERVICE_GRANTS[role]


@pytest.mark.parametrize("role", LOOP_GRANTS)
def test_a_part_of_the_loop_may_do_exactly_this(prod: Cloud, role: str) -> None:
    assert granted(prod, LOOP)[role] == LOOP_GRANTS[role]


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
    found = granted(prod, SERVICE)[f"Ingest{rule}Role"]
    assert found == {queue: {"sqs:SendMessage"} for queue in queues}


def test_no_other_role_may_do_anything(prod: Cloud) -> None:
    rules = {f"IngestFabWafer{name}Role" for name in ("Prediction", "Image", "Status")}
    short = {f"IngestFabWafer{name}ShortRole" for name in ("Prediction", "Image")}
    assert set(granted(prod, SERVICE)) == SERVICE_GRANTS.keys() | rules | short
    assert set(granted(prod, LOOP)) == LOOP_GRANTS.keys()


@pytest.mark.parametrize("stack", [SERVICE, LOOP])
def test_the_sandbox_grants_the_same(prod: Cloud, sandbox: Cloud, stack: str) -> None:
    assert granted(sandbox, stack) == granted(prod, stack)


def test_a_rules_role_is_for_that_rule_of_this_account_alone(prod: Cloud) -> None:
    roles = prod.resources(SERVICE, "AWS::IAM::Role")
    for name, role in roles.items():
        [trust] = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        if trust["Principal"] == {"Service": "iot.amazonaws.com"}:
            rule = without_hashes(name).removeprefix("Ingest").removesuffix("Role")
            assert text(trust["Condition"]["ArnEquals"]["aws:SourceArn"]).endswith(f"rule/{rule}")


def test_a_training_job_writes_metrics_of_training_jobs_alone(prod: Cloud) -> None:
    [condition] = [
        statement["Condition"]
        for role, statement in statements(prod, LOOP)
        if statement["Action"] == "cloudwatch:PutMetricData"
    ]
    assert condition == {"StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"}}


def test_no_role_has_a_managed_policy_or_a_wildcard_action(prod: Cloud) -> None:
    for role in prod.all_resources("AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role["Properties"]
    actions = {
        each
        for stack in (SERVICE, LOOP)
        for role in granted(prod, stack).values()
        for some in role.values()
        for each in some
    }
    assert not [each for each in actions if "*" in each]


@pytest.mark.parametrize(
    ("role", "reason"),
    [
        ("StartTrainingRole", "A prediction names its model, so any version's is read."),
        ("RegisterModelRole", "A candidate's version is its policy's name."),
    ],
)
def test_why_any_models_policy_is_granted_is_said_of_what_is_granted(
    prod: Cloud, role: str, reason: str
) -> None:
    told = json.loads((prod.folder / f"{LOOP}.metadata.json").read_text())[f"/{LOOP}/{role}"]
    [said] = [each["data"] for each in told if "parameter/fabwafer/models/*" in str(each["data"])]
    assert reason in str(said)
