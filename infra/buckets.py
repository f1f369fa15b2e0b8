"""The buckets: private, encrypted, TLS only, every access logged."""

from functools import partial
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.findings import accept
from infra.settings import Settings

_QUARANTINE_DAYS = 90
_LOG_DAYS = 90
_EXPORT_DAYS = 7
_OLD_VERSION_DAYS = 30
_CHECKPOINT_DAYS = 14
"""A job goes on from its checkpoint for ten days at most (`infra.training_context`)."""
_RECENT_DAYS = 90
"""What one comparison read; its outcome is the training's and stays."""


class Buckets(Construct):
    """The pictures of all wafers, the messages that broke the contract, exports for a while, datasets and models."""

    def __init__(self, scope: Construct, construct_id: str, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        bucket = partial(private_bucket, self, settings=settings)
        logs = log_bucket(self, "AccessLogs", settings)
        kept = [_expiry(settings.keep_days)] if settings.keep_days else []
        self.images = bucket(
            "Images",
            versioned=True,
            lifecycle_rules=[*kept, _tidying()],
            cors=_portal(settings.portal_url),
            server_access_logs_bucket=logs,
            server_access_logs_prefix="images/",
        )
        self.quarantine = bucket(
            "Quarantine",
            lifecycle_rules=[_expiry(_QUARANTINE_DAYS)],
            server_access_logs_bucket=logs,
            server_access_logs_prefix="quarantine/",
        )
        self.exports = bucket(
            "Exports",
            lifecycle_rules=[_expiry(_EXPORT_DAYS)],
            server_access_logs_bucket=logs,
            server_access_logs_prefix="exports/",
        )
        self.models = bucket(
            "Models",
            versioned=True,
            lifecycle_rules=[
                _passing("checkpoints/", _CHECKPOINT_DAYS),
                _passing("recent/", _RECENT_DAYS),
                _tidying(),
            ],
            server_access_logs_bucket=logs,
            server_access_logs_prefix="models/",
        )


def private_bucket(scope: Construct, name: str, settings: Settings, **properties: Any) -> s3.Bucket:
    """Return a bucket that nobody reads from outside, encrypted, for TLS alone."""
    return s3.Bucket(
        scope,
        name,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        removal_policy=settings.removal_policy,
        **properties,
    )


def log_bucket(
    scope: Construct, name: str, settings: Settings, ownership: s3.ObjectOwnership | None = None
) -> s3.Bucket:
    """Return a private bucket that forgets the access logs it is sent after 90 days."""
    logs = private_bucket(
        scope,
        name,
        settings,
        lifecycle_rules=[_expiry(_LOG_DAYS)],
        object_ownership=ownership,
    )
    accept(logs, "AwsSolutions-S1", "It holds access logs; logging its own would never end.")
    return logs


def _expiry(days: int) -> s3.LifecycleRule:
    return s3.LifecycleRule(expiration=Duration.days(days))


def _passing(prefix: str, days: int) -> s3.LifecycleRule:
    """What nobody asks for again; its older versions go the next day."""
    return s3.LifecycleRule(
        prefix=prefix,
        expiration=Duration.days(days),
        noncurrent_version_expiration=Duration.days(1),
    )


def _tidying() -> s3.LifecycleRule:
    """Versions guard against an overwrite; no colder class, for those bill small objects as 128 kB."""
    return s3.LifecycleRule(
        noncurrent_version_expiration=Duration.days(_OLD_VERSION_DAYS),
        abort_incomplete_multipart_upload_after=Duration.days(1),
    )


def _portal(url: str) -> list[s3.CorsRule]:
    if not url:
        return []
    return [
        s3.CorsRule(
            allowed_methods=[s3.HttpMethods.GET], allowed_origins=[url], allowed_headers=["*"]
        )
    ]
