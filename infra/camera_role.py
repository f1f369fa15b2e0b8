"""What a camera's Pi may do in AWS beside MQTT: Greengrass exchanges its certificate for this role."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.assets import assets_bucket
from infra.findings import accept, export_name
from infra.fleet_file import Camera

_CREDENTIALS_S = 3600
_LOG_ACTIONS = [
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogStreams",
    "logs:PutLogEvents",
]


class CameraRole(Construct):
    """The role, and its alias, which bears the thing's name: no other thing's policy lets it be used.

    One role for all could not keep cameras apart: an image's key starts with fab and camera, and IAM's variables know
    only the thing's whole name.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        camera: Camera,
        images: s3.Bucket,
        models: s3.Bucket,
    ) -> None:
        super().__init__(scope, construct_id)
        self._stack = Stack.of(self)
        self._role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "credentials.iot.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": self._stack.account},
                    "ArnEquals": {"aws:SourceArn": self._alias_arn(camera)},
                },
            ),
        )
        iot.CfnRoleAlias(
            self,
            "Alias",
            role_alias=camera.thing,
            role_arn=self._role.role_arn,
            credential_duration_seconds=_CREDENTIALS_S,
        )
        self._allow_pictures(images, f"{camera.fab}/{camera.name}/*")
        self._allow_artifacts()
        self._allow_bundles(models)
        self._allow_logs()

    def _alias_arn(self, camera: Camera) -> str:
        return self._stack.format_arn(
            service="iot", resource="rolealias", resource_name=camera.thing
        )

    def _allow_pictures(self, images: s3.Bucket, keys: str) -> None:
        self._allow(["s3:PutObject"], images.arn_for_objects(keys))
        self._accept(f"{export_name(images)}/{keys}", "Its own pictures; a key names the wafer.")

    def _allow_artifacts(self) -> None:
        account, region, bucket = self._stack.account, self._stack.region, assets_bucket(self)
        arn = f"arn:{self._stack.partition}:s3:::{bucket}-{account}-{region}/*.zip"
        self._allow(["s3:GetObject"], arn)
        self._accept(
            f"arn:<AWS::Partition>:s3:::{bucket}-<AWS::AccountId>-<AWS::Region>/*.zip",
            "The components of every version, for a Pi that rolls back fetches the one before. Beside them lie this"
            " app's functions and pages, which hold no secret, and no other app's assets.",
        )

    def _allow_bundles(self, models: s3.Bucket) -> None:
        self._allow(["s3:GetObject"], models.arn_for_objects("bundles/*"))
        self._accept(
            f"{export_name(models)}/bundles/*",
            "The signed bundles that a rollout's model components consist of, whichever comes.",
        )

    def _allow_logs(self) -> None:
        groups = self._stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name="/aws/greengrass/*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self._allow(_LOG_ACTIONS, groups)
        self._accept(
            "arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:/aws/greengrass/*",
            "The nucleus names its log groups by component.",
        )

    def _allow(self, actions: list[str], resource: str) -> None:
        iam.Grant.add_to_principal(grantee=self._role, actions=actions, resource_arns=[resource])

    def _accept(self, resource: str, reason: str) -> None:
        accept(self._role, f"AwsSolutions-IAM5[Resource::{resource}]", reason)
