"""What the review API tells about cameras in the field, and about drift; times are epoch milliseconds."""

from typing import Annotated

from pydantic import Field

from lambdas.review.views import View


class DeviceView(View):
    """A camera's component as its last heartbeat tells; what it did not say is none."""

    fab: str
    camera: str
    heartbeat_ms: Annotated[int, Field(description="when it arrived")]
    silent: Annotated[bool, Field(description="no heartbeat for a quarter of an hour")]
    clock_skew_ms: int | None = None
    version: str | None = None
    model: str | None = None
    serial: Annotated[int | None, Field(description="of its model's signature")] = None
    verified: Annotated[
        bool | None, Field(description="whether the device has checked that signature")
    ] = None
    shadow: Annotated[str | None, Field(description="the model that runs beside")] = None
    uptime_s: float | None = None
    degraded: tuple[str, ...] = ()
    outbox_messages: int | None = None
    outbox_oldest_s: float | None = None
    dropped: int | None = None
    quarantined: int | None = None
    classified: int | None = None
    last_wafer: int | None = None
    disk_free_bytes: int | None = None
    temperature_c: float | None = None
    edge_ms: float | None = None


class Fleet(View):
    """The cameras that were ever heard of, and the model that all of them are meant to run."""

    devices: tuple[DeviceView, ...]
    current: str | None = None
    rollout: Annotated[str | None, Field(description="the one under way")] = None
