"""A cloud on this machine: a running emulator with every stack deployed, and its outputs."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from sandbox.deploy import Context, Outputs, deploy
from sandbox.emulator import Emulator, Wishes, emulator

Item = dict[str, Any]

DEAD_LETTER_QUEUES = (
    "PredictionsDlqUrl",
    "AlertsDlqUrl",
    "ReviewDlqUrl",
    "ExportsDlqUrl",
    "RuleErrorsQueueUrl",
    "FailedInvocationsQueueUrl",
)
WORK_QUEUES = ("PredictionsQueueUrl", "AlertsQueueUrl", "ReviewQueueUrl", "ExportsQueueUrl")


@dataclass(frozen=True)
class Cloud:
    """What was deployed, and how to look into it."""

    emulator: Emulator
    outputs: Outputs

    def items(self, table: str) -> list[Item]:
        """Return every item of a table, named by its output."""
        pages = self.emulator.client("dynamodb").get_paginator("scan")
        deserialize = TypeDeserializer().deserialize
        return [
            {name: deserialize(value) for name, value in item.items()}
            for page in pages.paginate(TableName=self.outputs[table], ConsistentRead=True)
            for item in page["Items"]
        ]

    def count(self, table: str) -> int:
        """Return how many items a table has, named by its output."""
        pages = self.emulator.client("dynamodb").get_paginator("scan")
        scan = {"TableName": self.outputs[table], "Select": "COUNT", "ConsistentRead": True}
        return sum(page["Count"] for page in pages.paginate(**scan))

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Return every key of a bucket, named by its output, that starts with `prefix`."""
        pages = self.emulator.client("s3").get_paginator("list_objects_v2")
        return [
            entry["Key"]
            for page in pages.paginate(Bucket=self.outputs[bucket], Prefix=prefix)
            for entry in page.get("Contents", [])
        ]

    def objects(self, bucket: str) -> list[Item]:
        """Return every object of a bucket, read as JSON."""
        s3 = self.emulator.client("s3")
        return [
            json.loads(s3.get_object(Bucket=self.outputs[bucket], Key=key)["Body"].read())
            for key in self.keys(bucket)
        ]

    def depth(self, queue: str) -> int:
        """Return how many messages a queue holds, visible or in somebody's hands."""
        counts = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        answer = self.emulator.client("sqs").get_queue_attributes(
            QueueUrl=self.outputs[queue], AttributeNames=list(counts)
        )
        return sum(int(answer["Attributes"][count]) for count in counts)


@contextlib.contextmanager
def cloud(
    state_dir: Path,
    fleet: Mapping[str, Sequence[str]],
    wishes: Wishes,
    context: Context | None = None,
) -> Iterator[Cloud]:
    """Run an emulator and deploy into it, with these settings of the app; all is gone afterwards.

    Raises:
        SandboxError: If anything of it fails.
    """
    with emulator(state_dir, wishes) as running:
        yield Cloud(running, deploy(running, fleet, state_dir, context))
