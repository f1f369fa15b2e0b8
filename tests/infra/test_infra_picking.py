from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Match, Template
from synthesized import repository

from fabwafer.errors import ContractError
from infra.functions import Functions
from infra.loop_shared import LoopShared
from infra.picking import Picking
from infra.queues import last_resort, work_queue
from infra.settings import read_settings
from infra.stacks import DataStack


def picking(root: Path, **context: str) -> Template:
    app = App(context=context)
    settings = read_settings(app.node, repository(root / "root"))
    data = DataStack(app, "Data", settings)
    stack = Stack(app, "Loop")
    code = lambda_.Code.from_inline("pass")
    functions = Functions(stack, settings, code, data.tables, data.buckets)
    failures = last_resort(stack, "Failures")
    reviews = work_queue(stack, "Review", consumer_timeout_s=60, window_s=1)
    Picking(
        stack,
        "Picking",
        LoopShared(functions, sns.Topic(stack, "Notices"), failures),
        reviews.queue,
    )
    return Template.from_stack(stack)


def told(template: Template) -> dict[str, Any]:
    found = template.find_resources("AWS::Lambda::Function").values()
    [variables] = [each["Properties"]["Environment"]["Variables"] for each in found]
    return variables


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return picking(tmp_path_factory.mktemp("picking"))


def test_wafers_are_picked_every_hour_and_the_budget_lasts_the_day(prod: Template) -> None:
    prod.has_resource_properties(
        "AWS::Events::Rule",
        {"ScheduleExpression": "rate(1 hour)", "State": "ENABLED", "Targets": [Match.any_value()]},
    )
    assert (told(prod)["PICK_BUDGET"], told(prod)["PICK_SPREAD_H"]) == ("40", "24")
    assert told(prod)["FABS"] == "faba,fabb"


def test_in_the_sandbox_a_days_budget_is_there_at_once(tmp_path: Path) -> None:
    assert told(picking(tmp_path, stage="sandbox"))["PICK_SPREAD_H"] == "0"


def test_the_context_says_how_many_are_picked_and_how_often(tmp_path: Path) -> None:
    template = picking(tmp_path, pick_minutes="5", pick_budget="7", pick_spread_h="8")
    template.has_resource_properties("AWS::Events::Rule", {"ScheduleExpression": "rate(5 minutes)"})
    assert (told(template)["PICK_BUDGET"], told(template)["PICK_SPREAD_H"]) == ("7", "8")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("pick_minutes", "0"),
        ("pick_budget", "-1"),
        ("pick_budget", "many"),
        ("pick_spread_h", "25"),
    ],
)
def test_a_context_that_makes_no_sense_is_refused(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(ContractError, match=f"context {key}: expected a whole number"):
        picking(tmp_path, **{key: value})


def test_the_function_reads_wafers_and_sends_requests_and_no_more(prod: Template) -> None:
    [policy] = [
        each["Properties"]["PolicyDocument"]["Statement"]
        for name, each in prod.find_resources("AWS::IAM::Policy").items()
        if "PickReviews" in name
    ]
    listed = [each["Action"] for each in policy]
    actions = {name for each in listed for name in (each if isinstance(each, list) else [each])}
    assert {each for each in actions if each.startswith("dynamodb:")} == {
        "dynamodb:BatchGetItem",
        "dynamodb:Query",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
    }
    assert not [each for each in actions if each.startswith(("s3:", "ssm:", "kms:"))]
