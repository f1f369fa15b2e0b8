"""The training half of the loop, in a stack of its own."""

import json
import os
from pathlib import Path

import pytest

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

from aws_cdk import App, Stack, assertions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from synthesized import repository, text

from fabwafer.errors import ContractError
from infra.buckets import Buckets
from infra.functions import Functions
from infra.loop_shared import LoopShared
from infra.settings import read_settings
from infra.signing import Signing
from infra.tables import Tables
from infra.training import Training


def synthesized(folder: Path, **context: str) -> assertions.Template:
    root = repository(folder / "root")
    (folder / "code").mkdir()
    (folder / "code" / "handler.py").touch()
    app = App(context={"lambda_assets": str(folder / "code"), **context})
    settings = read_settings(app.node, root)
    data = Stack(app, "Data")
    stack = Stack(app, "Loop")
    code = lambda_.Code.from_asset(str(folder / "code"))
    tables, buckets = Tables(data, "Tables", settings), Buckets(data, "Buckets", settings)
    functions = Functions(stack, settings, code, tables, buckets)
    shared = LoopShared(functions, sns.Topic(stack, "Notices"), sqs.Queue(stack, "Failures"))
    machine = sfn.StateMachine(
        stack, "Rollout", definition_body=sfn.DefinitionBody.from_chainable(sfn.Pass(stack, "Pass"))
    )
    Training(stack, "Training", shared, Signing(data, "Signing", settings), machine)
    return assertions.Template.from_stack(stack)


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> assertions.Template:
    return synthesized(tmp_path_factory.mktemp("training"))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> assertions.Template:
    told = {"stage": "sandbox", "training_minutes": "1", "training_options": '{"epochs": 3}'}
    return synthesized(tmp_path_factory.mktemp("sandbox"), **told)


def environment(template: assertions.Template, handler: str) -> dict:
    found = template.find_resources("AWS::Lambda::Function").values()
    [each] = [each for each in found if each["Properties"]["Handler"] == handler]
    return each["Properties"]["Environment"]["Variables"]


def statements(template: assertions.Template, role: str) -> list[dict]:
    return [
        statement
        for policy in template.find_resources("AWS::IAM::Policy").values()
        if any(text(each).startswith(f"<{role}") for each in policy["Properties"]["Roles"])
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def test_only_the_registering_function_may_sign(prod):
    signing = [
        policy
        for policy in prod.find_resources("AWS::IAM::Policy").values()
        if "kms:Sign" in json.dumps(policy)
    ]

    assert len(signing) == 1
    assert "RegisterModelRole" in json.dumps(signing[0]["Properties"]["Roles"])


def test_a_job_gets_its_role_from_the_starting_function_alone(prod):
    [passing] = [
        each for each in statements(prod, "StartTrainingRole") if each["Action"] == "iam:PassRole"
    ]

    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    }
    assert text(passing["Resource"]).startswith("<TrainingJobRole")


def test_a_job_may_write_what_it_leaves_and_its_checkpoints_alone(prod):
    written = {
        text(resource).rpartition("Arn")[2].split("/")[1]
        for each in statements(prod, "TrainingJobRole")
        if "s3:PutObject" in each["Action"]
        for resource in (
            each["Resource"] if isinstance(each["Resource"], list) else [each["Resource"]]
        )
    }

    assert written == {"trainings", "checkpoints"}


def test_no_statement_allows_any_action(prod):
    for policy in prod.find_resources("AWS::IAM::Policy").values():
        for each in policy["Properties"]["PolicyDocument"]["Statement"]:
            actions = [each["Action"]] if isinstance(each["Action"], str) else each["Action"]
            assert not [action for action in actions if "*" in action]


def test_changes_of_our_jobs_wake_the_registering_function(prod):
    prod.has_resource_properties(
        "AWS::Events::Rule",
        {
            "EventPattern": {
                "source": ["aws.sagemaker"],
                "detail-type": ["SageMaker Training Job State Change"],
                "detail": {"TrainingJobName": [{"prefix": "fabwafer-"}]},
            }
        },
    )


@pytest.mark.parametrize(
    ("stage", "rates"),
    [("prod", {"rate(1 hour)", "rate(5 minutes)"}), ("sandbox", {"rate(1 minute)"})],
)
def test_the_schedule_is_what_the_context_says(request, stage, rates):
    rules = request.getfixturevalue(stage).find_resources("AWS::Events::Rule").values()

    assert {
        each["Properties"]["ScheduleExpression"]
        for each in rules
        if "ScheduleExpression" in each["Properties"]
    } == rates


def test_the_image_is_the_regions_for_the_kind_of_machine(prod):
    image = text(environment(prod, "lambdas.start_training.handler")["TRAINING_IMAGE"])

    assert image.startswith("763104351884.dkr.ecr.<AWS::Region>.<AWS::URLSuffix>/pytorch-training:")
    assert "-gpu-" in image


def test_an_image_of_ones_own_is_what_a_job_pulls_and_its_role_reads(tmp_path):
    address = "111122223333.dkr.ecr.eu-north-1.amazonaws.com/fab/training@sha256:0a1b"
    template = synthesized(tmp_path, training_image=address)

    for function in ("start_training", "register_model"):
        assert environment(template, f"lambdas.{function}.handler")["TRAINING_IMAGE"] == address
    [pulling] = [
        each
        for each in statements(template, "TrainingJobRole")
        if "ecr:BatchGetImage" in each["Action"]
    ]
    assert text(pulling["Resource"]).endswith(
        ":ecr:eu-north-1:111122223333:repository/fab/training"
    )


@pytest.mark.parametrize(
    "address", ["pytorch/pytorch:latest", "public.ecr.aws/x/y:1", "registry.example.com/x/y:1"]
)
def test_an_image_that_sagemaker_cannot_pull_is_refused(tmp_path, address):
    with pytest.raises(ContractError, match=r"context training_image: expected an image in ECR"):
        synthesized(tmp_path, training_image=address)


def test_the_functions_are_told_what_the_context_says(sandbox):
    told = environment(sandbox, "lambdas.start_training.handler")

    assert told["TRAINING_HYPERPARAMETERS"] == '{"epochs": "3"}'
    assert told["FIRST_MODEL"] == "wafer-map@1.2.3"
    assert told["FIRST_MODEL_KEY"] == "bundles/wafer-map@1.2.3/1/wafer-map.zip"


def test_the_stack_holds_no_group_of_packages_that_would_keep_it_from_going(prod):
    prod.resource_count_is("AWS::SageMaker::ModelPackageGroup", 0)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("training_instances", "0"),
        ("training_labels", "1.5"),
        ("training_spot", "maybe"),
        ("training_options", "[1]"),
        ("release_rules", '{"recall_fal": 0.1}'),
        ("training_cap_usd", "much"),
    ],
)
def test_what_the_context_may_not_say_is_refused_by_its_key(tmp_path, key, value):
    with pytest.raises(ContractError, match=f"context {key}"):
        synthesized(tmp_path, **{key: value})


def test_a_cap_without_a_price_is_refused(tmp_path):
    with pytest.raises(ContractError, match="context training_hourly_usd"):
        synthesized(tmp_path, training_cap_usd="100")
