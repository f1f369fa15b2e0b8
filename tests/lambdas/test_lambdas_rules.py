import ast
import subprocess
import sys
from pathlib import Path

import pytest

import lambdas
from lambdas import settings

FOLDER = Path(lambdas.__file__).parent
HANDLERS = (
    "archive_image",
    "open_review",
    "record_heartbeat",
    "register_model",
    "review_api",
    "route_prediction",
    "send_alerts",
    "start_training",
    "write_export",
)


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_only_the_stores_import_boto3():
    users = {
        path.relative_to(FOLDER).parts[0]
        for path in FOLDER.rglob("*.py")
        if any(name.split(".")[0] in {"boto3", "botocore"} for name in imported(path))
    }

    assert users == {"stores"}


@pytest.mark.parametrize("name", HANDLERS)
def test_importing_a_handler_does_nothing(name):
    # Neither environment nor region nor credentials are there; a client or settings would raise.
    code = (
        f"import boto3.session, lambdas.{name}; assert callable(lambdas.{name}.handler);"
        " assert boto3.DEFAULT_SESSION is None"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={})


@pytest.mark.parametrize(
    "filled",
    [
        settings.RoutePredictionSettings(
            predictions_table="p",
            alerts_queue_url="a",
            review_queue_url="r",
            quarantine_bucket="q",
            audit_rate=0.5,
            keep_days=7,
        ),
        settings.SendAlertsSettings(predictions_table="p", alert_topic_arn="arn"),
        settings.OpenReviewSettings(reviews_table="r"),
        settings.ArchiveImageSettings(images_bucket="i", quarantine_bucket="q"),
        settings.RecordHeartbeatSettings(cameras_table="c", quarantine_bucket="q"),
        settings.ReviewApiSettings(
            predictions_table="p",
            reviews_table="r",
            events_table="e",
            papers_table="t",
            cameras_table="c",
            images_bucket="i",
            exports_bucket="x",
            exports_queue_url="u",
            draw_key_id="d",
            fabs="faba,fabb",
            second_share=0.5,
        ),
        settings.WriteExportSettings(
            predictions_table="p",
            reviews_table="r",
            events_table="e",
            papers_table="t",
            images_bucket="i",
            exports_bucket="x",
            draw_key_id="d",
        ),
        settings.StartTrainingSettings(
            predictions_table="p",
            reviews_table="r",
            events_table="e",
            papers_table="t",
            images_bucket="i",
            models_bucket="m",
            notices_topic_arn="n",
            register_function="f",
            rollout_arn="m",
            first_model="wafer-map@1.1.0",
            first_model_key="k",
            training_role_arn="a",
            training_image="g",
            training_instance="ml.g5.xlarge",
            training_spot=False,
            training_hyperparameters='{"epochs": "3"}',
        ),
        settings.RegisterModelSettings(
            papers_table="t",
            models_bucket="m",
            notices_topic_arn="n",
            signing_key_id="s",
            rollout_arn="r",
            training_image="g",
            approval=True,
        ),
    ],
    ids=lambda filled: type(filled).__name__,
)
def test_settings_survive_the_environment(filled, monkeypatch):
    for name, value in filled.environment().items():
        monkeypatch.setenv(name, value)

    assert type(filled)() == filled
