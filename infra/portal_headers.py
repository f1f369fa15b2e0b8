"""What browsers are told of the portal's pages: what they may load, whom they may talk to, that no frame holds them."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct

_HSTS = Duration.days(365)


def content_security_policy(parties: list[str], pictures: str) -> str:
    """Return the policy: code and styles from the pages' own origin, talk to named ones, frames of nobody.

    Args:
        parties: The origins of API and sign-in.
        pictures: The origin of the wafers' pictures, which are read as data too.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "font-src 'self'",
            f"img-src 'self' blob: {pictures}",
            f"connect-src 'self' {' '.join([*parties, pictures])}",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def security_headers(scope: Construct, policy: str) -> cloudfront.ResponseHeadersPolicy:
    """Return the headers of every answer, with that content security policy."""
    return cloudfront.ResponseHeadersPolicy(
        scope,
        "Headers",
        comment=f"{Stack.of(scope).stack_name}: the portal's pages",
        security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
            content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                content_security_policy=policy, override=True
            ),
            content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
            frame_options=cloudfront.ResponseHeadersFrameOptions(
                frame_option=cloudfront.HeadersFrameOption.DENY, override=True
            ),
            referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
            ),
            strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                access_control_max_age=_HSTS, include_subdomains=True, override=True
            ),
        ),
    )
