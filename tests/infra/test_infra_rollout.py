"""The state machine of rollouts: alone in a stack, as the loop's stack has it."""

import json

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template
from synthesized import repository, text

from fabwafer.errors import ContractError
from infra.functions import Functions
from infra.loop_shared import LoopShared
from infra.rollout import Rollout
from infra.settings import read_settings
from infra.stacks import DataStack


def rollout(tmp_path, **context) -> Template:
    app = App(outdir=str(tmp_path / "out"), context={"stage": "sandbox", **context})
    settings = read_settings(app.node, repository(tmp_path / "root"))
    data, stack = DataStack(app, "Data", settings), Stack(app, "Loop")
    code = lambda_.Code.from_inline("def handler(event, context): pass")
    functions = Functions(stack, settings, code, data.tables, data.buckets)
    shared = LoopShared(functions, sns.Topic(stack, "Notices"), sqs.Queue(stack, "Failures"))
    Rollout(stack, "Rollout", shared, data.signing)
    return Template.from_stack(stack)


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Template:
    return rollout(tmp_path_factory.mktemp("rollout"))


@pytest.fixture(scope="module")
def states(template) -> dict:
    [machine] = template.find_resources("AWS::StepFunctions::StateMachine").values()
    return json.loads(text(machine["Properties"]["DefinitionString"]))["States"]


def test_a_step_that_fails_is_tried_again_and_then_the_rollout_goes_back(states):
    step = states["Step"]
    assert step["Retry"][0]["MaxAttempts"] == 4
    assert step["Catch"] == [
        {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "GoBack"}
    ]
    assert states["GoBack"]["Resource"] == step["Resource"]
    assert states["GoBack"]["Retry"][0]["MaxAttempts"] > 30


def test_the_function_says_how_long_to_wait_and_when_it_is_over(states):
    assert states["Step"]["Next"] == states["GoBack"]["Next"] == "IsOver"
    assert states["IsOver"]["Choices"] == [
        {"Variable": "$.next", "StringEquals": "wait", "Next": "Wait"}
    ]
    assert states["IsOver"]["Default"] == "Over"
    assert states["Wait"] == {"Type": "Wait", "SecondsPath": "$.wait_s", "Next": "Step"}


def test_the_machine_may_call_its_function_and_no_other(template):
    roles = template.find_resources("AWS::IAM::Policy").values()
    invokes = [
        statement["Resource"]
        for policy in roles
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "lambda:InvokeFunction"
    ]
    assert len(invokes) == 1
    assert text(invokes[0]).startswith("<ReleaseModel")


def test_how_long_a_stage_lasts_is_told_by_the_context(tmp_path):
    template = rollout(tmp_path, rollout_shadow_wafers="50", rollout_stage_s="600")
    [function] = template.find_resources("AWS::Lambda::Function").values()
    told = function["Properties"]["Environment"]["Variables"]
    assert (told["ROLLOUT_SHADOW_WAFERS"], told["ROLLOUT_STAGE_S"]) == ("50", "600")
    assert told["ROLLOUT_CANARY_WAFERS"] == "200"


def test_a_length_that_is_none_is_refused(tmp_path):
    with pytest.raises(ContractError, match="rollout_poll_s"):
        rollout(tmp_path, rollout_poll_s="soon")
