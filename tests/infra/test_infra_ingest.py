import re

import pytest
from synthesized import Cloud, text

from fabwafer.topics import Kind, filters
from infra.ingest import rules

SQL = (
    "SELECT encode(*, 'base64') AS payload, topic() AS topic, timestamp() AS received_ms,"
    " clientid() AS client FROM '{}'"
)


def topic_rules(cloud: Cloud) -> dict[str, dict]:
    found = cloud.resources("FabWaferService", "AWS::IoT::TopicRule").values()
    return {each["Properties"]["RuleName"]: each for each in found}


def test_every_filter_of_every_kind_has_a_rule_that_only_selects(prod: Cloud) -> None:
    found = {each["Properties"]["TopicRulePayload"]["Sql"] for each in topic_rules(prod).values()}
    assert found == {SQL.format(each) for kind in Kind for each in filters(kind)}


def test_every_rule_speaks_the_agreed_sql_version(prod: Cloud) -> None:
    payloads = [each["Properties"]["TopicRulePayload"] for each in topic_rules(prod).values()]
    assert {each["AwsIotSqlVersion"] for each in payloads} == {"2016-03-23"}


@pytest.mark.parametrize("kind", Kind)
def test_the_long_form_bears_the_name_that_basic_ingest_addresses(kind: Kind) -> None:
    name = {"prediction": "FabWaferPrediction", "img": "FabWaferImage", "status": "FabWaferStatus"}
    assert {each.name: each.topic_filter for each in rules(kind)}[name[kind]] == filters(kind)[-1]


def test_what_a_rule_cannot_deliver_goes_to_the_rule_errors(prod: Cloud) -> None:
    for rule in topic_rules(prod).values():
        error = rule["Properties"]["TopicRulePayload"]["ErrorAction"]["Sqs"]
        assert text(error["QueueUrl"]).startswith("<RuleErrors")
        assert error["UseBase64"] is False


@pytest.mark.parametrize(
    ("rule", "action", "target"),
    [
        ("FabWaferPrediction", "Sqs", "<RoutingPredictions"),
        ("FabWaferPredictionShort", "Sqs", "<RoutingPredictions"),
        ("FabWaferImage", "Lambda", "<ArchiveImage"),
        ("FabWaferImageShort", "Lambda", "<ArchiveImage"),
        ("FabWaferStatus", "Lambda", "<RecordHeartbeat"),
    ],
)
def test_a_rule_has_one_action(prod: Cloud, rule: str, action: str, target: str) -> None:
    [only] = topic_rules(prod)[rule]["Properties"]["TopicRulePayload"]["Actions"]
    field = {"Sqs": "QueueUrl", "Lambda": "FunctionArn"}[action]
    assert text(only[action][field]).startswith(target)


@pytest.mark.parametrize("rule", ["FabWaferImage", "FabWaferImageShort", "FabWaferStatus"])
def test_a_function_may_be_invoked_by_its_rules_alone(prod: Cloud, rule: str) -> None:
    permissions = prod.resources("FabWaferService", "AWS::Lambda::Permission").values()
    arn = f"arn:<AWS::Partition>:iot:<AWS::Region>:<AWS::AccountId>:rule/{rule}"
    [found] = [each for each in permissions if text(each["Properties"]["SourceArn"]) == arn]
    assert found["Properties"]["Principal"] == "iot.amazonaws.com"
    assert found["Properties"]["SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_nobody_may_invoke_a_function_but_rules_schedules_and_the_portals_api(prod: Cloud) -> None:
    found: dict[str, list[str]] = {}
    for each in prod.all_resources("AWS::Lambda::Permission").values():
        function = text(each["Properties"]["FunctionName"])
        found.setdefault(each["Properties"]["Principal"], []).append(function)
    assert len(found.pop("iot.amazonaws.com")) == 3
    assert {each[:10] for each in found.pop("apigateway.amazonaws.com")} == {"<ReviewApi"}
    assert {without_hash(each) for each in found.pop("events.amazonaws.com")} == {
        *("<StartTraining.Arn>", "<RegisterModel.Arn>"),
        *("<WatchDrift.Arn>", "<PickReviews.Arn>"),
    }
    assert not found


def test_a_function_of_the_loop_may_be_invoked_by_its_own_rules_alone(prod: Cloud) -> None:
    rules = prod.resources("FabWaferLoop", "AWS::Events::Rule")
    targets = {
        (text(target["Arn"]), f"<{name}.Arn>")
        for name, rule in rules.items()
        for target in rule["Properties"]["Targets"]
    }
    permissions = prod.resources("FabWaferLoop", "AWS::Lambda::Permission").values()
    assert targets == {
        (text(each["Properties"]["FunctionName"]), text(each["Properties"]["SourceArn"]))
        for each in permissions
    }


def without_hash(name: str) -> str:
    return re.sub(r"[0-9A-F]{8}(?=\.)", "", name)
