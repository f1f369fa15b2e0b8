from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Match, Template
from synthesized import repository

from fabwafer.errors import ContractError
from infra.drift import Drift
from infra.functions import Functions
from infra.loop_shared import LoopShared
from infra.queues import last_resort, work_queue
from infra.settings import read_settings
from infra.stacks import DataStack


def drift(root: Path, **context: str) -> Template:
    app = App(context=context)
    settings = read_settings(app.node, repository(root / "root"))
    data = DataStack(app, "Data", settings)
    stack = Stack(app, "Loop")
    code = lambda_.Code.from_inline("pass")
    functions = Functions(stack, settings, code, data.tables, data.buckets)
    shared = LoopShared(functions, sns.Topic(stack, "Notices"), last_resort(stack, "Failures"))
    reviews = work_queue(stack, "Review", consumer_timeout_s=60, window_s=1)
    Drift(stack, "Drift", shared, reviews.queue)
    return Template.from_stack(stack)


def told(template: Template) -> dict[str, Any]:
    found = template.find_resources("AWS::Lambda::Function").values()
    [variables] = [each["Properties"]["Environment"]["Variables"] for each in found]
    return variables


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return drift(tmp_path_factory.mktemp("drift"))


def test_drift_is_looked_for_every_quarter_of_an_hour(prod: Template) -> None:
    prod.has_resource_properties(
        "AWS::Events::Rule",
        {"ScheduleExpression": "rate(15 minutes)", "Targets": [Match.any_value()]},
    )
    assert (told(prod)["FABS"], told(prod)["DRIFT_LOTS_PER_DAY"]) == ("faba,fabb", "20.0")


def test_the_sandbox_does_not_wait_for_late_predictions(prod: Template, tmp_path: Path) -> None:
    assert told(drift(tmp_path, stage="sandbox"))["DRIFT_SETTLE_S"] == "5"
    assert told(prod)["DRIFT_SETTLE_S"] == "120"


def test_the_context_says_how_often_and_how_many_lots(tmp_path: Path) -> None:
    template = drift(tmp_path, drift_minutes="5", drift_lots_per_day="40", drift_settle_s="9")
    template.has_resource_properties("AWS::Events::Rule", {"ScheduleExpression": "rate(5 minutes)"})
    assert (told(template)["DRIFT_LOTS_PER_DAY"], told(template)["DRIFT_SETTLE_S"]) == ("40.0", "9")


@pytest.mark.parametrize(
    ("key", "value"),
    [("drift_minutes", "0"), ("drift_lots_per_day", "few"), ("drift_settle_s", "-1")],
)
def test_a_context_that_makes_no_sense_is_refused(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(ContractError, match=f"context {key}: expected a whole number"):
        drift(tmp_path, **{key: value})


def test_the_function_changes_papers_and_nothing_else(prod: Template) -> None:
    [policy] = [
        each["Properties"]["PolicyDocument"]["Statement"]
        for name, each in prod.find_resources("AWS::IAM::Policy").items()
        if "WatchDrift" in name
    ]
    listed = [each["Action"] for each in policy]
    actions = {name for each in listed for name in (each if isinstance(each, list) else [each])}
    writing = {each for each in actions if "Put" in each or "Update" in each or "Delete" in each}
    assert writing - {"logs:PutLogEvents"} == {"dynamodb:PutItem"}
    assert {"sns:Publish", "sqs:SendMessage", "ssm:GetParameter"} <= actions
