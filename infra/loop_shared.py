"""What all parts of the loop use: the functions' maker, and the topic that tells engineers about models."""

from dataclasses import dataclass

from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from infra.functions import Functions


@dataclass(frozen=True)
class LoopShared:
    """Handed to every construct of the loop.

    Attributes:
        functions: Makes functions; knows settings, tables and buckets.
        notices: Where a release, a way back, a failed training and drift are told.
        failures: Where an asynchronous invocation goes that failed every time.
    """

    functions: Functions
    notices: sns.Topic
    failures: sqs.Queue
