"""A picture too large for a message -> the images bucket.

One signed PUT: awscrt, which awsiotsdk brings anyway, finds the credentials (environment, profile, or
Greengrass' token exchange through AWS_CONTAINER_CREDENTIALS_FULL_URI) and signs.
"""

import hashlib
import http.client
import os
from collections.abc import Mapping
from threading import Event
from urllib.parse import quote, urlsplit

from awscrt.auth import (  # type: ignore[import-untyped]  # ships no types
    AwsCredentialsProvider,
    AwsSignedBodyHeaderType,
    AwsSigningConfig,
    aws_sign_request,
)
from awscrt.exceptions import AwsCrtError  # type: ignore[import-untyped]
from awscrt.http import HttpHeaders, HttpRequest  # type: ignore[import-untyped]

from edge_component.health import Health
from edge_component.outbox import Outbox
from edge_component.pacing import Backoff
from fabwafer.errors import FabWaferError
from fabwafer.messages import ImageMessage

_TIMEOUT_S = 10.0


class UploadError(FabWaferError):
    """S3 did not take a picture; it stays in the outbox."""


class S3:
    """Puts objects, to AWS or to the endpoint that AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL names."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._region = environment.get("AWS_REGION") or environment.get(
            "AWS_DEFAULT_REGION", "us-east-1"
        )
        self._endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get(
            "AWS_ENDPOINT_URL"
        )

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Store an object; storing it again changes nothing.

        Raises:
            UploadError: If it is not stored.
        """
        endpoint = self._endpoint or f"https://{bucket}.s3.{self._region}.amazonaws.com"
        path = quote(f"/{bucket}/{key}" if self._endpoint else f"/{key}")
        url = urlsplit(endpoint)
        https = url.scheme == "https"
        connect = http.client.HTTPSConnection if https else http.client.HTTPConnection
        connection = connect(url.netloc, timeout=_TIMEOUT_S)
        try:
            connection.request("PUT", path, body, self._signed(url.netloc, path, body))
            response = connection.getresponse()
            answer = response.read(500)
        except (OSError, http.client.HTTPException, AwsCrtError) as error:
            raise UploadError(f"s3://{bucket}: {error!r}") from error
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise UploadError(f"s3://{bucket}: {response.status} {answer!r:.120}")

    def _signed(self, host: str, path: str, body: bytes) -> dict[str, str]:
        headers = HttpHeaders([("host", host), ("content-type", "image/png")])
        request = HttpRequest("PUT", path, headers)
        signing = AwsSigningConfig(
            credentials_provider=AwsCredentialsProvider.new_default_chain(),
            region=self._region,
            service="s3",
            use_double_uri_encode=False,
            should_normalize_uri_path=False,
            signed_body_value=hashlib.sha256(body).hexdigest(),
            signed_body_header_type=AwsSignedBodyHeaderType.X_AMZ_CONTENT_SHA_256,
        )
        return dict(aws_sign_request(request, signing).result(_TIMEOUT_S).headers)


class Uploads:
    """Carries the outbox' large pictures to S3, apart from the messages, which do not wait for it."""

    def __init__(
        self, outbox: Outbox, s3: S3, health: Health, backoff: Backoff | None = None
    ) -> None:
        self._outbox = outbox
        self._s3 = s3
        self._health = health
        self._backoff = backoff or Backoff(first_s=1.0, most_s=60.0)

    def step(self, _stop: Event) -> float | None:
        """Upload one picture; return the seconds to wait, or None when there is none."""
        waiting = self._outbox.uploads()
        if not waiting:
            return None
        message = waiting[0].message
        bucket, key = ImageMessage.model_validate_json(message.payload).s3_object()
        try:
            self._s3.put(bucket, key, message.upload or b"")
        except UploadError as error:
            self._outbox.postpone(waiting[0])
            self._health.degrade("upload", str(error))
            return self._backoff.failed()
        self._outbox.uploaded(waiting[0])
        self._backoff.succeeded()
        self._health.recover("upload")
        return 0.0
