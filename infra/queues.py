"""Queues: every one encrypted, TLS only, and with a place for what cannot be handled."""

from dataclasses import dataclass
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.findings import accept

_KEPT_DAYS = 14
_TIMEOUTS_PER_VISIBILITY = 6
"""AWS' advice, so that Lambda's own retries of a throttled batch do not meet a redelivery."""


@dataclass(frozen=True)
class Intake:
    """How a function takes messages from its queue."""

    batch: int
    window_s: int
    most_instances: int


@dataclass(frozen=True)
class WorkQueue:
    """A queue and where its poison ends."""

    queue: sqs.Queue
    dead_letters: sqs.Queue

    def feed(self, function: lambda_.Function, intake: Intake) -> None:
        """Let a function consume the queue in batches, of which it may fail a part."""
        function.add_event_source(
            event_sources.SqsEventSource(
                self.queue,
                batch_size=intake.batch,
                max_batching_window=Duration.seconds(intake.window_s),
                max_concurrency=intake.most_instances,
                report_batch_item_failures=True,
            )
        )


def work_queue(
    scope: Construct, name: str, *, consumer_timeout_s: int, window_s: int, attempts: int = 5
) -> WorkQueue:
    """Make a queue whose messages stay hidden for as long as its consumer may need.

    The dead letters keep the age they had, so their queue keeps them longer than the queue itself does.
    """
    dead_letters = _queue(scope, f"{name}DeadLetters", retention_period=Duration.days(_KEPT_DAYS))
    visibility_s = _TIMEOUTS_PER_VISIBILITY * consumer_timeout_s + window_s
    queue = _queue(
        scope,
        name,
        retention_period=Duration.days(_KEPT_DAYS // 2),
        visibility_timeout=Duration.seconds(visibility_s),
        dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=attempts),
    )
    return WorkQueue(queue, dead_letters)


def last_resort(scope: Construct, name: str) -> sqs.Queue:
    """Make a queue that nothing consumes: what lies in it waits for a person, whom an alarm calls."""
    queue = _queue(scope, name, retention_period=Duration.days(_KEPT_DAYS))
    accept(
        queue,
        "AwsSolutions-SQS3",
        "It is itself where failures end; an alarm watches it and nothing consumes it.",
    )
    return queue


def _queue(scope: Construct, name: str, **properties: Any) -> sqs.Queue:
    return sqs.Queue(
        scope, name, encryption=sqs.QueueEncryption.SQS_MANAGED, enforce_ssl=True, **properties
    )
