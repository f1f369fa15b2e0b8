"""One SQS batch: whatever goes wrong with a message, only that message comes again."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias, TypedDict, TypeVar

from lambdas.stores.channels import Queue
from lambdas.telemetry import Telemetry

_THREADS = 8
_ENTRIES_PER_SEND = 10

T = TypeVar("T")
R = TypeVar("R")
MessageIds: TypeAlias = tuple[str, ...]
"""The messages that a value stands for: usually one, several once they are folded."""


class SqsRecord(TypedDict):
    """The part of a record that is read."""

    messageId: str
    body: str


class SqsEvent(TypedDict):
    """What the event source mapping of a queue invokes a function with."""

    Records: list[SqsRecord]


class FailedItem(TypedDict):
    """A message that is to come again."""

    itemIdentifier: str


class PartialResponse(TypedDict):
    """What an event source mapping is answered with."""

    batchItemFailures: list[FailedItem]


class QueueRefusedError(Exception):
    """The queue with this address took other messages of one call, but not this one."""


class OutOfTimeError(Exception):
    """The function must answer before its timeout; what it has not done yet comes again."""


class Batch:
    """The messages of one invocation, and which of them failed."""

    def __init__(self, event: SqsEvent, telemetry: Telemetry) -> None:
        """Take the messages in, each standing for itself."""
        self.bodies: list[tuple[MessageIds, str]] = [
            ((record["messageId"],), record["body"]) for record in event["Records"]
        ]
        self._failed: set[str] = set()
        self._telemetry = telemetry

    def each(
        self,
        act: Callable[[T], R],
        values: Iterable[tuple[MessageIds, T]],
        threads: int = _THREADS,
    ) -> list[tuple[MessageIds, R]]:
        """Run `act` on every value; return what came of those that worked, in their order.

        An unknown fault of one value must not stop the others: its messages have failed, no more.
        """
        with ThreadPoolExecutor(threads) as pool:
            futures = [(messages, pool.submit(act, value)) for messages, value in values]
        for messages, future in futures:
            if (error := future.exception()) is not None:
                self._fail(messages, error)
        return [
            (messages, future.result()) for messages, future in futures if not future.exception()
        ]

    def send(self, queue: Queue, bodies: Sequence[tuple[MessageIds, str]]) -> None:
        """Send on what messages gave rise to; those that the queue does not take have failed."""
        chunks = [
            bodies[start : start + _ENTRIES_PER_SEND]
            for start in range(0, len(bodies), _ENTRIES_PER_SEND)
        ]
        calls = [
            (tuple(message for messages, _ in chunk for message in messages), chunk)
            for chunk in chunks
        ]
        for _, refused in self.each(lambda chunk: _refused(queue, chunk), calls):
            for messages in refused:
                self._fail(messages, QueueRefusedError(queue.url))

    def has_failed(self, messages: MessageIds) -> bool:
        """Tell whether any of the messages comes again."""
        return not self._failed.isdisjoint(messages)

    def response(self) -> PartialResponse:
        """Return the answer that deletes all messages but the failed ones."""
        return {
            "batchItemFailures": [
                {"itemIdentifier": message}
                for (message,), _ in self.bodies
                if message in self._failed
            ]
        }

    def _fail(self, messages: MessageIds, error: BaseException) -> None:
        self._failed.update(messages)
        if isinstance(error, OutOfTimeError):
            self._telemetry.count("Deferred", len(messages))
        else:
            self._telemetry.failed(error, messages)


def _refused(queue: Queue, chunk: Sequence[tuple[MessageIds, str]]) -> list[MessageIds]:
    return [chunk[position][0] for position in queue.send([body for _, body in chunk])]
