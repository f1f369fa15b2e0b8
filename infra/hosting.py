"""The portal's pages: a private bucket behind CloudFront, with a content security policy that names every party.

The pages are portal/dist as built; what they are told about their cloud is /config.json.
"""

from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as deployment
from constructs import Construct

from infra.assets import assets_bucket
from infra.buckets import log_bucket, private_bucket
from infra.findings import accept
from infra.portal_headers import security_headers
from infra.settings import Settings

CONFIG = "config.json"
_HASHED = deployment.CacheControl.from_string("public, max-age=31536000, immutable")
_NAMED = deployment.CacheControl.no_cache()
_COPYING_ACTIONS = [
    f"Action::s3:{each}*" for each in ("GetBucket", "GetObject", "List", "Abort", "DeleteObject")
]
_WHY_ITS_OWN_KEYS = "The CDK's copying function: every key of the build, from the CDK's assets."
_WHY_ANY_DISTRIBUTION = (
    "The CDK's copying function asks for an invalidation; its grant is the CDK's."
)
_WHY_THAT_RUNTIME = "The CDK's copying function; the CDK chooses its runtime."


class Hosting(Construct):
    """Bucket and distribution.

    Args:
        policy: What the pages may load and talk to.
    """

    def __init__(
        self, scope: Construct, construct_id: str, settings: Settings, policy: str
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._logs = log_bucket(self, "Logs", settings, s3.ObjectOwnership.OBJECT_WRITER)
        self._pages = private_bucket(
            self,
            "Pages",
            settings,
            server_access_logs_bucket=self._logs,
            server_access_logs_prefix="pages/",
        )
        self.distribution = self._distribute(security_headers(self, policy))

    @property
    def url(self) -> str:
        """Return the address of the portal: the fab's own if there is a certificate for it, else CloudFront's."""
        if self._settings.portal_certificate:
            return self._settings.portal_url
        return f"https://{self.distribution.distribution_domain_name}"

    def publish(self, build: Path, config: dict[str, str]) -> None:
        """Put a build and its configuration into the bucket.

        Files under assets/ have their content's hash in their names and are kept for ever; the others are asked for
        anew each time.
        """
        role = self._copying_role()
        assets = self._copy(
            "Assets", [deployment.Source.asset(str(build / "assets"))], role, "assets"
        )
        pages = self._copy(
            "Index",
            [
                deployment.Source.asset(str(build), exclude=["assets"]),
                deployment.Source.json_data(CONFIG, config),
            ],
            role,
            None,
        )
        pages.node.add_dependency(assets)  # no page may name what is not there yet

    def _copy(
        self,
        name: str,
        sources: list[deployment.ISource],
        role: iam.IRole,
        prefix: str | None,
    ) -> deployment.BucketDeployment:
        return deployment.BucketDeployment(
            self,
            name,
            sources=sources,
            destination_bucket=self._pages,
            destination_key_prefix=prefix,
            cache_control=[_HASHED if prefix else _NAMED],
            prune=False,  # a page that is open still asks for what it was built with
            role=role,
            log_group=self._log_group,
            distribution=None if prefix else self.distribution,
            distribution_paths=None if prefix else ["/index.html", f"/{CONFIG}"],
        )

    def _copying_role(self) -> iam.Role:
        """Its own log group, in the place of the managed policy that may write every log."""
        role = iam.Role(
            self, "CopyingRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
        )
        self._log_group = logs.LogGroup(
            self,
            "CopyingLogs",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=self._settings.removal_policy,
        )
        self._log_group.grant_write(role)
        pages = Stack.of(self).resolve(self._pages.bucket_arn)["Fn::GetAtt"][0]
        assets = f"arn:<AWS::Partition>:s3:::{assets_bucket(self)}-<AWS::AccountId>-<AWS::Region>"
        for what in (*_COPYING_ACTIONS, f"Resource::<{pages}.Arn>/*", f"Resource::{assets}/*"):
            accept(role, f"AwsSolutions-IAM5[{what}]", _WHY_ITS_OWN_KEYS)
        accept(role, "AwsSolutions-IAM5[Resource::*]", _WHY_ANY_DISTRIBUTION)
        accept(Stack.of(self), "AwsSolutions-L1", _WHY_THAT_RUNTIME)
        return role

    def _distribute(self, security: cloudfront.ResponseHeadersPolicy) -> cloudfront.Distribution:
        certificate, host = self._settings.portal_certificate, self._settings.portal_host
        made = cloudfront.Distribution(
            self,
            "Distribution",
            comment="FabWafer portal",
            domain_names=[host] if certificate and host else None,
            certificate=(
                acm.Certificate.from_certificate_arn(self, "Certificate", certificate)
                if certificate
                else None
            ),
            default_root_object="index.html",
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.S3BucketOrigin.with_origin_access_control(self._pages),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                response_headers_policy=security,
                compress=True,
            ),
            # The page itself knows its addresses; S3 answers 403 for what is not there.
            error_responses=[
                cloudfront.ErrorResponse(
                    http_status=403, response_http_status=200, response_page_path="/index.html"
                )
            ],
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            log_bucket=self._logs,
            log_file_prefix="cloudfront/",
        )
        for finding, reason in _FINDINGS.items():
            accept(made, finding, reason)
        return made


_FINDINGS = {
    "AwsSolutions-CFR1": "A fab may be anywhere; who may sign in is what matters.",
    "AwsSolutions-CFR2": "Static pages behind no origin of ours; the API has its own throttling.",
    "AwsSolutions-CFR4": "CloudFront's own certificate sets the protocol until a domain is given.",
}
