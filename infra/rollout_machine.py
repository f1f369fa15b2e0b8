"""The state machine of rollouts: one step after the other until the function says that it is over, or back."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from infra.findings import accept
from infra.settings import Settings

_NAME = "FabWaferRollout"
"""Named, because the function that it calls starts it anew when an execution's history is full."""
_STEP_TRIES = {"IntervalSeconds": 5, "BackoffRate": 2, "MaxAttempts": 4}
_BACK_TRIES = {"IntervalSeconds": 10, "BackoffRate": 2, "MaxDelaySeconds": 300, "MaxAttempts": 40}
_MARGIN_S = 30


def rollout_machine_arn(stack: Stack) -> str:
    """Return the state machine's ARN, which those who start rollouts are told."""
    return stack.format_arn(
        service="states",
        resource="stateMachine",
        resource_name=_NAME,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def rollout_machine(
    scope: Construct, function: lambda_.Function, settings: Settings, function_timeout_s: int
) -> stepfunctions.StateMachine:
    """Make the machine that calls the function until it says that it is over; a step that fails for good goes back."""
    stack = Stack.of(scope)
    role = iam.Role(scope, "MachineRole", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
    iam.Grant.add_to_principal(
        grantee=role,
        actions=["lambda:InvokeFunction"],
        resource_arns=[function.function_arn],
    )
    accept(
        role,
        "AwsSolutions-IAM5[Resource::*]",
        "Step Functions delivers logs and traces by actions that know no resource.",
    )
    log_group = logs.LogGroup(
        scope,
        "MachineLogs",
        retention=logs.RetentionDays.THREE_MONTHS,
        removal_policy=settings.removal_policy,
    )
    return stepfunctions.StateMachine(
        scope,
        "Machine",
        state_machine_name=_NAME,
        comment="Walks a model through the rings; all that it knows is in the papers table",
        definition_body=stepfunctions.DefinitionBody.from_string(
            stack.to_json_string(_definition(function.function_arn, function_timeout_s))
        ),
        role=role,
        tracing_enabled=True,
        logs=stepfunctions.LogOptions(
            destination=log_group,
            level=stepfunctions.LogLevel.ALL,
            include_execution_data=True,
        ),
    )


def _definition(function_arn: str, function_timeout_s: int) -> dict[str, object]:
    task = {
        "Type": "Task",
        "Resource": function_arn,
        "TimeoutSeconds": function_timeout_s + _MARGIN_S,
        "Next": "IsOver",
    }
    anything = ["States.ALL"]
    return {
        "StartAt": "Step",
        "States": {
            "Step": {
                **task,
                "Retry": [{"ErrorEquals": anything, **_STEP_TRIES}],
                "Catch": [{"ErrorEquals": anything, "ResultPath": "$.error", "Next": "GoBack"}],
            },
            "GoBack": {**task, "Retry": [{"ErrorEquals": anything, **_BACK_TRIES}]},
            "IsOver": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.next", "StringEquals": "wait", "Next": "Wait"}],
                "Default": "Over",
            },
            "Wait": {"Type": "Wait", "SecondsPath": "$.wait_s", "Next": "Step"},
            "Over": {"Type": "Succeed"},
        },
    }
