"""What the portal may do to the loop, and where its API finds it: the API's stack stands without the loop's."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ssm as ssm
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.findings import accept
from infra.functions import role_of
from infra.review_functions import LOOP_PREFIX
from infra.training_told import GROUP
from lambdas.settings import LoopWiring

_JOB_LOGS = "/aws/sagemaker/TrainingJobs"


class LoopPortal(Construct):
    """A parameter that names what the API calls, and a policy of its role that allows the calls.

    The policy is this stack's and only attached to the role, so that the API's stack depends on nothing here.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        review_api: lambda_.Function,
        start_training: lambda_.IFunction,
        rollout: sfn.IStateMachine,
    ) -> None:
        super().__init__(scope, construct_id)
        wiring = LoopWiring(
            start_training=start_training.function_name, rollout_machine=rollout.state_machine_arn
        )
        ssm.StringParameter(
            self,
            "Wiring",
            parameter_name=f"{LOOP_PREFIX}/{LoopWiring.name}",
            string_value=Stack.of(self).to_json_string(wiring.model_dump()),
            description="What the portal's API calls in the loop",
        )
        self.policy = iam.Policy(self, "MayReachTheLoop", roles=[role_of(review_api)])
        _allow(self.policy, ["lambda:InvokeFunction"], start_training.function_arn)
        _allow(self.policy, ["states:StartExecution"], rollout.state_machine_arn)
        _allow_logs(self.policy)
        _allow_packages(self.policy)


def _allow_logs(policy: iam.Policy) -> None:
    logs = Stack.of(policy).format_arn(
        service="logs",
        resource="log-group",
        resource_name=_JOB_LOGS,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    for resource in (logs, f"{logs}:*"):
        _allow(policy, ["logs:DescribeLogStreams", "logs:GetLogEvents"], resource)
    accept(
        policy,
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>"
        f":log-group:{_JOB_LOGS}:*]",
        "It shows what any training job of the account wrote; a job's stream is named by the job.",
    )


def _allow_packages(policy: iam.Policy) -> None:
    package = Stack.of(policy).format_arn(
        service="sagemaker", resource="model-package", resource_name=f"{GROUP}/*"
    )
    _allow(policy, ["sagemaker:UpdateModelPackage"], package)
    accept(
        policy,
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:sagemaker:<AWS::Region>:<AWS::AccountId>"
        f":model-package/{GROUP}/*]",
        "People decide about any model; SageMaker numbers the packages of a group.",
    )


def _allow(policy: iam.Policy, actions: list[str], resource: str) -> None:
    policy.add_statements(iam.PolicyStatement(actions=actions, resources=[resource]))
