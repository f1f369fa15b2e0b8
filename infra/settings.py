"""What one deployment is told through the CDK context: cdk.json, and `cdk deploy -c stage=sandbox ...` above it."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from aws_cdk import RemovalPolicy
from constructs import Node

from fabwafer.errors import ContractError
from infra.context import Context
from infra.fleet_file import Camera, read_fleet

CLOUDFRONT = ".cloudfront.net"
_ORIGIN = re.compile(r"https?://[^/\s]+\Z")
_CERTIFICATE = re.compile(r"arn:[\w-]+:acm:us-east-1:\d{12}:certificate/[\w-]+\Z")
_MODEL = re.compile(r"[A-Za-z0-9_.-]+@\d+\.\d+\.\d+[A-Za-z0-9.-]*\Z")
_EDGE = {"source": {"kind": "folder", "folder": "/var/lib/fabwafer/pictures"}}
"""Where a tool leaves its pictures on a Pi, unless the context key `edge` says otherwise."""


class Stage(StrEnum):
    """Where the app is deployed: an AWS account, or the emulator on one machine."""

    PROD = "prod"
    SANDBOX = "sandbox"


@dataclass(frozen=True)
class ReviewSettings:
    """How items are handed out and settled: `lambdas.settings.ReviewApiSettings`."""

    second_share: float
    lease_s: int
    undo_s: int


@dataclass(frozen=True)
class Settings:
    """The context, parsed and checked."""

    root: Path
    stage: Stage
    cameras: tuple[Camera, ...]
    lambda_assets: Path | None
    components: Path
    edge: dict[str, object]
    first_model: str | None
    alert_email: str | None
    alert_filter: dict[str, list[str]]
    portal_url: str
    portal_certificate: str | None
    audit_rate: float
    keep_days: int
    review: ReviewSettings
    portal_build: Path | None

    @property
    def in_sandbox(self) -> bool:
        """Tell whether everything may vanish with the emulator."""
        return self.stage is Stage.SANDBOX

    @property
    def removal_policy(self) -> RemovalPolicy:
        """Return what becomes of data and logs when their stack goes."""
        return RemovalPolicy.DESTROY if self.in_sandbox else RemovalPolicy.RETAIN

    @property
    def portal_host(self) -> str | None:
        """Return the host of the portal's address."""
        return urlsplit(self.portal_url).hostname

    @property
    def fabs(self) -> tuple[str, ...]:
        """Return the fabs that have cameras."""
        return tuple(sorted({camera.fab for camera in self.cameras}))


def read_settings(node: Node, root: Path) -> Settings:
    """Read the context of the app.

    Raises:
        ContractError: If a value is off; it names the context key.
    """
    context = Context(node)
    assets = context.text("lambda_assets", "")
    return Settings(
        root=root,
        stage=_stage(context),
        cameras=read_fleet(root / context.text("fleet", "fleet.json")),
        lambda_assets=Path(assets) if assets else None,
        components=root / context.text("components", "build/component"),
        edge=context.mapping("edge", _EDGE, "the edge component's configuration as JSON"),
        first_model=_first_model(context),
        alert_email=context.text("alert_email", "") or None,
        alert_filter=_filter(context),
        portal_url=_portal_url(context),
        portal_certificate=_portal_certificate(context),
        audit_rate=context.number("audit_rate", 0.02, 0, 1),
        keep_days=context.whole("keep_days", 0, 0, 36_500),
        review=ReviewSettings(
            second_share=context.number("second_share", 0.2, 0, 1),
            lease_s=context.whole("lease_s", 300, 0, 86_400),
            undo_s=context.whole("undo_s", 20, 0, 3600),
        ),
        portal_build=_folder(root / context.text("portal", "portal/dist")),
    )


def _portal_url(context: Context) -> str:
    url = context.text("portal_url", "").rstrip("/")
    if url and not _ORIGIN.match(url):
        raise ContractError("context portal_url", url, "https:// and a host, no path")
    return url


def _portal_certificate(context: Context) -> str | None:
    """What CloudFront answers with for a name of the fab's own; its own names need none and allow none."""
    certificate, url = context.text("portal_certificate", ""), _portal_url(context)
    if not certificate:
        return None
    if not _CERTIFICATE.match(certificate):
        expected = "the ARN of an ACM certificate in us-east-1, where CloudFront looks for it"
        raise ContractError("context portal_certificate", certificate, expected)
    if not url or url.endswith(CLOUDFRONT):
        raise ContractError("context portal_url", url, "the name that portal_certificate is for")
    return certificate


def _folder(path: Path) -> Path | None:
    return path if (path / "index.html").is_file() else None


def _stage(context: Context) -> Stage:
    text = context.text("stage", Stage.PROD)
    if text not in set(Stage):
        raise ContractError("context stage", text, " or ".join(Stage))
    return Stage(text)


def _first_model(context: Context) -> str | None:
    """What rings begin with and what the first training is compared with, told once and then kept."""
    text = context.text("first_model", "")
    if text and not _MODEL.match(text):
        raise ContractError("context first_model", text, "name@version, wafer-map@1.2.0")
    return text or None


def _filter(context: Context) -> dict[str, list[str]]:
    expected = 'attributes and their values as JSON, {"severity": ["critical"]}'
    wanted = context.mapping("alert_filter", {}, expected)
    if not all(map(_are_texts, wanted.values())):
        raise ContractError("context alert_filter", wanted, expected)
    return wanted


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)
