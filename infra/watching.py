"""What comes from the cameras beside predictions: pictures -> archive_image, heartbeats -> record_heartbeat."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from fabwafer.topics import Kind
from infra.functions import Functions, Sizing, allow, allow_objects, allow_quarantine
from lambdas.settings import ArchiveImageSettings, RecordHeartbeatSettings

_PICTURES = Sizing(timeout_s=30, memory_mb=1024)
_HEARTBEATS = Sizing(timeout_s=30, memory_mb=256)


def archive_image(functions: Functions, failures: sqs.IQueue) -> lambda_.Function:
    """Make the function that keeps pictures."""
    images, quarantine = functions.buckets.images, functions.buckets.quarantine
    told = ArchiveImageSettings(
        images_bucket=images.bucket_name, quarantine_bucket=quarantine.bucket_name
    )
    function = functions.make("archive_image", told, _PICTURES, failures)
    allow_objects(
        function, ["s3:GetObject", "s3:PutObject"], images, "*", "It keeps every camera's pictures."
    )
    # Without it S3 answers "forbidden" for an object that is not there.
    allow(function, ["s3:ListBucket"], images.bucket_arn)
    allow_quarantine(function, quarantine, Kind.IMAGE)
    return function


def record_heartbeat(functions: Functions, failures: sqs.IQueue) -> lambda_.Function:
    """Make the function that keeps each camera's last heartbeat."""
    cameras, quarantine = functions.tables.cameras, functions.buckets.quarantine
    told = RecordHeartbeatSettings(
        cameras_table=cameras.table_name, quarantine_bucket=quarantine.bucket_name
    )
    function = functions.make("record_heartbeat", told, _HEARTBEATS, failures)
    allow(function, ["dynamodb:PutItem"], cameras.table_arn)
    allow_quarantine(function, quarantine, Kind.STATUS)
    return function
