"""What the loop needs of the emulator beside what the pipeline needs: schedules, events, state machines, services beside."""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from sandbox_aws import eventually

from sandbox.emulator import ACCOUNT, Emulator, Wishes, emulator
from sandbox.greengrass import Greengrass, greengrass
from sandbox.sagemaker import SageMaker, sagemaker
from sandbox.training_log import LOG_GROUP

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]
GROUP = "FabWaferWaferMap"

# Every call is an object; it fails as often as its input says, and goes on three times.
CODE = """
import json, os, uuid, boto3
def handler(event, context):
    s3 = boto3.client("s3")
    def calls():
        return s3.list_objects_v2(Bucket="seen", Prefix=event.get("rollout", "x") + "/").get("KeyCount", 0)
    told = event.get("detail", {})
    name = told.get("TrainingJobStatus") or event.get("rollout") or event.get("source", "x")
    s3.put_object(Bucket="seen", Key=f"{name}/{uuid.uuid4()}", Body=json.dumps(event).encode())
    if event.get("ask"):
        boto3.client("sagemaker").describe_model_package_group(ModelPackageGroupName="FabWaferWaferMap")
    if calls() <= event.get("fail", -1) or event.get("source") == "fabwafer.failing":
        raise ValueError("not yet")
    if event.get("action"):
        return {"next": "end", "rollout": event["rollout"]}
    done = calls() >= event.get("fail", 0) + 3
    return {"next": "end" if done else "wait", "wait_s": 1, "rollout": event["rollout"]} if "rollout" in event else {}
"""
INVOKE = "arn:aws:states:::lambda:invoke"
MACHINE = {
    "StartAt": "Step",
    "States": {
        "Step": {
            "Type": "Task",
            "Resource": INVOKE,
            "Parameters": {"FunctionName": "${Arn}", "Payload.$": "$"},
            "OutputPath": "$.Payload",
            "Retry": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "IntervalSeconds": 1,
                    "MaxAttempts": 2,
                    "BackoffRate": 1,
                }
            ],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Back"}],
            "Next": "Which",
        },
        "Which": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.next", "StringEquals": "wait", "Next": "Wait"}],
            "Default": "Done",
        },
        "Wait": {"Type": "Wait", "SecondsPath": "$.wait_s", "Next": "Step"},
        "Back": {
            "Type": "Task",
            "Resource": INVOKE,
            "Parameters": {
                "FunctionName": "${Arn}",
                "Payload": {
                    "rollout.$": "$.rollout",
                    "action": "roll_back",
                    "reason.$": "$.error.Cause",
                },
            },
            "OutputPath": "$.Payload",
            "Next": "Done",
        },
        "Done": {"Type": "Succeed"},
    },
}


def rule(more: dict[str, Any]) -> dict[str, Any]:
    target = {"Id": "step", "Arn": {"Fn::GetAtt": ["Step", "Arn"]}}
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {"State": "ENABLED", "Targets": [target]} | more,
    }


def template() -> str:
    role = {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]},
                }
            ],
        },
        "Policies": [
            {
                "PolicyName": "all",
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": ["s3:*", "sqs:*", "sagemaker:*"],
                            "Resource": "*",
                        }
                    ],
                },
            }
        ],
    }
    function = {
        "Runtime": "python3.11",
        "Handler": "index.handler",
        "Code": {"ZipFile": CODE},
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Timeout": 30,
        "FunctionName": "step",
    }
    failed = {
        "FunctionName": {"Ref": "Step"},
        "Qualifier": "$LATEST",
        "MaximumRetryAttempts": 1,
        "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Failed", "Arn"]}}},
    }
    machine = {
        "StateMachineName": "Rollout",
        "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
        "DefinitionString": {
            "Fn::Sub": [json.dumps(MACHINE), {"Arn": {"Fn::GetAtt": ["Step", "Arn"]}}]
        },
    }
    jobs = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Training Job State Change"],
        "detail": {
            "TrainingJobStatus": ["Completed", "Failed", "Stopped"],
            "TrainingJobName": [{"prefix": "fabwafer-"}],
        },
    }
    resources = {
        "Seen": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "seen"}},
        "Failed": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "failed"}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": role},
        "Step": {"Type": "AWS::Lambda::Function", "Properties": function},
        "Retries": {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": failed},
        "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine},
        "Tick": rule({"ScheduleExpression": "rate(1 minute)"}),
        "Jobs": rule({"EventPattern": jobs}),
        "Failing": rule({"EventPattern": {"source": ["fabwafer.failing"]}}),
    }
    return json.dumps({"Resources": resources})


@dataclass(frozen=True)
class Place:
    """A deployed function, what called it, and the services beside."""

    emulator: Emulator
    jobs: SageMaker
    nuclei: Greengrass
    since_s: float

    def calls(self, name: str) -> list[dict[str, Any]]:
        s3 = self.emulator.client("s3")
        keys = s3.list_objects_v2(Bucket="seen", Prefix=f"{name}/").get("Contents", [])
        return [
            json.loads(s3.get_object(Bucket="seen", Key=each["Key"])["Body"].read())
            for each in keys
        ]

    def execute(self, name: str, **more: Any) -> str:
        arn = f"arn:aws:states:eu-central-1:{ACCOUNT}:stateMachine:Rollout"
        asked = json.dumps({"rollout": name} | more)
        client = self.emulator.client("stepfunctions")
        begun = client.start_execution(stateMachineArn=arn, name=name, input=asked)
        return begun["executionArn"]

    def ended(self, execution: str) -> dict[str, Any]:
        def over() -> dict[str, Any] | None:
            client = self.emulator.client("stepfunctions")
            found = client.describe_execution(executionArn=execution)
            return None if found["status"] == "RUNNING" else found

        return eventually("the execution ends", over, 120)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="fabwafer-tests-") as name:
        folder = Path(name)
        with sagemaker(folder, [GROUP], grace_s=5) as jobs, greengrass(folder) as nuclei:
            wishes = Wishes(beside={"SAGEMAKER": jobs.endpoint, "GREENGRASSV2": nuclei.endpoint})
            with emulator(folder, wishes) as running:
                jobs.connect(running)
                nuclei.connect(running, lambda _: None)
                stacks = running.client("cloudformation")
                stacks.create_stack(
                    StackName="loop", TemplateBody=template(), Capabilities=["CAPABILITY_IAM"]
                )
                waiter = stacks.get_waiter("stack_create_complete")
                waiter.wait(StackName="loop", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
                yield Place(running, jobs, nuclei, time.time())


def test_a_state_machine_waits_and_goes_on_until_its_task_says_end(place: Place) -> None:
    begun = time.monotonic()
    ended = place.ended(place.execute("000001"))
    assert ended["status"] == "SUCCEEDED", ended
    assert len(place.calls("000001")) == 3
    assert time.monotonic() - begun >= 2


def test_a_task_that_fails_is_tried_again(place: Place) -> None:
    ended = place.ended(place.execute("000002", fail=2))
    assert ended["status"] == "SUCCEEDED", ended
    assert not [each for each in place.calls("000002") if "action" in each]


def test_a_task_that_goes_on_failing_is_caught_and_the_way_back_is_called(place: Place) -> None:
    ended = place.ended(place.execute("000003", fail=3))
    assert ended["status"] == "SUCCEEDED", ended
    (back,) = [each for each in place.calls("000003") if "action" in each]
    assert back["action"] == "roll_back"
    assert "not yet" in back["reason"]


def test_a_function_reaches_a_service_beside_with_the_rights_of_its_role(place: Place) -> None:
    ended = place.ended(place.execute("000005", ask=True))
    assert ended["status"] == "SUCCEEDED", ended
    assert not [each for each in place.calls("000005") if "action" in each]


def test_an_execution_is_started_once_by_its_name(place: Place) -> None:
    place.execute("000004")
    client = place.emulator.client("stepfunctions")
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        place.execute("000004")


def test_a_function_that_fails_on_an_event_is_tried_again_and_then_reported(place: Place) -> None:
    entry = {"Source": "fabwafer.failing", "DetailType": "test", "Detail": "{}"}
    place.emulator.client("events").put_events(Entries=[entry])
    sqs = place.emulator.client("sqs")
    url = sqs.get_queue_url(QueueName="failed")["QueueUrl"]
    received = eventually(
        "the failure is reported",
        lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"),
        60,
    )
    told = json.loads(received[0]["Body"])
    assert told["requestPayload"]["source"] == "fabwafer.failing"
    assert len(place.calls("fabwafer.failing")) == 2


def test_nobody_but_root_speaks_for_sagemaker(place: Place) -> None:
    other = {"Source": "aws.s3", "DetailType": "test", "Detail": "{}"}
    answer = place.emulator.client("events").put_events(Entries=[other])
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


def test_a_job_that_ends_calls_the_function_and_leaves_log_and_model(place: Place) -> None:
    s3 = place.emulator.client("s3")
    s3.create_bucket(
        Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    s3.put_object(Bucket="models", Key="base/a", Body=b"a")
    place.emulator.client("sagemaker").create_training_job(**job("fabwafer-1", "echo trained"))
    (told,) = eventually("the event arrives", lambda: place.calls("Completed"), 60)
    assert told["source"] == "aws.sagemaker"
    assert told["detail"]["TrainingJobName"] == "fabwafer-1"
    assert told["detail"]["SecondaryStatus"] == "Completed"
    assert isinstance(told["detail"]["TrainingEndTime"], int)
    found = s3.list_objects_v2(Bucket="models", Prefix="trainings/fabwafer-1/output/")
    assert next(each["Key"] for each in found["Contents"]).endswith("model.tar.gz")
    events = place.emulator.client("logs").filter_log_events(
        logGroupName=LOG_GROUP, logStreamNamePrefix="fabwafer-1/"
    )["events"]
    assert [each["message"] for each in events] == ["trained"]


def job(name: str, script: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://models/base/"}
    leave = 'cp -r "$SAGEMAKER_BASE_DIR/input/data/train" "$SAGEMAKER_BASE_DIR/model/"'
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": "training:1",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["/bin/sh", "-c", f"{script}; {leave}"],
        },
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/training",
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath": "s3://models/trainings"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.xlarge",
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


ALLOWED = {
    "sagemaker": ["sagemaker:DescribeTrainingJob", "sagemaker:CreateTrainingJob"],
    "greengrass": ["greengrass:DescribeComponent"],
}


def stranger(place: Place, name: str, resource: str = "*") -> dict[str, str]:
    """The keys of a user who may do what ALLOWED says to a resource."""
    iam = place.emulator.client("iam")
    iam.create_user(UserName=name)
    actions = [each for actions in ALLOWED.values() for each in actions]
    statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName="some", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }


def outcome(call: Callable[[], Any]) -> tuple[str, str]:
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    return "", ""


def of(service: str, place: Place, keys: dict[str, str]) -> Any:
    url = place.jobs.endpoint if service == "sagemaker" else place.nuclei.endpoint
    return boto3.client(service, endpoint_url=url, region_name="eu-central-1", **keys)


def test_a_service_beside_lets_a_caller_do_what_a_policy_allows(place: Place) -> None:
    keys = stranger(place, "allowed")
    jobs, nuclei = of("sagemaker", place, keys), of("greengrassv2", place, keys)
    arn = f"arn:aws:greengrass:eu-central-1:{ACCOUNT}:components:a.B:versions:1.0.0"
    unknown = outcome(lambda: jobs.describe_training_job(TrainingJobName="nobody"))
    assert unknown == ("ValidationException", "Requested resource not found.")
    assert outcome(lambda: nuclei.describe_component(arn=arn))[0] == "ResourceNotFoundException"


def test_a_service_beside_refuses_what_no_policy_allows(place: Place) -> None:
    keys = stranger(place, "limited", "arn:aws:sagemaker:*:*:training-job/fabwafer-*")
    jobs, nuclei = of("sagemaker", place, keys), of("greengrassv2", place, keys)
    allowed = outcome(lambda: jobs.describe_training_job(TrainingJobName="fabwafer-9"))
    other = outcome(lambda: jobs.describe_training_job(TrainingJobName="other"))
    stopped = outcome(lambda: jobs.stop_training_job(TrainingJobName="fabwafer-9"))
    listed = outcome(nuclei.list_deployments)
    assert allowed[0] == "ValidationException"
    assert {other[0], stopped[0], listed[0]} == {"AccessDeniedException"}
    assert "is not authorized to perform: sagemaker:StopTrainingJob" in stopped[1]


def test_a_job_needs_the_right_to_pass_its_role(place: Place) -> None:
    jobs = of("sagemaker", place, stranger(place, "without_pass_role"))
    refused = outcome(lambda: jobs.create_training_job(**job("fabwafer-8", "true")))
    assert refused[0] == "AccessDeniedException"
    assert "iam:PassRole" in refused[1]


def test_a_role_may_be_passed_to_this_service_alone(place: Place) -> None:
    keys = stranger(place, "passes_role")
    statement = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": "*",
        "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    place.emulator.client("iam").put_user_policy(
        UserName="passes_role", PolicyName="pass", PolicyDocument=document
    )
    jobs = of("sagemaker", place, keys)
    assert outcome(lambda: jobs.create_training_job(**job("fabwafer-10", "true"))) == ("", "")


@pytest.mark.parametrize("secret", [pytest.param(True, id="secret"), pytest.param(False, id="key")])
def test_a_service_beside_refuses_a_forged_signature(place: Place, secret: bool) -> None:
    keys = stranger(place, f"forged_{secret}".lower())
    keys["aws_secret_access_key" if secret else "aws_access_key_id"] = "A" * 20
    jobs = of("sagemaker", place, keys)
    assert outcome(lambda: jobs.describe_training_job(TrainingJobName="nobody"))[0] == (
        "AccessDeniedException"
    )


@pytest.mark.long
def test_a_schedule_calls_its_function_every_minute(place: Place) -> None:
    eventually("it ticked twice", lambda: len(place.calls("aws.events")) >= 2, 200)
    assert time.time() - place.since_s >= 100
