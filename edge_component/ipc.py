"""The Greengrass nucleus beside us: publish, configuration and state over its IPC socket.

Its errors carry no message and are told by class: `UnauthorizedError` stays until a policy changes,
`ServiceError` (also: offline) passes, and what concerns the connection asks for a new one. After the
nucleus has restarted it refuses our token; only a new process gets a new one.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Any

import awsiot.greengrasscoreipc  # type: ignore[import-untyped]  # ships no types
from awscrt.exceptions import AwsCrtError  # type: ignore[import-untyped]
from awsiot.eventstreamrpc import (  # type: ignore[import-untyped]
    AccessDeniedError,
    ConnectionClosedError,
    EventStreamError,
    StreamClosedError,
)
from awsiot.greengrasscoreipc.clientv2 import (  # type: ignore[import-untyped]
    GreengrassCoreIPCClientV2,
)
from awsiot.greengrasscoreipc.model import (  # type: ignore[import-untyped]
    QOS,
    ReportedLifecycleState,
    UnauthorizedError,
)

from edge_component.publisher import PublishError, RefusedError
from fabwafer.errors import FabWaferError

NUCLEUS_VARIABLE = "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT"
MAX_PAYLOAD_BYTES = 7_000
"""Nucleus Lite closes the whole connection above about 7,300 bytes."""
_BROKEN = (ConnectionClosedError, StreamClosedError, EventStreamError, AwsCrtError, OSError)
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
        except (RuntimeError, KeyError, *_BROKEN) as error:
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
        except _BROKEN as error:
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
        if isinstance(error, UnauthorizedError):
            return RefusedError(f"UnauthorizedError: {topic}")
        if isinstance(error, _BROKEN):
            self._broken = client
        return PublishError(type(error).__name__)

    def watch_configuration(self, on_change: Callable[[], None]) -> None:
        """Subscribe anew to changes of this component's configuration; a subscription can die silently.

        Raises:
            NucleusAwayError: If it fails.
        """
        client = self._connected()
        answer, subscription = client.subscribe_to_configuration_update_async(
            on_stream_event=lambda _event: on_change(), on_stream_error=lambda _error: True
        )
        self._result("subscribe_to_configuration_update", client, answer)
        previous, self._subscription = self._subscription, subscription
        if previous is not None:
            previous.close()

    def configuration(self) -> dict[str, Any]:
        """Return this component's configuration.

        Raises:
            NucleusAwayError: If it cannot be read.
        """
        client = self._connected()
        answer = client.get_configuration_async()
        return dict(self._result("get_configuration", client, answer).value or {})

    def running(self) -> None:
        """Report that the component does its work.

        Raises:
            NucleusAwayError: If it cannot be reported.
        """
        client = self._connected()
        self._result(
            "update_state", client, client.update_state_async(state=ReportedLifecycleState.RUNNING)
        )

    def _result(self, operation: str, client: Any, answer: Future[Any]) -> Any:
        try:
            return answer.result(self._call_timeout_s)
        except (RuntimeError, TimeoutError, *_BROKEN) as error:
            if isinstance(error, (TimeoutError, *_BROKEN)):
                self._broken = client
            raise NucleusAwayError(f"{operation}: {type(error).__name__}") from error
