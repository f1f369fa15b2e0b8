import pytest
from synthesized import Cloud, text

from lambdas import settings

SERVICE, LOOP = "FabWaferService", "FabWaferLoop"
OF_THE_LOOP = {
    "start_training": settings.StartTrainingSettings,
    "register_model": settings.RegisterModelSettings,
    "release_model": settings.ReleaseModelSettings,
    "watch_drift": settings.WatchDriftSettings,
    "pick_reviews": settings.PickReviewsSettings,
}
FUNCTIONS = OF_THE_LOOP | {
    "route_prediction": settings.RoutePredictionSettings,
    "send_alerts": settings.SendAlertsSettings,
    "open_review": settings.OpenReviewSettings,
    "archive_image": settings.ArchiveImageSettings,
    "record_heartbeat": settings.RecordHeartbeatSettings,
    "review_api": settings.ReviewApiSettings,
    "write_export": settings.WriteExportSettings,
}


def functions(cloud: Cloud) -> dict[str, dict]:
    """Return module -> properties."""
    found = [
        each
        for stack in (SERVICE, LOOP)
        for each in cloud.resources(stack, "AWS::Lambda::Function").values()
    ]
    return {each["Properties"]["Handler"].split(".")[1]: each["Properties"] for each in found}


def test_there_is_a_function_for_every_settings_class(prod: Cloud) -> None:
    assert set(functions(prod)) == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_reads_its_whole_environment_as_its_settings(
    prod: Cloud, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = FUNCTIONS[name]
    environment = {
        key: text(value) for key, value in functions(prod)[name]["Environment"]["Variables"].items()
    }
    assert set(environment) == {field.upper() for field in told.model_fields}
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    assert told().environment() == environment


def test_all_functions_share_one_asset_for_arm(prod: Cloud) -> None:
    found = functions(prod).values()
    assert len({text(each["Code"]["S3Key"]) for each in found}) == 1
    assert {each["Runtime"] for each in found} == {"python3.13"}
    assert {text(each["Architectures"]) for each in found} == {"['arm64']"}


@pytest.mark.parametrize(
    ("stack", "function", "failures"),
    [
        (SERVICE, "ArchiveImage", "FailedInvocations"),
        (SERVICE, "RecordHeartbeat", "FailedInvocations"),
        (LOOP, "StartTraining", "FailedLoopInvocations"),
        (LOOP, "RegisterModel", "FailedLoopInvocations"),
        (LOOP, "WatchDrift", "FailedLoopInvocations"),
        (LOOP, "PickReviews", "FailedLoopInvocations"),
    ],
)
def test_an_asynchronous_function_retries_twice_and_then_leaves_its_event(
    prod: Cloud, stack: str, function: str, failures: str
) -> None:
    configs = prod.resources(stack, "AWS::Lambda::EventInvokeConfig").values()
    [found] = [
        each["Properties"]
        for each in configs
        if text(each["Properties"]["FunctionName"]).startswith(f"<{function}")
    ]
    destination = found["DestinationConfig"]["OnFailure"]["Destination"]
    assert text(destination).startswith(f"<{failures}")
    assert (found["MaximumRetryAttempts"], found["MaximumEventAgeInSeconds"]) == (2, 6 * 3600)


@pytest.mark.parametrize(("stage", "policy"), [("prod", "Retain"), ("sandbox", "Delete")])
def test_logs_are_kept_three_months_and_survive_their_stack_in_prod(
    request: pytest.FixtureRequest, stage: str, policy: str
) -> None:
    groups = request.getfixturevalue(stage).all_resources("AWS::Logs::LogGroup")
    of_the_api = of_the_machine = 1
    assert len(groups) == len(FUNCTIONS) + of_the_api + of_the_machine
    for group in groups.values():
        assert group["Properties"]["RetentionInDays"] == 90
        assert group["DeletionPolicy"] == policy


@pytest.mark.parametrize("stack", [SERVICE, LOOP], ids=["alerts", "notices"])
def test_what_people_are_told_is_encrypted_and_refuses_plain_http(prod: Cloud, stack: str) -> None:
    [topic] = prod.resources(stack, "AWS::SNS::Topic").values()
    assert text(topic["Properties"]["KmsMasterKeyId"]).endswith("alias/aws/sns")
    [policy] = prod.resources(stack, "AWS::SNS::TopicPolicy").values()
    effects = [each["Effect"] for each in policy["Properties"]["PolicyDocument"]["Statement"]]
    assert effects == ["Deny"]


OUTPUTS = {
    "FabWaferData": (
        "PredictionsTable ReviewsTable EventsTable PapersTable CamerasTable ImagesBucket"
        " QuarantineBucket ExportsBucket ModelsBucket UserPoolId SignInIssuer SigningKeyId"
    ),
    "FabWaferService": (
        "AlertTopicArn PredictionsQueueUrl PredictionsDlqUrl AlertsQueueUrl AlertsDlqUrl"
        " ReviewQueueUrl ReviewDlqUrl RuleErrorsQueueUrl FailedInvocationsQueueUrl"
        " RoutePredictionFunction SendAlertsFunction OpenReviewFunction ArchiveImageFunction"
        " RecordHeartbeatFunction ExportsQueueUrl ExportsDlqUrl ReviewApiFunction"
        " WriteExportFunction ReviewApiUrl UserPoolClientId SignInUrl"
    ),
    "FabWaferLoop": (
        "NoticesTopicArn RolloutArn ModelRings ModelsParameterPrefix"
        " FailedLoopInvocationsQueueUrl StartTrainingFunction RegisterModelFunction"
        " ReleaseModelFunction WatchDriftFunction PickReviewsFunction"
    ),
}


@pytest.mark.parametrize("stack", OUTPUTS)
def test_a_stack_says_where_its_things_are(prod: Cloud, stack: str) -> None:
    assert set(OUTPUTS[stack].split()) <= set(prod.template(stack)["Outputs"])
