"""What the Pis run: component versions, and their deployment to a thing group.

A deployment is merged on the device with those to its other groups; ours name one of our components and nothing else,
so what others deploy to groups of their own stays, and a new model is no matter of the edge component's deployment.
Greengrass rolls back a deployment that fails, and fails one that wants two versions of a component on one device.
"""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_greengrassv2 as greengrass
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from fabwafer import deployment_pace
from infra.components import EDGE, MODEL, Component


class ComponentVersion(Construct):
    """One version, with its artifacts in the bucket that CDK uploads to.

    Versions are immutable, and a Pi that rolls back wants the one before: so none goes when the next one comes. Only
    one whose stack failed to come up goes with it, or the next attempt would meet it.
    """

    def __init__(self, scope: Construct, construct_id: str, component: Component) -> None:
        super().__init__(scope, construct_id)
        uploaded = {uri: self._upload(path) for uri, path in component.artifacts().items()}
        version = greengrass.CfnComponentVersion(
            self,
            "Version",
            inline_recipe=Stack.of(self).to_json_string(component.recipe_with(uploaded)),
        )
        version.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        self.created = version.attr_component_version

    def _upload(self, artifact: Path) -> str:
        return assets.Asset(self, artifact.name, path=str(artifact)).s3_object_url


def deploy(
    scope: Construct,
    construct_id: str,
    group: str,
    versions: Mapping[str, str],
    edge: Mapping[str, object] | None = None,
) -> greengrass.CfnDeployment:
    """Deploy to a thing group: paced, and stopped when one in ten Pis fails.

    Args:
        scope: Where to.
        construct_id: The deployment's.
        group: The thing group's name.
        versions: The version of each component.
        edge: What to merge into the edge component's configuration; a Pi's own values stay, but for its source.
    """
    stack = Stack.of(scope)
    return greengrass.CfnDeployment(
        scope,
        construct_id,
        target_arn=stack.format_arn(service="iot", resource="thinggroup", resource_name=group),
        deployment_name=group,
        components={
            name: _Deployment.ComponentDeploymentSpecificationProperty(
                component_version=version,
                configuration_update=_update(stack, edge) if edge and name == EDGE else None,
            )
            for name, version in versions.items()
        },
        deployment_policies=_policies(),
        iot_job_configuration=_paced(),
    )


def deploy_model(
    scope: Construct, construct_id: str, ring: str, model: str
) -> greengrass.CfnDeployment:
    """Deploy the model that a fleet begins with, `name@version`, to a ring of models.

    What a rollout deployed there since is replaced only when another model is named. The deployment is kept when none is
    named any more, for a Pi that joins the ring later is given its latest one.
    """
    deployed = deploy(scope, construct_id, ring, {MODEL: model.partition("@")[2]})
    deployed.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
    return deployed


_Deployment = greengrass.CfnDeployment


def _policies() -> greengrass.CfnDeployment.DeploymentPoliciesProperty:
    return _Deployment.DeploymentPoliciesProperty(
        failure_handling_policy="ROLLBACK",
        component_update_policy=_Deployment.DeploymentComponentUpdatePolicyProperty(
            action="NOTIFY_COMPONENTS", timeout_in_seconds=deployment_pace.NOTICE_S
        ),
    )


_ABORT_PERCENT = 10
"""Of the Pis that were tried, so many may fail: nobody else watches a deployment of software,"""
_SEEN_BEFORE_ABORT = 2
"""as soon as so many were tried."""


def _paced() -> greengrass.CfnDeployment.DeploymentIoTJobConfigurationProperty:
    return _Deployment.DeploymentIoTJobConfigurationProperty(
        job_executions_rollout_config=_Deployment.IoTJobExecutionsRolloutConfigProperty(
            maximum_per_minute=deployment_pace.PIS_PER_MINUTE
        ),
        abort_config=_Deployment.IoTJobAbortConfigProperty(
            criteria_list=[
                _Deployment.IoTJobAbortCriteriaProperty(
                    action="CANCEL",
                    failure_type="FAILED",
                    min_number_of_executed_things=_SEEN_BEFORE_ABORT,
                    threshold_percentage=_ABORT_PERCENT,
                )
            ]
        ),
    )


def _update(
    stack: Stack, values: Mapping[str, object]
) -> greengrass.CfnDeployment.ComponentConfigurationUpdateProperty:
    """A source replaces the one before, whose keys would lie beneath those of another kind; a reset comes first."""
    return _Deployment.ComponentConfigurationUpdateProperty(
        reset=["/source"] if "source" in values else None, merge=stack.to_json_string(values)
    )
