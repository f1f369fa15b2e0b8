"""How a message of a camera's component is read: its topic is its identity, and what is off is named.

Timestamps are epoch milliseconds, UTC. Unknown fields are kept. `parse` is the only door:
behind it every message is valid and its identity is that of its topic.
"""

from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from fabwafer.errors import ContractError
from fabwafer.fields import Name, Timestamp, contract_error
from fabwafer.topics import Kind, Topic

MAX_MESSAGE_BYTES = 128 * 1024
"""AWS IoT Core's limit of one message."""
MAX_AHEAD_MS = 24 * 3600 * 1000
"""How far a camera's clock may run ahead. Behind is no error: an outage delivers late."""


class Message(BaseModel):
    """A frozen, strictly typed JSON object."""

    model_config = ConfigDict(
        frozen=True, strict=True, regex_engine="python-re", ser_json_inf_nan="null"
    )

    def to_bytes(self) -> bytes:
        """Return the JSON as published: fields that are None are left out."""
        return self.model_dump_json(exclude_none=True, by_alias=True).encode()


class DeviceMessage(Message):
    """What every message of a camera says of itself; its topic is its identity."""

    model_config = ConfigDict(extra="allow")
    kind: ClassVar[Kind]
    max_bytes: ClassVar[int] = MAX_MESSAGE_BYTES

    fab: Name
    camera: Name
    timestamp: Timestamp

    @classmethod
    def of(cls, **values: Any) -> Self:
        """Build a message of measured values.

        Raises:
            ContractError: If one of them may not be published; it names the field and the value.
        """
        return _validated(cls, values)

    @classmethod
    def parse(cls, payload: bytes, topic: Topic, received_ms: int | None = None) -> Self:
        """Read one message.

        Args:
            payload: The JSON text as published.
            topic: Where it was published; fills in the identity that the body leaves out.
            received_ms: When the cloud got it, epoch ms; None skips the check of the camera's clock.

        Raises:
            ContractError: If anything is off; it names the field and the value.
        """
        if topic.kind is not cls.kind:
            raise ContractError("topic", str(topic), f"a topic of kind {cls.kind.value}")
        if len(payload) > cls.max_bytes:
            raise ContractError(
                "message", f"{len(payload)} bytes", f"at most {cls.max_bytes} bytes"
            )
        body = _Body.parse(payload)
        _require_same_identity(body, topic)
        message = _validated(cls, body | _identity(topic))
        if received_ms is not None and message.timestamp > received_ms + MAX_AHEAD_MS:
            raise ContractError(
                "timestamp",
                message.timestamp,
                f"at most a day after {received_ms}, when it arrived",
            )
        return message

    def to_bytes(self) -> bytes:
        """Return the JSON as published: our own fields that are None are left out, unknown ones never."""
        empty = {name for name in type(self).model_fields if getattr(self, name) is None}
        return self.model_dump_json(exclude=empty, by_alias=True).encode()

    @property
    def topic(self) -> Topic:
        """Return the topic to publish this message to."""
        return Topic(self.fab, self.camera, self.kind, getattr(self, "imgid", None))


class _Body(BaseModel):
    """Any JSON object."""

    model_config = ConfigDict(extra="allow")

    @classmethod
    def parse(cls, payload: bytes) -> dict[str, Any]:
        try:
            return cls.model_validate_json(payload).model_extra or {}
        except ValidationError as error:
            expected = f"a JSON object ({error.errors()[0]['msg']})"
            raise ContractError(
                "message", payload[:200].decode(errors="backslashreplace"), expected
            ) from error


_Message = TypeVar("_Message", bound=DeviceMessage)


def _identity(topic: Topic) -> dict[str, Any]:
    identity = {"fab": topic.fab, "camera": topic.camera}
    return identity if topic.imgid is None else identity | {"imgid": topic.imgid}


def _require_same_identity(body: dict[str, Any], topic: Topic) -> None:
    for field, value in _identity(topic).items():
        if body.get(field, value) != value:
            raise ContractError(field, body[field], f"{value!r}, as its topic says")


def _validated(model: type[_Message], body: dict[str, Any]) -> _Message:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "message"
        raise contract_error(first, field) from error
