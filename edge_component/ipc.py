"""The Greengrass nucleus beside us: publish, configuration and state over its IPC socket.

Its errors carry no message and are told by class: `UnauthorizedError` stays until a policy changes,
`ServiceError` (also: offline) passes, and what concerns the connection asks for a new one. After the
nucleus has restarted it refuses our token; only a new process gets a new one.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Lock
from typing import Any

import awsiot.greengrasscoreipc  # type: ignore[import-untyped]  # ships no types
from awscrt.exceptions import AwsCrtError  # type: ignore[import-untyped]
from awsiot.eventstreamrpc import (  # type: ignore[import-untyped]
    AccessDeniedError,
    EventStreamOperationError,
)
from awsiot.greengrasscoreipc.clientv2 import (  # type: ignore[import-untyped]
    GreengrassCoreIPCClientV2,
)
from awsiot.greengrasscoreipc.model import (  # type: ignore[import-untyped]
    QOS,
    InvalidArgumentsError,
    ReportedLifecycleState,
    UnauthorizedError,
)

from edge_component.publisher import PublishError, RefusedError
from fabwafer.errors import FabWaferError

NUCLEUS_VARIABLE = "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT"
MAX_PAYLOAD_BYTES = 7_000
"""Nucleus Lite closes the whole connection above about 7,300 bytes."""
# The binding raises a bare RuntimeError on a connection that has just been closed.
_FAILED = (RuntimeError, AwsCrtError, OSError)
_REFUSED = (UnauthorizedError, InvalidArgumentsError)
_HANDSHAKE_CUT = {"AWS_IO_SOCKET_CLOSED", "AWS_ERROR_EVENT_STREAM_RPC_CONNECTION_CLOSED"}


class TokenRefusedError(FabWaferError):
    """The nucleus refuses our token twice: this process must end, for its successor gets a new one."""


class NucleusAwayError(FabWaferError):
    """There is no connection to the nucleus at present."""


class Nucleus:
    """The one connection to the nucleus, made when needed and again when it breaks."""

    max_payload_bytes = MAX_PAYLOAD_BYTES

    def __init__(self, *, call_timeout_s: float = 5.0, second_try_s: float = 2.0) -> None:
        """Know the nucleus; nothing is connected yet.

        Args:
            call_timeout_s: Seconds for connecting, and for a call other than publish.
            second_try_s: Pause before the second client when the token is refused.
        """
        self._call_timeout_s = call_timeout_s
        self._second_try_s = second_try_s
        self._lock = Lock()
        self._client: Any = None
        self._broken: Any = None
        self._subscription: Any = None

    def _connected(self) -> Any:
        with self._lock:
            if self._client is not None and self._client is self._broken:
                self._drop()
            if self._client is None:
                self._client = self._connect() or self._connect_again()
            return self._client

    def _connect_again(self) -> Any:
        time.sleep(self._second_try_s)
        client = self._connect()
        if client is None:
            raise TokenRefusedError("Greengrass refuses the token of this process")
        return client

    def _connect(self) -> Any:
        """Return a client, or None when the nucleus is there and refuses us."""
        try:
            connection = awsiot.greengrasscoreipc.connect(timeout=self._call_timeout_s)
        except AccessDeniedError:
            return None
        except (KeyError, *_FAILED) as error:
            if getattr(error, "name", None) in _HANDSHAKE_CUT:
                return None
            raise NucleusAwayError(f"no connection to Greengrass: {error!r}") from error
        # Without an executor callbacks run on the network thread: ours only set events.
        return GreengrassCoreIPCClientV2(client=connection, executor=None)

    def _drop(self) -> None:
        self._client.close()
        self._client = self._broken = self._subscription = None

    def close(self) -> None:
        """Drop the connection; the next call makes a new one."""
        with self._lock:
            if self._client is not None:
                self._drop()

    unanswered = close

    def publish(self, topic: str, payload: bytes) -> Future[None]:
        """Publish with QoS 1."""
        acknowledged: Future[None] = Future()
        try:
            client = self._connected()
            answer = client.publish_to_iot_core_async(
                topic_name=topic, qos=QOS.AT_LEAST_ONCE, payload=payload
            )
        except NucleusAwayError as error:
            acknowledged.set_exception(PublishError(str(error)))
        except _FAILED as error:
            acknowledged.set_exception(self._failed(client, topic, error))
        else:
            answer.add_done_callback(
                lambda done: self._settle(client, topic, done.exception(), acknowledged)
            )
        return acknowledged

    def _settle(
        self, client: Any, topic: str, error: BaseException | None, acknowledged: Future[None]
    ) -> None:
        if error is None:
            acknowledged.set_result(None)
        else:
            acknowledged.set_exception(self._failed(client, topic, error))

    def _failed(self, client: Any, topic: str, error: BaseException) -> PublishError:
        """Classify an error; runs on the network thread too, so it only notes what to do."""
        if isinstance(error, _REFUSED):
            return RefusedError(f"{type(error).__name__}: {topic}")
        self._note(client, error)
        return PublishError(type(error).__name__)

    def _note(self, client: Any, error: BaseException) -> None:
        """Note a broken connection: whatever fails and is no answer of the nucleus."""
        if not isinstance(error, EventStreamOperationError):
            self._broken = client

    def watch_configuration(self, on_change: Callable[[], None]) -> None:
        """Subscribe anew to changes of this component's configuration; a subscription can die silently.

        Raises:
            NucleusAwayError: If it fails.
        """
        with self._calling("subscribe_to_configuration_update") as client:
            answer, subscription = client.subscribe_to_configuration_update_async(
                on_stream_event=lambda _event: on_change(), on_stream_error=lambda _error: True
            )
            answer.result(self._call_timeout_s)
        previous, self._subscription = self._subscription, subscription
        if previous is not None:
            previous.close()

    def configuration(self) -> dict[str, Any]:
        """Return this component's configuration.

        Raises:
            NucleusAwayError: If it cannot be read.
        """
        with self._calling("get_configuration") as client:
            answer = client.get_configuration_async().result(self._call_timeout_s)
        return dict(answer.value or {})

    def running(self) -> None:
        """Report that the component does its work.

        Raises:
            NucleusAwayError: If it cannot be reported.
        """
        with self._calling("update_state") as client:
            answer = client.update_state_async(state=ReportedLifecycleState.RUNNING)
            answer.result(self._call_timeout_s)

    @contextmanager
    def _calling(self, operation: str) -> Iterator[Any]:
        """Hand out the client for one call, which on a closed connection fails before it has an answer."""
        client = self._connected()
        try:
            yield client
        except _FAILED as error:
            self._note(client, error)
            raise NucleusAwayError(f"{operation}: {type(error).__name__}") from error
