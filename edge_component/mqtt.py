"""AWS IoT Core, or any broker, by MQTT5 with mutual TLS.

The client's own offline queue is off: it lives in memory. What is not acknowledged fails and stays in
our outbox. Its flow control is off as well: the pace is ours.
"""

from concurrent.futures import Future
from threading import Lock
from typing import Any

from awscrt import mqtt5  # type: ignore[import-untyped]  # ships no types
from awscrt.exceptions import AwsCrtError  # type: ignore[import-untyped]
from awscrt.io import (  # type: ignore[import-untyped]
    ClientBootstrap,
    DefaultHostResolver,
    EventLoopGroup,
)
from awsiot import mqtt5_client_builder  # type: ignore[import-untyped]

from edge_component.config import MqttPublisher
from edge_component.health import Health
from edge_component.publisher import PublishError, RefusedError
from fabwafer.device_message import MAX_MESSAGE_BYTES

_ACK_TIMEOUT_S = 10
_KEEP_ALIVE_S = 30
_PING_TIMEOUT_MS = 10_000
_RECONNECT_MS = (500, 30_000)
_TAKEN = (mqtt5.PubackReasonCode.SUCCESS, mqtt5.PubackReasonCode.NO_MATCHING_SUBSCRIBERS)
# None is how the SDK shows a code that it does not know: 149, packet too large.
_REFUSED = (
    mqtt5.PubackReasonCode.NOT_AUTHORIZED,
    mqtt5.PubackReasonCode.TOPIC_NAME_INVALID,
    mqtt5.PubackReasonCode.PAYLOAD_FORMAT_INVALID,
    None,
)


class MqttConnection:
    """One MQTT5 client, which reconnects by itself."""

    max_payload_bytes = MAX_MESSAGE_BYTES

    def __init__(self, settings: MqttPublisher, health: Health) -> None:
        """Know a broker; the first publish begins to connect."""
        self._settings = settings
        self._health = health
        self._lock = Lock()
        self._client: Any = None

    def _started(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._start(self._settings)
            return self._client

    def _start(self, settings: MqttPublisher) -> Any:
        event_loop = EventLoopGroup(num_threads=1)
        client = mqtt5_client_builder.mtls_from_bytes(
            settings.certificate.read_bytes(),
            settings.key.read_bytes(),
            ca_bytes=settings.ca.read_bytes() if settings.ca else None,
            endpoint=settings.endpoint,
            port=settings.port,
            client_id=settings.client_id,
            client_bootstrap=ClientBootstrap(event_loop, DefaultHostResolver(event_loop)),
            keep_alive_interval_sec=_KEEP_ALIVE_S,
            ping_timeout_ms=_PING_TIMEOUT_MS,
            ack_timeout_sec=_ACK_TIMEOUT_S,
            min_reconnect_delay_ms=_RECONNECT_MS[0],
            max_reconnect_delay_ms=_RECONNECT_MS[1],
            session_behavior=mqtt5.ClientSessionBehaviorType.CLEAN,
            offline_queue_behavior=mqtt5.ClientOperationQueueBehaviorType.FAIL_ALL_ON_DISCONNECT,
            extended_validation_and_flow_control_options=(
                mqtt5.ExtendedValidationAndFlowControlOptions.NONE
            ),
            on_lifecycle_connection_success=self._connected,
            on_lifecycle_connection_failure=self._not_connected,
        )
        client.start()
        return client

    def _connected(self, _event: Any) -> None:
        self._health.recover("mqtt")

    def _not_connected(self, event: Any) -> None:
        if self._client is None:
            return  # closed meanwhile: whatever is configured now has another publisher
        reason = getattr(event.connack_packet, "reason_code", None) or event.exception
        self._health.degrade("mqtt", f"not connected: {reason!r}")

    def publish(self, topic: str, payload: bytes) -> Future[None]:
        """Publish with QoS 1."""
        acknowledged: Future[None] = Future()
        try:
            client = self._started()
        except (OSError, RuntimeError, AwsCrtError) as error:  # a file is missing or no certificate
            self._health.degrade("mqtt", f"{self._settings.certificate.parent}: {error}")
            acknowledged.set_exception(PublishError(str(error)))
            return acknowledged
        packet = mqtt5.PublishPacket(topic=topic, payload=payload, qos=mqtt5.QoS.AT_LEAST_ONCE)
        try:
            answer = client.publish(packet)
        except RuntimeError as error:  # what the binding raises for a packet that MQTT cannot carry
            acknowledged.set_exception(RefusedError(f"{topic}: {error}"))
        else:
            answer.add_done_callback(lambda done: _settle(topic, done, acknowledged))
        return acknowledged

    def unanswered(self) -> None:
        """Nothing to do: the client fails and repeats by itself."""

    def close(self) -> None:
        """Disconnect."""
        with self._lock:
            if self._client is not None:
                self._client.stop()
                self._client = None


def _settle(topic: str, answer: Future[Any], acknowledged: Future[None]) -> None:
    error = answer.exception()
    if error is not None:
        acknowledged.set_exception(PublishError(getattr(error, "name", type(error).__name__)))
        return
    reason = answer.result().puback.reason_code
    if reason in _TAKEN:
        acknowledged.set_result(None)
    elif reason in _REFUSED:
        acknowledged.set_exception(RefusedError(f"PUBACK {reason!r}: {topic}"))
    else:
        acknowledged.set_exception(PublishError(f"PUBACK {reason!r}"))
