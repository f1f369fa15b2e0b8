"""Whether a camera uses the bundle that was deployed to it: by its own heartbeats, as the cloud heard them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fabwafer.bundle import MANIFEST, Manifest
from fabwafer.errors import BundleError
from fabwafer.signature import read_signature
from sandbox.aws_service import Aws
from sandbox.recipes import DeviceError

MODEL, SHADOW = "com.fabwafer.Model", "com.fabwafer.ShadowModel"


@dataclass(frozen=True)
class Beat:
    """What the cloud last heard of a camera; times in seconds, `received_s` since 1970."""

    received_s: float
    uptime_s: float
    model: str | None = None
    serial: int | None = None
    shadow: str | None = None
    degraded: tuple[str, ...] = ()


Heard = Callable[[str], Beat | None]
"""Thing -> its camera's last heartbeat, None before the first."""


def heard_in(aws: Aws, table: str) -> Heard:
    """Return how heartbeats are read from the cameras table."""

    def heard(thing: str) -> Beat | None:
        fab, _, camera = thing.partition("--")
        found = aws.client("dynamodb").get_item(
            TableName=table, Key={"fab": {"S": fab}, "camera": {"S": camera}}, ConsistentRead=True
        )
        item = found.get("Item")
        if item is None:
            return None
        texts = {name: item[name]["S"] for name in ("model", "shadow") if name in item}
        return Beat(
            received_s=float(item["received_ms"]["N"]) / 1000,
            uptime_s=float(item["uptime_s"]["N"]),
            serial=int(item["serial"]["N"]) if "serial" in item else None,
            degraded=tuple(each["S"] for each in item.get("degraded", {}).get("L", [])),
            **texts,
        )

    return heard


@dataclass(frozen=True)
class Identity:
    """A bundle's name@version, and its signature's serial if it is signed."""

    model: str
    serial: int | None

    @classmethod
    def of(cls, bundle: Path) -> "Identity":
        """Read a bundle's.

        Raises:
            DeviceError: If it does not tell.
        """
        try:
            manifest = Manifest.model_validate_json((bundle / MANIFEST).read_bytes())
            signature = read_signature(bundle)
        except (OSError, ValueError, BundleError) as error:
            raise DeviceError("COMPONENT_BROKEN", f"{bundle}: {error}") from error
        return cls(manifest.model, signature.serial if signature else None)


def used(name: str, bundle: Identity, beat: Beat | None, since_s: float) -> bool:
    """Tell whether a component's bundle is in use, False for not yet.

    A model is another process since the change; a shadow is taken up by the same one.

    Args:
        name: The component's name.
        bundle: What it should be.
        beat: The last heartbeat.
        since_s: When the change was made, seconds since 1970.

    Raises:
        DeviceError: If the camera says that it uses another one, or why it does not use this one.
    """
    if beat is None or beat.received_s <= since_s:
        return False
    if name == SHADOW:
        found, part = beat.shadow == bundle.model, "shadow: "
    elif beat.uptime_s > beat.received_s - since_s:
        return False
    else:
        found = beat.model == bundle.model and beat.serial in (None, bundle.serial)
        part = "model: "
    if found:
        return True
    if problem := next((each for each in beat.degraded if each.startswith(part)), None):
        raise DeviceError("COMPONENT_BROKEN", f"{name}: the camera says {problem!r}")
    if name == MODEL and beat.model is not None:
        said = f"{beat.model}, serial {beat.serial}"
        raise DeviceError("COMPONENT_BROKEN", f"{name}: expected {bundle}, got {said}")
    return False
