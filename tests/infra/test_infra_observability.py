import json
from pathlib import Path

from synthesized import FLEET, Cloud, synthesize, text, warnings

STACK = "FabWaferObservability"


def alarms(cloud: Cloud, metric: str) -> list[dict]:
    found = cloud.resources(STACK, "AWS::CloudWatch::Alarm").values()
    return [each["Properties"] for each in found if each["Properties"].get("MetricName") == metric]


def dimensions(alarm: dict) -> dict[str, str]:
    return {each["Name"]: text(each["Value"]) for each in alarm["Dimensions"]}


def test_every_camera_is_missed_when_no_heartbeat_comes(prod: Cloud) -> None:
    found = alarms(prod, "Heartbeat")
    cameras = [(fab, camera) for fab, cameras in FLEET.items() for camera in cameras]
    assert sorted(tuple(dimensions(alarm).values()) for alarm in found) == sorted(
        (camera, fab) for fab, camera in cameras
    )
    for alarm in found:
        assert (alarm["Namespace"], alarm["TreatMissingData"]) == ("FabWafer", "breaching")
        assert (alarm["Period"], alarm["EvaluationPeriods"]) == (300, 3)


def test_every_functions_errors_and_throttles_are_watched(prod: Cloud) -> None:
    functions = prod.resources("FabWaferService", "AWS::Lambda::Function")
    of_the_loop = prod.resources("FabWaferLoop", "AWS::Lambda::Function")
    for metric in ("Errors", "Throttles"):
        watched = {dimensions(alarm)["FunctionName"] for alarm in alarms(prod, metric)}
        assert len(watched) == len(functions) + len(of_the_loop)


def test_a_rollout_that_nobody_watches_any_more_is_noticed(prod: Cloud) -> None:
    [alarm] = alarms(prod, "ExecutionsFailed")
    assert (alarm["Namespace"], alarm["Threshold"]) == ("AWS/States", 0)
    assert "RolloutMachine" in dimensions(alarm)["StateMachineArn"]


def test_an_api_that_fails_its_callers_is_noticed(prod: Cloud) -> None:
    [alarm] = alarms(prod, "5xx")
    assert (alarm["Namespace"], alarm["Statistic"]) == ("AWS/ApiGateway", "Sum")


def test_quarantined_messages_are_noticed(prod: Cloud) -> None:
    found = [dimensions(alarm) for alarm in alarms(prod, "Quarantined")]
    assert sorted(each["service"] for each in found) == [
        "archive_image",
        "record_heartbeat",
        "route_prediction",
    ]


def test_every_alarm_tells_people_when_it_starts_and_when_it_ends(prod: Cloud) -> None:
    for alarm in prod.resources(STACK, "AWS::CloudWatch::Alarm").values():
        [started], [ended] = alarm["Properties"]["AlarmActions"], alarm["Properties"]["OKActions"]
        assert started == ended
        assert text(started).startswith("<AlarmTopic")


def test_alarms_go_to_people_encrypted_with_a_key_that_admits_cloudwatch(prod: Cloud) -> None:
    [subscription] = prod.resources(STACK, "AWS::SNS::Subscription").values()
    assert subscription["Properties"]["Endpoint"] == "people@example.com"
    [topic] = prod.resources(STACK, "AWS::SNS::Topic").values()
    assert text(topic["Properties"]["KmsMasterKeyId"]).startswith("<AlarmKey")
    [key] = prod.resources(STACK, "AWS::KMS::Key").values()
    services = [
        each["Principal"].get("Service") for each in key["Properties"]["KeyPolicy"]["Statement"]
    ]
    assert "cloudwatch.amazonaws.com" in services
    assert key["Properties"]["EnableKeyRotation"] is True


def test_cloudwatch_of_this_account_may_publish_alarms(prod: Cloud) -> None:
    [policy] = prod.resources(STACK, "AWS::SNS::TopicPolicy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    [allowed] = [each for each in statements if each["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Action"] == "sns:Publish"
    assert text(allowed["Resource"]).startswith("<AlarmTopic")
    [account] = allowed["Condition"]["StringEquals"].values()
    assert text(account) == "<AWS::AccountId>"


def test_alarms_that_nobody_hears_are_warned_of(
    prod: Cloud, sandbox: Cloud, tmp_path: Path
) -> None:
    assert "nobody hears" in warnings(synthesize(tmp_path), STACK)
    assert warnings(prod, STACK) == warnings(sandbox, STACK) == ""


def test_one_page_shows_the_line(prod: Cloud) -> None:
    [page] = prod.resources(STACK, "AWS::CloudWatch::Dashboard").values()
    titles = [
        each["properties"]["title"]
        for each in json.loads(text(page["Properties"]["DashboardBody"]))["widgets"]
    ]
    assert {"Invocations", "Errors", "Failures to look at", "Quarantined"} <= set(titles)
