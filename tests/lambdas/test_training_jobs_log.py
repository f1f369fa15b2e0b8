from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from lambdas.stores.training_jobs import TrainingJobs

JOB, STREAM = "fabwafer-000001-abc", "fabwafer-000001-abc/algo-1"


@pytest.fixture
def told() -> Any:
    logs = boto3.client("logs", region_name="eu-central-1")
    with Stubber(logs) as stubber:
        jobs = TrainingJobs(client=boto3.client("sagemaker", region_name="eu-central-1"), logs=logs)
        yield jobs, stubber
        stubber.assert_no_pending_responses()


def test_the_last_lines_of_a_job_are_read(told):
    jobs, stubber = told
    stubber.add_response("describe_log_streams", {"logStreams": [{"logStreamName": STREAM}]})
    stubber.add_response("get_log_events", {"events": [{"message": "epoch 1\n"}]})
    assert jobs.last_lines(JOB, 5) == ("epoch 1",)


def test_a_log_that_cannot_be_read_says_so_and_holds_nothing_up(told):
    jobs, stubber = told
    stubber.add_client_error("describe_log_streams", "AccessDeniedException", "not authorized")
    (line,) = jobs.last_lines(JOB, 5)
    assert "not authorized" in line


def test_a_job_that_has_not_written_yet_has_no_lines(told):
    jobs, stubber = told
    stubber.add_client_error("describe_log_streams", "ResourceNotFoundException")
    assert jobs.last_lines(JOB, 5) == ()
