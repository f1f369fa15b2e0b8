import re
from pathlib import Path

import pytest
from synthesized import ROOT, Cloud, synthesize, text, warnings
from test_infra_checks import violations

STACK = "FabWaferPortal"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0123abcd-01ab-23cd-45ef-0123456789ab"


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    folder = tmp_path_factory.mktemp("hosted")
    build = folder / "dist"
    (build / "assets").mkdir(parents=True)
    (build / "index.html").write_text("<html>")
    (build / "assets" / "index-1a2b.js").write_text("x")
    return synthesize(
        folder,
        portal=str(build),
        portal_url="https://portal.example.com",
        portal_certificate=CERTIFICATE,
    )


def headers(cloud: Cloud) -> dict:
    [policy] = cloud.resources(STACK, "AWS::CloudFront::ResponseHeadersPolicy").values()
    return policy["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]


def test_without_a_build_nothing_is_hosted(prod: Cloud, sandbox: Cloud) -> None:
    assert STACK not in prod.stacks + sandbox.stacks


def test_cdk_nag_finds_nothing_there_that_is_not_accepted(hosted: Cloud) -> None:
    assert violations(hosted.folder) == []


@pytest.mark.parametrize(
    "rule",
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ],
)
def test_the_pages_run_their_own_code_and_nobody_elses(hosted: Cloud, rule: str) -> None:
    policy = text(headers(hosted)["ContentSecurityPolicy"]["ContentSecurityPolicy"])
    assert rule in policy.split("; ")
    assert "unsafe" not in policy
    assert "*" not in policy


def test_the_portals_readme_names_every_directive_that_is_sent(hosted: Cloud) -> None:
    policy = text(headers(hosted)["ContentSecurityPolicy"]["ContentSecurityPolicy"])
    readme = (ROOT / "portal" / "README.md").read_text()
    [told] = re.findall(r"The page needs `([^`]*)`", readme)
    assert [rule.split()[0] for rule in told.split("; ")] == [
        rule.split()[0] for rule in policy.split("; ")
    ]


def test_the_pages_talk_to_api_sign_in_and_pictures(hosted: Cloud) -> None:
    policy = text(headers(hosted)["ContentSecurityPolicy"]["ContentSecurityPolicy"])
    [connect] = [rule for rule in policy.split("; ") if rule.startswith("connect-src")]
    for party in ("ApiEndpoint", "SignInDomain", "cognito-idp", "BucketsImages"):
        assert party in connect
    [images] = [rule for rule in policy.split("; ") if rule.startswith("img-src")]
    assert "ApiEndpoint" not in images


def test_the_pages_come_by_tls_and_in_no_frame(hosted: Cloud) -> None:
    found = headers(hosted)
    assert found["StrictTransportSecurity"]["AccessControlMaxAgeSec"] == 365 * 24 * 3600
    assert found["FrameOptions"]["FrameOption"] == "DENY"
    [distribution] = hosted.resources(STACK, "AWS::CloudFront::Distribution").values()
    config = distribution["Properties"]["DistributionConfig"]
    assert config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"


def test_a_name_of_the_fabs_own_is_answered_for_with_its_certificate(hosted: Cloud) -> None:
    [distribution] = hosted.resources(STACK, "AWS::CloudFront::Distribution").values()
    config = distribution["Properties"]["DistributionConfig"]
    assert config["Aliases"] == ["portal.example.com"]
    assert config["ViewerCertificate"]["AcmCertificateArn"] == CERTIFICATE
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    outputs = hosted.template(STACK)["Outputs"]
    assert outputs["PortalUrl"]["Value"] == "https://portal.example.com"
    assert "DomainName" in text(outputs["PortalTarget"]["Value"])
    assert warnings(hosted, STACK) == ""


def test_a_name_without_a_certificate_is_warned_of_and_the_address_is_cloudfronts(
    hosted: Cloud, tmp_path: Path
) -> None:
    build = hosted.folder.parent / "dist"
    cloud = synthesize(tmp_path, portal=str(build), portal_url="https://portal.example.com")
    assert "portal_certificate" in warnings(cloud, STACK)
    assert text(cloud.template(STACK)["Outputs"]["PortalUrl"]["Value"]).startswith("https://<")
    [distribution] = cloud.resources(STACK, "AWS::CloudFront::Distribution").values()
    assert "Aliases" not in distribution["Properties"]["DistributionConfig"]


def test_every_address_of_the_portal_is_its_page(hosted: Cloud) -> None:
    [distribution] = hosted.resources(STACK, "AWS::CloudFront::Distribution").values()
    [answer] = distribution["Properties"]["DistributionConfig"]["CustomErrorResponses"]
    assert (answer["ErrorCode"], answer["ResponseCode"]) == (403, 200)
    assert answer["ResponsePagePath"] == "/index.html"


def test_what_has_its_hash_in_its_name_is_kept_and_the_rest_asked_for_anew(hosted: Cloud) -> None:
    copies = hosted.resources(STACK, "Custom::CDKBucketDeployment").values()
    kept = {
        each["Properties"].get("DestinationBucketKeyPrefix"): each["Properties"]["SystemMetadata"]
        for each in copies
    }
    assert kept == {
        "assets": {"cache-control": "public, max-age=31536000, immutable"},
        None: {"cache-control": "no-cache"},
    }


def test_pages_are_private_and_copied_by_a_role_of_their_own(hosted: Cloud) -> None:
    for bucket in hosted.resources(STACK, "AWS::S3::Bucket").values():
        assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    for role in hosted.resources(STACK, "AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role["Properties"]


def test_who_looked_at_the_portal_is_forgotten_after_90_days(hosted: Cloud) -> None:
    [logs] = [
        each["Properties"]
        for name, each in hosted.resources(STACK, "AWS::S3::Bucket").items()
        if name.startswith("HostingLogs")
    ]
    [rule] = logs["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == 90


def test_a_folder_without_a_page_is_no_build(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    cloud = synthesize(tmp_path / "cloud", portal=str(tmp_path / "empty"))
    assert STACK not in cloud.stacks
