import pytest
from synthesized import Cloud, text

KIND = "AWS::SQS::Queue"
SERVICE, LOOP, WATCH = "FabWaferService", "FabWaferLoop", "FabWaferObservability"
FAILURES = ("DeadLetters", "RuleErrors", "FailedInvocations", "FailedLoopInvocations")


def queues(cloud: Cloud, *, dead: bool) -> dict[str, dict]:
    """Return the queues that failures end in, or the others, which must have such a one."""
    found = cloud.resources(SERVICE, KIND) | cloud.resources(LOOP, KIND)
    return {
        name: each for name, each in found.items() if dead == any(word in name for word in FAILURES)
    }


@pytest.mark.parametrize(("name", "attempts"), [("Predictions", 5), ("Review", 5), ("Alerts", 12)])
def test_a_work_queue_gives_up_after_some_attempts(prod: Cloud, name: str, attempts: int) -> None:
    dead = queues(prod, dead=True)
    [queue] = [each for key, each in queues(prod, dead=False).items() if name in key]
    redrive = queue["Properties"]["RedrivePolicy"]
    assert redrive["maxReceiveCount"] == attempts
    assert text(redrive["deadLetterTargetArn"]).strip("<>").split(".")[0] in dead


def test_dead_letters_outlive_their_queue(prod: Cloud) -> None:
    kept = [
        each["Properties"]["MessageRetentionPeriod"] for each in queues(prod, dead=True).values()
    ]
    given = [
        each["Properties"]["MessageRetentionPeriod"] for each in queues(prod, dead=False).values()
    ]
    assert min(kept) > max(given)


@pytest.mark.parametrize("stack", [SERVICE, LOOP])
def test_every_queue_is_encrypted_and_refuses_plain_http(prod: Cloud, stack: str) -> None:
    found = prod.resources(stack, KIND)
    assert all(each["Properties"]["SqsManagedSseEnabled"] for each in found.values())
    policies = prod.resources(stack, "AWS::SQS::QueuePolicy").values()
    denied = {
        text(statement["Resource"])
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    }
    assert denied == {f"<{name}.Arn>" for name in found}


@pytest.mark.parametrize(
    ("function", "batch", "window_s", "instances"),
    [
        ("RoutePrediction", 100, 1, 20),
        ("SendAlerts", 500, 2, 2),
        ("OpenReview", 100, 1, 5),
    ],
)
def test_a_consumer_takes_batches_and_may_fail_a_part(
    prod: Cloud, function: str, batch: int, window_s: int, instances: int
) -> None:
    mappings = prod.resources(SERVICE, "AWS::Lambda::EventSourceMapping").values()
    [found] = [
        each["Properties"]
        for each in mappings
        if text(each["Properties"]["FunctionName"]).startswith(f"<{function}")
    ]
    assert (found["BatchSize"], found["MaximumBatchingWindowInSeconds"]) == (batch, window_s)
    assert found["ScalingConfig"] == {"MaximumConcurrency": instances}
    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_a_message_stays_hidden_for_six_timeouts_and_a_window(prod: Cloud) -> None:
    functions = prod.resources(SERVICE, "AWS::Lambda::Function")
    for mapping in prod.resources(SERVICE, "AWS::Lambda::EventSourceMapping").values():
        properties = mapping["Properties"]
        function = functions[properties["FunctionName"]["Ref"]]["Properties"]
        queue = prod.resources(SERVICE, KIND)[properties["EventSourceArn"]["Fn::GetAtt"][0]]
        hidden = queue["Properties"]["VisibilityTimeout"]
        window = properties["MaximumBatchingWindowInSeconds"]
        assert hidden >= 6 * function["Timeout"] + window


def test_every_queue_of_failures_has_an_alarm_for_the_first_message(prod: Cloud) -> None:
    assert watched(prod, "ApproximateNumberOfMessagesVisible") == {
        name: 0 for name in queues(prod, dead=True)
    }


def test_every_work_queue_has_an_alarm_for_its_age(prod: Cloud) -> None:
    assert watched(prod, "ApproximateAgeOfOldestMessage") == {
        name: 900 for name in queues(prod, dead=False)
    }


def watched(cloud: Cloud, metric: str) -> dict[str, float]:
    """Return queue -> threshold of the alarms on a metric."""
    found = {}
    for alarm in cloud.resources(WATCH, "AWS::CloudWatch::Alarm").values():
        if alarm["Properties"]["MetricName"] == metric:
            [dimension] = alarm["Properties"]["Dimensions"]
            exported = text(dimension["Value"])
            [queue] = [
                name
                for name in queues(cloud, dead=True) | queues(cloud, dead=False)
                if f"GetAtt{name}QueueName" in exported
            ]
            found[queue] = alarm["Properties"]["Threshold"]
    return found
