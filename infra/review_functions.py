"""What answers the portal and what writes its exports, each with what it may touch."""

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_

from infra.drawing import Drawing
from infra.functions import Functions, Sizing, allow, allow_objects
from infra.model_policies import PREFIX, allow_policies
from infra.settings import Settings
from infra.tables import index_arn
from lambdas.settings import LoopWiring, ReviewApiSettings, WriteExportSettings

_ANSWERING = Sizing(timeout_s=29, memory_mb=1024)
"""An HTTP API waits 30 s; the processor's share grows with the memory, and so does the speed of an answer."""
LOOP_PREFIX = "/fabwafer/loop"
"""Below it the loop's stack leaves what the API calls there, if there is a loop."""
EXPORTING = Sizing(timeout_s=600, memory_mb=1024, storage_mb=4096)


def answering(functions: Functions, drawing: Drawing, exports_queue_url: str) -> lambda_.Function:
    """Make the function behind the portal's API."""
    tables, buckets, settings = functions.tables, functions.buckets, functions.settings
    told = ReviewApiSettings(
        predictions_table=tables.predictions.table_name,
        reviews_table=tables.reviews.table_name,
        events_table=tables.events.table_name,
        papers_table=tables.papers.table_name,
        cameras_table=tables.cameras.table_name,
        images_bucket=buckets.images.bucket_name,
        exports_bucket=buckets.exports.bucket_name,
        exports_queue_url=exports_queue_url,
        models_parameter_prefix=PREFIX,
        loop_parameter_prefix=LOOP_PREFIX,
        fabs=",".join(settings.fabs),
        **_rules(functions.settings, drawing),
    )
    function = functions.make("review_api", told, _ANSWERING)
    drawing.allow_drawing(function)
    read = ["dynamodb:GetItem", "dynamodb:BatchGetItem"]
    allow(function, read, tables.predictions.table_arn)
    allow(function, [*read, "dynamodb:PutItem"], tables.reviews.table_arn)
    allow(function, ["dynamodb:PutItem", "dynamodb:Query"], tables.events.table_arn)
    allow(function, [*read, "dynamodb:PutItem", "dynamodb:Query"], tables.papers.table_arn)
    allow(function, ["dynamodb:Query"], tables.cameras.table_arn)
    for index in ("by_camera", "by_lot", "by_fab", "by_label"):
        allow(function, ["dynamodb:Query"], index_arn(tables.predictions, index))
    for index in ("by_state", "by_turn"):
        allow(function, ["dynamodb:Query"], index_arn(tables.reviews, index))
    allow(function, ["dynamodb:Query"], index_arn(tables.events, "by_time"))
    allow_objects(function, ["s3:GetObject"], buckets.images, "*", "It shows every fab's pictures.")
    # Without it S3 answers "forbidden" for a picture that is not there.
    allow(function, ["s3:ListBucket"], buckets.images.bucket_arn)
    allow_objects(
        function, ["s3:GetObject"], buckets.exports, "*", "Its addresses fetch any fab's exports."
    )
    allow_policies(function)
    allow(function, ["ssm:GetParameter"], _parameter(function, f"{LOOP_PREFIX}/{LoopWiring.name}"))
    return function


def exporting(functions: Functions, drawing: Drawing) -> lambda_.Function:
    """Make the function that writes exports."""
    tables, buckets = functions.tables, functions.buckets
    told = WriteExportSettings(
        predictions_table=tables.predictions.table_name,
        reviews_table=tables.reviews.table_name,
        events_table=tables.events.table_name,
        papers_table=tables.papers.table_name,
        images_bucket=buckets.images.bucket_name,
        exports_bucket=buckets.exports.bucket_name,
        **_rules(functions.settings, drawing),
    )
    function = functions.make("write_export", told, EXPORTING)
    drawing.allow_drawing(function)
    allow(function, ["dynamodb:BatchGetItem"], tables.predictions.table_arn)
    allow(function, ["dynamodb:BatchGetItem"], tables.reviews.table_arn)
    allow(function, ["dynamodb:GetItem", "dynamodb:PutItem"], tables.papers.table_arn)
    allow(function, ["dynamodb:Query"], index_arn(tables.events, "by_time"))
    for index in ("by_camera", "by_lot", "by_fab"):
        allow(function, ["dynamodb:Query"], index_arn(tables.predictions, index))
    allow_objects(
        function, ["s3:GetObject"], buckets.images, "*", "An export holds any fab's pictures."
    )
    allow_objects(
        function,
        ["s3:PutObject", "s3:AbortMultipartUpload"],
        buckets.exports,
        "*",
        "The key is the export's.",
    )
    # Without it S3 answers "forbidden" for a picture that is not there.
    allow(function, ["s3:ListBucket"], buckets.images.bucket_arn)
    return function


def _rules(settings: Settings, drawing: Drawing) -> dict[str, Any]:
    """Both go by the same rules: what one hides the other must not tell."""
    return {
        "draw_key_id": drawing.key.key_id,
        "second_share": settings.review.second_share,
        "lease_s": settings.review.lease_s,
        "undo_s": settings.review.undo_s,
    }


def _parameter(function: lambda_.Function, name: str) -> str:
    return Stack.of(function).format_arn(
        service="ssm", resource="parameter", resource_name=name.removeprefix("/")
    )
