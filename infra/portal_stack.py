"""The portal's pages in the cloud. The sandbox serves the same build itself."""

from aws_cdk import Annotations, CfnOutput, Stack
from constructs import Construct

from infra.hosting import Hosting
from infra.portal_headers import content_security_policy
from infra.settings import CLOUDFRONT, Settings
from infra.stacks import DataStack, ServiceStack

_NO_CERTIFICATE = "portal_url is not CloudFront's and there is no portal_certificate: docs/operations.md, The portal and its people"


class PortalStack(Stack):
    """portal/dist behind CloudFront, told where API and sign-in are.

    Sign-in and API name the portal's address in turn (context `portal_url`), which is known once this is deployed.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: Settings,
        data: DataStack,
        service: ServiceStack,
    ) -> None:
        super().__init__(scope, construct_id, description="FabWafer: the portal's pages")
        user_pool = f"https://cognito-idp.{self.region}.amazonaws.com"
        policy = content_security_policy(
            [service.review_api.url, service.sign_in.url, user_pool],
            pictures=f"https://{data.buckets.images.bucket_regional_domain_name}",
        )
        hosting = Hosting(self, "Hosting", settings, policy)
        config = {
            "api": service.review_api.url,
            "sign_in": "hosted",
            "client_id": service.sign_in.client.user_pool_client_id,
            "issuer": data.people.issuer,
            "domain": service.sign_in.url,
        }
        if settings.portal_build is not None:
            hosting.publish(settings.portal_build, config)
        if _answers_elsewhere(settings):
            Annotations.of(self).add_warning_v2("fabwafer:portal-certificate", _NO_CERTIFICATE)
        CfnOutput(self, "PortalUrl", value=hosting.url)
        CfnOutput(self, "PortalTarget", value=hosting.distribution.distribution_domain_name)


def _answers_elsewhere(settings: Settings) -> bool:
    """Tell whether people are sent to a name for which CloudFront does not answer."""
    told = bool(settings.portal_url) and not settings.portal_url.endswith(CLOUDFRONT)
    return told and settings.portal_certificate is None
